use super::kit::{Place, expected, numbered, stop};
use serde_json::json;
use std::fs;

#[tokio::test]
async fn lines_arrive_as_they_are_written() {
    let place = Place::new(json!({}));
    let receiver = place.start().await;
    for number in 0..20 {
        place.append("app.log", numbered("line", number..number + 1));
        place.until(|| place.sink.lines().len() == number + 1).await;
    }
    assert_eq!(place.lines(20).await, expected("line", 0..20));
    stop(&receiver).await;
}

#[tokio::test]
async fn a_large_file_arrives_whole_in_order_and_beside_small_ones() {
    let place = Place::new(json!({"start_at": "beginning"}));
    place.append("large.log", numbered("large", 0..60_000));
    place.append("small.log", numbered("small", 0..10));
    let receiver = place.start().await;
    let mut lines = place.lines(60_010).await;
    stop(&receiver).await;
    assert!(
        lines[..30_000].iter().any(|line| line.starts_with("small")),
        "a large file has its turn, and no more"
    );
    let small: Vec<_> = lines.extract_if(.., |line| line.starts_with("small")).collect();
    assert_eq!(small, expected("small", 0..10));
    assert_eq!(lines, expected("large", 0..60_000));
    assert!(place.sink.requests.load(std::sync::atomic::Ordering::SeqCst) > 3);
}

#[tokio::test]
async fn characters_at_the_edges_of_what_is_read_stay_whole() {
    let place = Place::new(json!({"start_at": "beginning"}));
    // Lines of an odd length, in characters of three bytes: every edge is somewhere inside of one.
    let line = "日".repeat(33) + "\n";
    let text = line.repeat(10_000);
    place.append("app.log", &text);
    let receiver = place.start().await;
    let lines = place.lines(10_000).await;
    assert!(lines.iter().all(|one| one == line.trim_end()));
    // And one that is written in two halves.
    place.append("app.log", &"日本".as_bytes()[..4]);
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    place.append("app.log", &"日本\n".as_bytes()[4..]);
    assert_eq!(place.lines(10_001).await.last().unwrap(), "日本");
    stop(&receiver).await;
}

#[tokio::test]
async fn a_line_without_an_end_is_taken_when_nothing_more_comes() {
    let place = Place::new(json!({"start_at": "beginning", "force_flush_period": "200ms"}));
    place.append("app.log", "whole\nhal");
    let receiver = place.start().await;
    assert_eq!(place.lines(2).await, ["whole", "hal"]);
    place.append("app.log", "f\n");
    assert_eq!(place.lines(3).await[2], "f");
    stop(&receiver).await;
}

#[tokio::test]
async fn a_line_without_an_end_is_not_lost_with_its_file() {
    let place =
        Place::new(json!({"start_at": "beginning", "force_flush_period": "0s", "poll_interval": "50ms"}));
    place.append("app.log", "whole\nhalf");
    let receiver = place.start().await;
    place.lines(1).await;
    fs::write(place.path("app.log"), "new\n").unwrap();
    let mut lines = place.lines(3).await;
    lines.sort();
    assert_eq!(lines, ["half", "new", "whole"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn a_line_longer_than_a_piece_arrives_whole() {
    let place = Place::new(json!({"start_at": "beginning", "max_log_size": "2MiB"}));
    let long = "long ".repeat(250_000);
    place.append("app.log", format!("first\n{long}\nlast\n"));
    let receiver = place.start().await;
    assert_eq!(place.lines(3).await, ["first", long.trim_end(), "last"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn all_of_a_compressed_file_is_read() {
    let place = Place::new(json!({"start_at": "beginning", "compression": "gzip", "include": ["*.gz"]}));
    place.append("app", numbered("line", 0..20_000));
    let packed = place.gzip("app");
    place.append("app.gz", packed);
    let receiver = place.start().await;
    assert_eq!(place.lines(20_000).await, expected("line", 0..20_000));
    // A further member, as `gzip -c >> app.gz` makes it.
    fs::write(place.path("app"), numbered("line", 20_000..20_100)).unwrap();
    let packed = place.gzip("app");
    place.append("app.gz", packed);
    assert_eq!(place.lines(20_100).await, expected("line", 0..20_100));
    stop(&receiver).await;
}

#[tokio::test]
async fn a_locked_file_is_read_when_its_owner_lets_go() {
    let place =
        Place::new(json!({"start_at": "beginning", "acquire_fs_lock": true, "poll_interval": "50ms"}));
    place.append("app.log", "locked\n");
    let file = fs::File::open(place.path("app.log")).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    place.append("free.log", "free\n");
    let receiver = place.start().await;
    assert_eq!(place.lines(1).await, ["free"]);
    rustix::fs::flock(&file, rustix::fs::FlockOperation::Unlock).unwrap();
    assert_eq!(place.lines(2).await, ["free", "locked"]);
    stop(&receiver).await;
}
