use super::kit::{Place, expected, numbered, stop};
use serde_json::json;
use std::fs;

fn place() -> Place {
    Place::new(json!({"start_at": "beginning", "poll_interval": "50ms"}))
}

#[tokio::test]
async fn a_renamed_file_is_read_to_its_end_and_its_successor_from_its_beginning() {
    let place = place();
    place.append("app.log", numbered("old", 0..100));
    let receiver = place.start().await;
    place.lines(100).await;
    place.append("app.log", numbered("old", 100..150));
    place.rename("app.log", "app.log.1");
    place.append("app.log.1", numbered("old", 150..200));
    place.append("app.log", numbered("new", 0..50));
    let mut lines = place.lines(250).await;
    stop(&receiver).await;
    let new = lines.extract_if(.., |line| line.starts_with("new")).collect::<Vec<_>>();
    assert_eq!(lines, expected("old", 0..200));
    assert_eq!(new, expected("new", 0..50));
    assert_eq!(place.metric("tidewatch_file_log_renames_total"), 1);
}

#[tokio::test]
async fn a_file_that_was_moved_to_where_nobody_looks_is_read_to_its_end() {
    let place = place();
    place.append("app.log", numbered("old", 0..10));
    let receiver = place.start().await;
    place.lines(10).await;
    let elsewhere = place.root().join("elsewhere");
    fs::rename(place.path("app.log"), &elsewhere).unwrap();
    place.append("app.log", "new\n");
    place.lines(11).await;
    let mut more = fs::OpenOptions::new().append(true).open(&elsewhere).unwrap();
    std::io::Write::write_all(&mut more, b"late\n").unwrap();
    assert_eq!(place.lines(12).await.last().unwrap(), "late");
    stop(&receiver).await;
}

#[tokio::test]
async fn a_deleted_file_is_read_to_its_end() {
    let place = place();
    let receiver = place.start().await;
    place.append("app.log", "first\n");
    place.lines(1).await;
    let mut writer = fs::OpenOptions::new().append(true).open(place.path("app.log")).unwrap();
    place.remove("app.log");
    place.append("app.log", "new\n");
    place.lines(2).await;
    std::io::Write::write_all(&mut writer, b"late\n").unwrap();
    assert_eq!(place.lines(3).await, ["first", "new", "late"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn a_copy_before_the_truncation_is_not_read_twice() {
    let place = place();
    place.append("app.log", numbered("old", 0..100));
    let receiver = place.start().await;
    place.lines(100).await;
    for generation in 1..4 {
        place.copy("app.log", &format!("app.log.{generation}"));
        place.truncate("app.log");
        place.append("app.log", numbered("new", generation * 10..generation * 10 + 10));
        place.lines(100 + 10 * generation).await;
    }
    stop(&receiver).await;
    assert_eq!(place.sink.lines()[100..], expected("new", 10..40));
    assert_eq!(place.metric("tidewatch_file_log_truncations_total"), 3);
    assert_eq!(place.metric("tidewatch_file_log_copies_total"), 3);
}

#[tokio::test]
async fn a_short_file_is_recognised_in_its_copy_too() {
    let place = place();
    place.append("app.log", "one\ntwo\n");
    let receiver = place.start().await;
    place.lines(2).await;
    place.copy("app.log", "app.log.1");
    place.truncate("app.log");
    place.append("app.log", "three\n");
    assert_eq!(place.lines(3).await, ["one", "two", "three"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn files_that_say_the_same_are_still_two_files() {
    let place = place();
    let receiver = place.start().await;
    place.append("one.log", "hello\n");
    place.lines(1).await;
    place.append("two.log", "hello\n");
    place.lines(2).await;
    place.remove("one.log");
    place.append("one.log", "hello\n");
    place.lines(3).await;
    stop(&receiver).await;
}

#[tokio::test]
async fn files_with_the_same_first_thousand_bytes_are_told_apart() {
    let place = place();
    let head = numbered("head", 0..60);
    assert!(head.len() > 1000);
    place.append("a.log", &head);
    place.append("b.log", &head);
    place.append("b.log", "b\n");
    let receiver = place.start().await;
    place.lines(121).await;
    place.append("c.log", head.clone() + "c\n");
    place.lines(182).await;
    place.append("a.log", "a\n");
    place.append("d.log", head.clone());
    place.append("d.log", "d\n");
    assert_eq!(place.lines(244).await.iter().filter(|line| line.len() == 1).count(), 4);
    stop(&receiver).await;
}

#[tokio::test]
async fn a_file_that_is_rewritten_longer_than_before_is_read_from_its_beginning() {
    let place = place();
    place.append("app.log", numbered("old", 0..10));
    let receiver = place.start().await;
    place.lines(10).await;
    fs::write(place.path("app.log"), numbered("new", 0..50)).unwrap();
    assert_eq!(place.lines(60).await[10..], expected("new", 0..50));
    stop(&receiver).await;
}

#[tokio::test]
async fn what_is_compressed_is_empty_at_first() {
    for compression in ["auto", ""] {
        let config = json!({"start_at": "beginning", "poll_interval": "50ms", "compression": compression});
        let place = Place::new(config);
        place.append("app.log", numbered("old", 0..100));
        let receiver = place.start().await;
        place.lines(100).await;
        place.rename("app.log", "app.log.1");
        let packed = place.gzip("app.log.1");
        place.append("app.log.1.gz", "");
        place.append("app.log", numbered("new", 0..10));
        place.lines(110).await;
        place.append("app.log.1.gz", &packed[..1]);
        place.append("app.log", numbered("new", 10..20));
        place.lines(120).await;
        place.append("app.log.1.gz", &packed[1..]);
        place.remove("app.log.1");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        place.append("app.log", numbered("new", 20..30));
        place.lines(130).await;
        stop(&receiver).await;
    }
}

#[tokio::test]
async fn a_file_that_was_read_is_recognised_when_it_is_compressed() {
    let place = Place::new(json!({"start_at": "beginning", "poll_interval": "50ms", "compression": "auto"}));
    place.append("app.log", numbered("old", 0..100));
    let receiver = place.start().await;
    place.lines(100).await;
    place.rename("app.log", "app.log.1");
    place.append("app.log", numbered("new", 0..10));
    place.lines(110).await;
    let packed = place.gzip("app.log.1");
    let (first, rest) = packed.split_at(packed.len() / 2);
    place.append("app.log.1.gz", first);
    place.lines(110).await;
    place.append("app.log.1.gz", rest);
    place.remove("app.log.1");
    place.append("app.log", numbered("new", 10..20));
    place.lines(120).await;
    // One that nobody has read before is read.
    place.append("other", numbered("other", 0..10));
    let packed = place.gzip("other");
    place.append("other.log.gz", packed);
    place.lines(130).await;
    stop(&receiver).await;
}
