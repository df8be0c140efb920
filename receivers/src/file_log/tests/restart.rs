use super::kit::{Mood, Place, expected, numbered, stop};
use serde_json::json;
use std::fs;

fn place() -> Place {
    Place::new(json!({"start_at": "beginning", "poll_interval": "50ms"})).with_storage()
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let place = place();
    place.append("app.log", numbered("line", 0..100));
    let receiver = place.start().await;
    place.lines(100).await;
    stop(&receiver).await;
    place.append("app.log", numbered("line", 100..150));
    let receiver = place.start().await;
    assert_eq!(place.lines(150).await, expected("line", 0..150));
    stop(&receiver).await;
}

#[tokio::test]
async fn start_at_end_is_for_the_very_first_start_only() {
    let place = Place::new(json!({})).with_storage();
    place.append("app.log", "before\n");
    let receiver = place.start().await;
    stop(&receiver).await;
    place.append("app.log", "while away\n");
    place.append("new.log", "new while away\n");
    let receiver = place.start().await;
    let mut lines = place.lines(2).await;
    lines.sort();
    assert_eq!(lines, ["new while away", "while away"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn files_are_recognised_whatever_has_become_of_them_meanwhile() {
    let place = Place::new(json!({"start_at": "beginning", "compression": "auto"})).with_storage();
    let all = ["renamed", "cut", "packed", "deleted", "copied"];
    for name in all {
        place.append(&format!("{name}.log"), numbered(name, 0..100));
    }
    let receiver = place.start().await;
    place.lines(500).await;
    stop(&receiver).await;
    for name in all {
        place.append(&format!("{name}.log"), numbered(name, 100..110));
    }
    place.rename("renamed.log", "renamed.log.1");
    place.append("renamed.log", "renamed new\n");
    place.copy("cut.log", "cut.log.1");
    place.truncate("cut.log");
    place.append("cut.log", "cut new\n");
    let packed = place.gzip("packed.log");
    place.append("packed.log.1.gz", packed);
    place.remove("packed.log");
    place.append("packed.log", "packed new\n");
    place.remove("deleted.log");
    place.append("deleted.log", "deleted new\n");
    // To another file system and back, as far as inodes know.
    place.copy("copied.log", "copied.log.1");
    place.remove("copied.log");
    let receiver = place.start().await;
    let lines = place.lines(500 + 4 * 10 + 4).await;
    stop(&receiver).await;
    for name in ["renamed", "cut", "packed", "copied"] {
        let own: Vec<_> =
            lines.iter().filter(|line| line.starts_with(&format!("{name} 0"))).cloned().collect();
        assert_eq!(own, expected(name, 0..110));
    }
}

#[tokio::test]
async fn a_compressed_copy_that_was_still_in_doubt_is_not_read_after_a_restart() {
    let place = place();
    place.append("app.log", numbered("line", 0..100));
    let receiver = place.start().await;
    place.lines(100).await;
    place.rename("app.log", "app.log.1");
    place.append("app.log", numbered("line", 100..110));
    place.lines(110).await;
    let packed = place.gzip("app.log.1");
    place.append("app.log.2.gz", packed);
    place.remove("app.log.1");
    place.append("app.log", numbered("line", 110..120));
    place.lines(120).await;
    // Another name is no reason to take it for a file of its own.
    place.rename("app.log.2.gz", "app.log.3.gz");
    place.append("app.log", numbered("line", 120..130));
    place.lines(130).await;
    stop(&receiver).await;
    let receiver = place.start().await;
    place.append("app.log", numbered("line", 130..140));
    place.lines(140).await;
    stop(&receiver).await;
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_after_a_kill() {
    let place = place();
    place.append("app.log", numbered("line", 0..100));
    let receiver = place.start().await;
    place.lines(100).await;
    place.written().await;
    place.sink.set(Mood::Silent);
    place.append("app.log", numbered("line", 100..200));
    place.until(|| place.sink.held() == 1).await;
    place.append("app.log", numbered("line", 200..250));
    drop(receiver);
    place.sink.set(Mood::Takes);
    let receiver = place.start().await;
    assert_eq!(place.lines(250).await, expected("line", 0..250));
    stop(&receiver).await;
}

#[tokio::test]
async fn an_inode_that_is_used_again_is_not_taken_for_the_old_file() {
    let place = place();
    place.append("app.log", numbered("old", 0..100));
    let receiver = place.start().await;
    place.lines(100).await;
    stop(&receiver).await;
    // Until it happens; file systems differ.
    let inode = |name: &str| std::os::unix::fs::MetadataExt::ino(&fs::metadata(place.path(name)).unwrap());
    let old = inode("app.log");
    place.remove("app.log");
    for attempt in 0..50 {
        let name = format!("{attempt}.log");
        place.append(&name, numbered("new", attempt * 100..attempt * 100 + 100));
        if inode(&name) == old {
            break;
        }
    }
    let count = fs::read_dir(place.path("")).unwrap().count() * 100;
    let receiver = place.start().await;
    place.lines(100 + count).await;
    stop(&receiver).await;
}

#[tokio::test]
async fn positions_of_a_newer_version_are_not_guessed() {
    let place = place();
    let state =
        tidewatch_store::Change::Put { key: "00000000000000aa".into(), version: 99, value: b"?".to_vec() };
    place.state().write(vec![state]).await.unwrap();
    let error = place.try_start().await.err().unwrap();
    assert!(error.0.contains("format 99") && error.0.contains("state drop file_log"), "{error}");
}
