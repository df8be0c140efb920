use super::kit::{Place, expected, numbered, stop};
use serde_json::json;
use std::{fs, os::unix::fs::symlink, process::Command};

#[tokio::test]
async fn what_was_there_before_the_first_start_is_left_out_by_default() {
    let place = Place::new(json!({}));
    place.append("old.log", "before\n");
    let receiver = place.start().await;
    place.append("old.log", "after\n");
    place.append("new.log", "new\n");
    let mut lines = place.lines(2).await;
    lines.sort();
    assert_eq!(lines, ["after", "new"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn what_is_excluded_or_too_old_is_not_read() {
    let place = Place::new(json!({"start_at": "beginning", "exclude": ["*.1"], "exclude_older_than": "1h"}));
    place.append("app.log", "read\n");
    place.append("app.log.1", "excluded\n");
    place.append("aged.log", "too old\n");
    let touched = Command::new("touch").args(["-d", "2 hours ago"]).arg(place.path("aged.log")).status();
    assert!(touched.unwrap().success());
    let receiver = place.start().await;
    assert_eq!(place.lines(1).await, ["read"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn folders_may_appear_later() {
    let place = Place::new(json!({"include": ["**/*.log"], "poll_interval": "50ms"}));
    let receiver = place.start().await;
    fs::create_dir_all(place.path("a/b")).unwrap();
    place.append("a/b/app.log", "here\n");
    assert_eq!(place.lines(1).await, ["here"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn a_symbolic_link_is_followed_and_its_target_read_once() {
    let place = Place::new(json!({"include": ["*.log", "pods/*.log"], "start_at": "beginning"}));
    fs::create_dir(place.path("pods")).unwrap();
    place.append("pods/0.log", numbered("pod", 0..10));
    symlink(place.path("pods/0.log"), place.path("app.log")).unwrap();
    let receiver = place.start().await;
    place.lines(10).await;
    place.append("pods/0.log", numbered("pod", 10..20));
    assert_eq!(place.lines(20).await, expected("pod", 0..20));
    // Rotated behind the link.
    place.rename("pods/0.log", "pods/0.log.1");
    place.append("pods/0.log.1", "late\n");
    place.append("pods/0.log", "next\n");
    let mut rotated = place.lines(22).await.split_off(20);
    rotated.sort();
    assert_eq!(rotated, ["late", "next"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn what_is_no_file_is_skipped_and_counted() {
    let place = Place::new(json!({"start_at": "beginning"}));
    let made = Command::new("mkfifo").arg(place.path("pipe.log")).status();
    assert!(made.unwrap().success());
    fs::create_dir(place.path("folder.log")).unwrap();
    symlink(place.path("nowhere"), place.path("dangling.log")).unwrap();
    place.append("packed.log", [0x1f, 0x8b, 8, 0]);
    place.append("app.log", "read\n");
    let receiver = place.start().await;
    assert_eq!(place.lines(1).await, ["read"]);
    assert_eq!(place.metric("tidewatch_file_log_unreadable_files"), 2);
    stop(&receiver).await;
}

#[tokio::test]
async fn more_files_than_may_be_open_are_all_read() {
    let place =
        Place::new(json!({"start_at": "beginning", "max_concurrent_files": 4, "poll_interval": "50ms"}));
    let files: Vec<String> = (0..40).map(|number| format!("{number:02}.log")).collect();
    files.iter().for_each(|file| place.append(file, numbered(file, 0..5)));
    let receiver = place.start().await;
    place.lines(200).await;
    assert!(place.metric("otelcol_fileconsumer_open_files") <= 5);
    files.iter().for_each(|file| place.append(file, numbered(file, 5..10)));
    let mut lines = place.lines(400).await;
    for file in &files {
        let own: Vec<_> = lines.extract_if(.., |line| line.starts_with(file)).collect();
        assert_eq!(own, expected(file, 0..10));
    }
    assert_eq!(place.metric("tidewatch_file_log_files"), 40);
    stop(&receiver).await;
}

#[tokio::test]
async fn only_the_newest_of_each_group_are_read_if_asked_for() {
    let place = Place::new(json!({"start_at": "beginning", "ordering_criteria": {
        "regex": r"\.(?P<day>\d+)\.log", "group_by": r"/(?P<app>\w+)\.\d", "sort_by": [{"regex_key": "day"}]
    }}));
    for file in ["a.1", "a.2", "b.7", "b.11"] {
        place.append(&format!("{file}.log"), format!("{file}\n"));
    }
    let receiver = place.start().await;
    let mut lines = place.lines(2).await;
    lines.sort();
    assert_eq!(lines, ["a.2", "b.11"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn a_file_is_deleted_once_all_of_it_is_delivered_where_that_is_wanted() {
    let place =
        Place::new(json!({"start_at": "beginning", "delete_after_read": true, "poll_interval": "50ms"}));
    place.sink.set(super::kit::Mood::Silent);
    place.append("app.log", numbered("line", 0..100));
    let receiver = place.start().await;
    place.until(|| place.sink.held() == 1).await;
    assert!(place.path("app.log").exists());
    place.sink.set(super::kit::Mood::Takes);
    place.sink.deliver_held();
    place.until(|| !place.path("app.log").exists()).await;
    assert_eq!(place.lines(100).await, expected("line", 0..100));
    stop(&receiver).await;
}
