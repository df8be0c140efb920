use super::kit::{Mood, Place, expected, numbered, stop};
use serde_json::json;
use std::sync::atomic::Ordering::SeqCst;

#[tokio::test]
async fn what_is_not_delivered_is_handed_over_again() {
    let place = Place::new(json!({"start_at": "beginning"}));
    place.sink.set(Mood::Fails);
    place.append("app.log", numbered("line", 0..100));
    let receiver = place.start().await;
    place.until(|| place.sink.requests.load(SeqCst) >= 2).await;
    place.append("app.log", numbered("line", 100..200));
    place.sink.set(Mood::Takes);
    assert_eq!(place.lines(200).await, expected("line", 0..200), "in order, too");
    assert!(place.metric("tidewatch_file_log_repeats_total") >= 1);
    stop(&receiver).await;
}

#[tokio::test]
async fn nothing_is_lost_while_there_is_no_room_whatever_happens_to_the_files() {
    let place = Place::new(json!({"start_at": "beginning", "poll_interval": "50ms"}));
    place.append("app.log", numbered("line", 0..100));
    place.sink.set(Mood::Full);
    let receiver = place.start().await;
    for turn in 1..13 {
        place.rename("app.log", &format!("app.log.{turn}"));
        place.append("app.log", numbered("line", turn * 100..turn * 100 + 100));
        // Each one is there long enough to be seen.
        let seen = |number: usize| {
            move |place: &Place| place.metric("otelcol_fileconsumer_open_files") as usize >= number
        };
        place.until(|| seen(turn + 1)(&place)).await;
    }
    for turn in 1..10 {
        place.remove(&format!("app.log.{turn}"));
    }
    place.sink.set(Mood::Takes);
    let mut lines = place.lines(1300).await;
    lines.sort();
    assert_eq!(lines, expected("line", 0..1300));
    stop(&receiver).await;
}

#[tokio::test]
async fn a_file_is_not_read_on_before_its_lines_are_acknowledged_and_others_are() {
    let place = Place::new(json!({"start_at": "beginning"}));
    place.sink.set(Mood::Silent);
    place.append("slow.log", "slow 1\n");
    let receiver = place.start().await;
    place.until(|| place.sink.held() == 1).await;
    place.append("slow.log", "slow 2\n");
    place.sink.set(Mood::Takes);
    place.append("other.log", "other\n");
    assert_eq!(place.lines(1).await, ["other"]);
    place.sink.deliver_held();
    assert_eq!(place.lines(3).await, ["other", "slow 1", "slow 2"]);
    stop(&receiver).await;
}

#[tokio::test]
async fn requests_say_which_bytes_of_which_file_they_are() {
    let place = Place::new(json!({"start_at": "beginning"}));
    place.append("app.log", "one\ntwo\n");
    let receiver = place.start().await;
    place.lines(2).await;
    place.append("app.log", "three\n");
    place.lines(3).await;
    stop(&receiver).await;
    let contexts = place.sink.contexts();
    let origins: Vec<_> = contexts.iter().flat_map(|context| &context.origins).collect();
    let path = place.path("app.log").display().to_string();
    assert!(
        origins
            .iter()
            .all(|origin| &*origin.receiver == "file_log" && origin.partition.as_deref() == Some(&path))
    );
    assert_eq!(origins.iter().map(|origin| origin.positions.unwrap()).collect::<Vec<_>>(), [(0, 7), (8, 13)]);
}

#[tokio::test]
async fn a_stop_waits_for_what_is_under_way_and_no_longer_than_its_deadline() {
    let place = Place::new(json!({"start_at": "beginning"})).with_storage();
    place.sink.set(Mood::Silent);
    place.append("app.log", numbered("line", 0..10));
    let receiver = place.start().await;
    place.until(|| place.sink.held() == 1).await;
    let stopping = tokio::spawn(async move { stop(&receiver).await });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    place.sink.deliver_held();
    stopping.await.unwrap();
    place.sink.set(Mood::Takes);
    // Its position was written: nothing comes again.
    let receiver = place.start().await;
    place.append("app.log", "more\n");
    assert_eq!(place.lines(11).await[10], "more");
    receiver.stop(tokio::time::Instant::now()).await;
}
