//! Processors in a chain: who sees what, when they are woken, and what their senders learn.

use crate::kit::{Bench, eventually, logs, metrics};
use std::time::Duration;
use tidewatch_component::DataType;
use tokio::time::Instant;

fn config(processors: &str) -> String {
    format!(
        "
receivers: {{source: {{}}}}
processors:
  actor/drop: {{drop: {{every: 2}}}}
  actor/measure: {{measure: {{every: 1}}}}
  actor/split: {{split: {{items: 2}}}}
  actor/soon: {{window: {{interval: 10s}}}}
  actor/late: {{window: {{interval: 25s}}}}
exporters: {{sink: {{}}}}
service: {{pipelines: {{main: {{receivers: [source], processors: [{processors}], exporters: [sink]}}}}}}
"
    )
}

#[tokio::test]
async fn a_sender_learns_what_became_of_all_parts() {
    let bench = Bench::start(&config("actor/drop, actor/split, actor/measure")).await;
    let verdict = bench.send(logs(1..9)).verdict().await;
    assert_eq!((verdict.is_settled(), verdict.dropped.clone()), (true, None));
    assert_eq!(verdict.delivered_parts, 4, "two parts of records, and the points of each");
    let verdict = bench.send(logs([10, 12])).verdict().await;
    assert_eq!((verdict.is_settled(), verdict.dropped.as_deref()), (true, Some("filtered")));
    let mut records = bench.sink("sink").taken_of(DataType::Logs);
    records.sort_unstable();
    assert_eq!(records, [1, 3, 5, 7]);
    let (_, accounts) = bench.stop().await;
    assert_eq!(accounts.dropped("actor/drop", "filtered"), 6);
    let created = [("node", "actor/measure"), ("book", "created"), ("signal", "metrics")];
    assert_eq!(accounts.sum("tidewatch_node_items", &created), 4);
}

#[tokio::test]
async fn what_a_processor_does_not_handle_passes_it_by() {
    let bench = Bench::start(&config("actor/drop")).await;
    assert!(bench.send(metrics([2, 4])).verdict().await.is_settled());
    assert_eq!(bench.world.times("process actor/drop"), 0);
    bench.stop_and_expect(&[2, 4]).await;
}

#[tokio::test(start_paused = true)]
async fn each_is_woken_when_it_asked_for_it_and_not_when_others_did() {
    let bench = Bench::start(&config("actor/soon, actor/late")).await;
    let started = Instant::now();
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    let ticks = |of: &str| bench.world.times(&format!("tick actor/{of}"));
    eventually("the first tick", || ticks("soon") == 1).await;
    assert_eq!((started.elapsed().as_secs(), ticks("late")), (10, 0));
    eventually("the other's tick", || ticks("late") == 1).await;
    assert_eq!((started.elapsed().as_secs(), ticks("soon")), (25, 2), "it has asked again");
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!((ticks("soon"), ticks("late")), (2, 2), "nobody has asked since");
    let points = bench.sink("sink").taken_of(DataType::Metrics);
    assert_eq!(points, [1, 1]);
    bench.stop().await;
}
