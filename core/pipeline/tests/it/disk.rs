//! Queues on disk: an answer stands for the disk, and what is there is delivered by the next agent.

use crate::kit::{Answer, Bench, eventually, ids_of, logs};
use std::{path::Path, time::Duration};
use tidewatch_component::{DataType, Payload};

fn yaml(directory: &Path, receiver: &str, exporter: &str) -> String {
    format!(
        "
extensions: {{disk: {{directory: '{}'}}}}
receivers: {{source: {{{receiver}}}}}
exporters: {{sink: {exporter}}}
service:
  extensions: [disk]
  shutdown_timeout: 2s
  pipelines:
    main: {{receivers: [source], exporters: [sink]}}
",
        directory.display()
    )
}

const ON_DISK: &str = "{sending_queue: {storage: disk}}";
/// Not much of it stays in memory.
const SMALL: &str = "{in_total_order: true, sending_queue: {storage: disk, max_bytes: 200000}}";

fn recovered(bench: &Bench) -> i64 {
    bench.accounts().sum("tidewatch_node_items", &[("node", "sink"), ("book", "recovered")])
}

#[tokio::test]
async fn an_answer_stands_for_the_disk_and_the_next_agent_delivers() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    bench.sink("sink").always(Answer::Refuse(None));
    assert!(bench.send(logs([1, 2])).verdict().await.is_settled(), "the destination is away");
    let (report, accounts) = bench.stop().await;
    assert_eq!((report.undelivered, report.kept), (vec![], vec![("sink".to_owned(), 2)]));
    assert_eq!(accounts.sum("tidewatch_node_items", &[("node", "sink"), ("book", "kept")]), 2);

    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    eventually("it is delivered", || bench.sink("sink").taken() == [1, 2]).await;
    assert_eq!(recovered(&bench), 2);
    assert!(bench.send(logs([3])).verdict().await.is_settled());
    bench.stop_and_expect(&[1, 2, 3]).await;

    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    assert_eq!(recovered(&bench), 0, "what was delivered is forgotten");
    bench.stop_and_expect(&[]).await;
}

#[tokio::test]
async fn whoever_wants_delivery_waits_for_it_even_behind_a_backlog() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench =
        Bench::start(&yaml(directory.path(), "acknowledge: delivered, acknowledge_timeout: 1h", SMALL)).await;
    bench.sink("sink").hold();
    let sent: Vec<_> = (0..20).map(|turn| bench.send(logs(turn * 200..turn * 200 + 200))).collect();
    eventually("it holds them all", || bench.accounts().held() == 4000).await;
    assert!(bench.sink("sink").taken().is_empty());
    bench.sink("sink").let_pass(20);
    for one in sent {
        assert!(one.verdict().await.is_settled());
    }
    let all: Vec<u64> = (0..4000).collect();
    bench.stop_and_expect(&all).await;
}

#[tokio::test]
async fn a_backlog_larger_than_memory_leaves_in_order_after_a_restart_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench = Bench::start(&yaml(directory.path(), "", SMALL)).await;
    bench.sink("sink").always(Answer::Refuse(None));
    for turn in 0..20 {
        assert!(bench.send(logs(turn * 200..turn * 200 + 200)).verdict().await.is_settled());
    }
    bench.stop().await;

    let bench = Bench::start(&yaml(directory.path(), "", SMALL)).await;
    for turn in 20..25 {
        assert!(bench.send(logs(turn * 200..turn * 200 + 200)).verdict().await.is_settled());
    }
    let all: Vec<u64> = (0..5000).collect();
    eventually("all is there", || bench.sink("sink").taken().len() == all.len()).await;
    bench.stop_and_expect(&all).await;
}

#[tokio::test]
async fn the_disk_is_bounded_and_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench =
        Bench::start(&yaml(directory.path(), "", "{sending_queue: {storage: disk, max_bytes: 20000}}")).await;
    bench.sink("sink").hold();
    let mut taken = 0;
    let refusal = loop {
        match bench.send_to("source", logs(taken * 100..taken * 100 + 100)) {
            Ok(sent) => assert!(sent.verdict().await.is_settled()),
            Err(refusal) => break refusal,
        }
        taken += 1;
    };
    assert_eq!(refusal.reason, "the queue of exporter `sink` is full");
    assert!(taken > 5, "{taken} batches");
    bench.sink("sink").let_pass(1000);
    eventually("there is room again", || bench.send_to("source", logs([1])).is_ok()).await;
    bench.stop().await;
}

#[tokio::test]
async fn the_oldest_make_room_on_disk_as_in_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let exporter =
        "{in_total_order: true, sending_queue: {storage: disk, queue_size: 3, when_full: drop_oldest}}";
    let bench = Bench::start(&yaml(directory.path(), "", exporter)).await;
    bench.sink("sink").hold();
    assert!(bench.send(logs([0])).verdict().await.is_settled());
    eventually("the first is under way", || bench.sink("sink").under_way() == 1).await;
    for id in 1..8 {
        assert!(bench.send(logs([id])).verdict().await.is_settled());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bench.sink("sink").let_pass(10);
    eventually("it is quiet", || bench.accounts().held() == 0).await;
    let taken = bench.sink("sink").taken();
    assert_eq!((taken.first(), taken.last()), (Some(&0), Some(&7)));
    let (_, accounts) = bench.stop().await;
    assert_eq!(accounts.dropped("sink", "queue_full"), 8 - taken.len() as i64);
}

#[tokio::test]
async fn what_is_too_old_is_dropped_and_counted() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    bench.sink("sink").always(Answer::Refuse(None));
    assert!(bench.send(logs([1, 2, 3])).verdict().await.is_settled());
    bench.stop().await;

    let exporter = "{sending_queue: {storage: disk, max_age: 1ms}}";
    let bench = Bench::start(&yaml(directory.path(), "", exporter)).await;
    eventually("it is gone", || bench.accounts().dropped("sink", "expired") == 3).await;
    bench.stop_and_expect(&[]).await;
    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    assert_eq!(recovered(&bench), 0);
    bench.stop().await;
}

#[tokio::test]
async fn what_becomes_too_old_while_it_is_tried_is_dropped_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let exporter =
        "{sending_queue: {storage: disk, max_age: 50ms}, retry_on_failure: {initial_interval: 10ms}}";
    let bench = Bench::start(&yaml(directory.path(), "", exporter)).await;
    bench.sink("sink").always(Answer::Refuse(None));
    assert!(bench.send(logs([1, 2, 3])).verdict().await.is_settled());
    eventually("it is gone", || bench.accounts().dropped("sink", "expired") == 3).await;
    assert!(bench.sink("sink").calls().len() > 1, "it was tried");
    bench.stop().await;
}

#[tokio::test]
async fn a_refusal_for_good_ends_it_on_disk_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    bench.sink("sink").always(Answer::Forbidden);
    assert!(bench.send(logs([1, 2])).verdict().await.is_settled(), "it was on disk");
    eventually("it is refused", || bench.accounts().dropped("sink", "rejected") == 2).await;
    bench.stop().await;
    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    assert_eq!(recovered(&bench), 0);
    bench.stop().await;
}

#[tokio::test]
async fn alerts_that_are_not_delivered_yet_survive_too_and_are_delivered_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let yaml = yaml(directory.path(), "", ON_DISK)
        .replace("exporters: {sink", "processors: {actor: {state: {every: 5}}}\nexporters: {sink")
        .replace("receivers: [source], exp", "receivers: [source], processors: [actor], exp");
    let bench = Bench::start(&yaml).await;
    bench.sink("sink").always(Answer::Refuse(None));
    // Ten fires and fifteen resolves the alert of one pod.
    assert!(bench.send(logs([10, 15])).verdict().await.is_settled());
    let (report, _) = bench.stop().await;
    assert_eq!((report.undelivered, report.kept), (vec![], vec![("sink".to_owned(), 4)]));

    let bench = Bench::start(&yaml).await;
    let alerts = || bench.sink("sink").taken_of(DataType::Alerts);
    eventually("both have arrived", || alerts().len() == 2).await;
    assert_eq!(alerts(), [10, 15]);
    bench.stop().await;
    let bench = Bench::start(&yaml).await;
    assert_eq!(recovered(&bench), 0);
    bench.stop().await;
}

#[tokio::test]
async fn two_agents_do_not_share_a_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    let (failure, _) = Bench::fail_to_start(&yaml(directory.path(), "", ON_DISK)).await;
    assert!(failure.to_string().contains("in use by another agent"), "{failure}");
    bench.stop().await;
}

#[tokio::test]
async fn bytes_come_back_as_they_were() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    bench.sink("sink").always(Answer::Refuse(None));
    let payload = logs(0..500);
    let expected = ids_of(&payload);
    assert!(matches!(payload, Payload::Telemetry(_)));
    assert!(bench.send(payload).verdict().await.is_settled());
    bench.stop().await;
    let bench = Bench::start(&yaml(directory.path(), "", ON_DISK)).await;
    eventually("all is there", || bench.sink("sink").taken() == expected).await;
    bench.stop().await;
}
