//! Room first: in every queue or in none, before any processor runs.

use crate::kit::{Answer, Bench, eventually, logs, metrics};
use std::time::Duration;
use tidewatch_component::{DataType, Payload};

/// One receiver, one processor, two exporters.
const FORK: &str = "
receivers: {source: {acknowledge_timeout: 1h}}
processors: {actor: {pass: {}}}
exporters:
  sink/small: {sending_queue: {queue_size: 1}}
  sink/large: {}
service:
  pipelines:
    main: {receivers: [source], processors: [actor], exporters: [sink/small, sink/large]}
";

fn size(payload: &Payload) -> usize {
    payload.memory()
}

#[tokio::test]
async fn a_refusal_takes_no_room_anywhere_and_runs_no_processor() {
    let bench = Bench::start(FORK).await;
    bench.sink("sink/small").hold();
    let first = bench.send(logs([1]));
    eventually("the large one has it", || bench.sink("sink/large").taken() == [1]).await;
    eventually("only the small queue holds it", || bench.accounts().queued() == 1).await;
    let refusal = bench.send_to("source", logs([2])).err().expect("full");
    assert_eq!(refusal.reason, "the queue of exporter `sink/small` is full");
    assert_eq!(bench.accounts().queued(), 1, "nothing is left in the large queue");
    assert_eq!(bench.world.times("process actor"), 1);
    bench.sink("sink/small").let_pass(1);
    assert!(first.verdict().await.is_settled());
    bench.sink("sink/small").let_pass(1);
    assert!(bench.send(logs([2])).verdict().await.is_settled());
    bench.stop().await;
}

#[tokio::test]
async fn a_permit_that_is_not_used_gives_its_room_back() {
    let bench = Bench::start(FORK).await;
    let intake = bench.world.intake("source");
    let permit = intake.admit(DataType::Logs, 1000).expect("room");
    assert!(intake.admit(DataType::Logs, 1000).is_err());
    assert_eq!(bench.accounts().queued(), 1001, "a request here and the bytes there");
    drop(permit);
    assert_eq!(bench.accounts().queued(), 0);
    assert!(intake.admit(DataType::Logs, 1000).is_ok());
    bench.stop().await;
}

#[tokio::test]
async fn several_ways_to_one_exporter_need_room_for_each() {
    let bench = Bench::start(
        "
receivers: {source: {}}
exporters: {sink: {sending_queue: {queue_size: 3}}}
service:
  pipelines:
    one: {receivers: [source], exporters: [sink]}
    two: {receivers: [source], exporters: [sink]}
",
    )
    .await;
    bench.sink("sink").hold();
    let first = bench.send(logs([1]));
    assert_eq!(bench.accounts().queued(), 2);
    assert!(bench.send_to("source", logs([2])).is_err(), "there is room for one of two");
    bench.sink("sink").let_pass(2);
    assert_eq!(first.verdict().await.delivered_parts, 2);
    bench.stop().await;
}

#[tokio::test]
async fn the_memory_limit_counts_all_queues() {
    let payload = logs([1]);
    let limit = size(&payload) * 5 / 2;
    let bench = Bench::start(&format!(
        "
receivers: {{source/a: {{}}, source/b: {{}}}}
exporters: {{sink/a: {{}}, sink/b: {{}}}}
service:
  memory_limit: {limit}
  pipelines:
    a: {{receivers: [source/a], exporters: [sink/a]}}
    b: {{receivers: [source/b], exporters: [sink/b]}}
"
    ))
    .await;
    bench.sink("sink/a").hold();
    let held = [1, 2].map(|id| bench.send_to("source/a", logs([id])).expect("room"));
    assert!(bench.send_to("source/b", logs([3])).is_err(), "the other queue has used it up");
    let intake = bench.world.intake("source/b");
    let waiting = tokio::spawn(async move { intake.admit_when_possible(DataType::Logs, 100).await });
    bench.sink("sink/a").let_pass(2);
    for sent in held {
        assert!(sent.verdict().await.is_settled());
    }
    let permit = waiting.await.expect("room in one queue wakes those who wait for another");
    drop(permit);
    bench.stop().await;
}

#[tokio::test]
async fn what_is_larger_than_the_limit_passes_when_nothing_else_is_there() {
    let bench = Bench::start(&FORK.replace("service:", "service:\n  memory_limit: 300")).await;
    for turn in 0..3 {
        let sent = bench.send(logs(turn * 100..turn * 100 + 50));
        assert!(sent.verdict().await.is_settled());
        eventually("the room is back", || bench.accounts().queued() == 0).await;
    }
    bench.sink("sink/large").hold();
    let held = bench.send(logs([1]));
    let small = [("exporter", "sink/small")];
    let is_free = || bench.accounts().sum("otelcol_exporter_queue_size", &small) == 0;
    eventually("it waits at one of them only", is_free).await;
    let refusal = bench.send_to("source", logs(0..50)).err().expect("full");
    assert_eq!(refusal.reason, "the queues hold as much as service.memory_limit allows");
    bench.sink("sink/large").let_pass(1);
    assert!(held.verdict().await.is_settled());
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken_by_room_and_not_by_a_timer() {
    let bench = Bench::start(FORK).await;
    bench.sink("sink/small").hold();
    let first = bench.send(logs([1]));
    let intake = bench.world.intake("source");
    let started = tokio::time::Instant::now();
    let waiting = tokio::spawn(async move { intake.admit_when_possible(DataType::Logs, 10).await });
    while bench.sink("sink/small").under_way() == 0 {
        tokio::task::yield_now().await;
    }
    bench.sink("sink/small").let_pass(1);
    assert!(first.verdict().await.is_settled());
    drop(waiting.await.expect("room"));
    assert_eq!(started.elapsed(), Duration::ZERO, "the clock stands still while everybody has work");
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_do_not_keep_each_other_awake() {
    let bench = Bench::start(FORK).await;
    bench.sink("sink/small").hold();
    let first = bench.send(logs([1]));
    let waiting = [2, 3].map(|_| {
        let intake = bench.world.intake("source");
        tokio::spawn(async move { drop(intake.admit_when_possible(DataType::Logs, 10).await) })
    });
    // A paused clock moves only when nobody has anything to do.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(waiting.iter().all(|task| !task.is_finished()));
    bench.sink("sink/small").let_pass(1);
    assert!(first.verdict().await.is_settled());
    for task in waiting {
        task.await.expect("room");
    }
    bench.stop().await;
}

#[tokio::test]
async fn processors_may_refuse() {
    let bench = Bench::start(
        "
receivers: {source: {}}
processors: {actor/first: {pass: {}}, actor/strict: {refuse: {above_bytes: 500}}}
exporters: {sink: {}}
service:
  pipelines:
    main: {receivers: [source], processors: [actor/first, actor/strict], exporters: [sink]}
",
    )
    .await;
    let refusal = bench.send_to("source", logs(0..100)).err().expect("too much");
    assert_eq!((refusal.reason.as_str(), refusal.retry_after.as_secs()), ("too much", 7));
    assert_eq!(bench.world.times("process actor/first"), 0);
    assert_eq!(bench.accounts().queued(), 0);
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    bench.stop().await;
}

#[tokio::test]
async fn what_processors_add_is_bounded_and_refuses_the_next() {
    let batch = logs(0..100);
    let bench = Bench::start(&format!(
        "
receivers: {{source: {{}}}}
processors: {{actor: {{multiply: {{times: 1000}}}}}}
exporters: {{sink: {{sending_queue: {{max_bytes: {}, num_consumers: 1}}}}}}
service:
  pipelines:
    main: {{receivers: [source], processors: [actor], exporters: [sink]}}
",
        size(&batch) * 20
    ))
    .await;
    bench.sink("sink").hold();
    let sent = bench.send(batch.clone());
    let most = i64::try_from(size(&batch) * 27).unwrap();
    let accounts = bench.accounts();
    assert!(accounts.queued() <= most, "{} of at most {most}", accounts.queued());
    assert_eq!(
        accounts.dropped("sink", "overdraft"),
        100 * (1000 - accounts.queued() / size(&batch) as i64 + 1)
    );
    assert!(bench.send_to("source", logs([1])).is_err());
    bench.sink("sink").let_pass(1000);
    assert!(sent.verdict().await.is_settled(), "what came in had its room");
    eventually("all is gone", || bench.accounts().queued() == 0).await;
    assert!(bench.send_to("source", logs([1])).is_ok());
    bench.stop().await;
}

#[tokio::test]
async fn an_exporter_overdrawn_by_alerts_alone_refuses_the_next() {
    // Records never go to `sink/alerts`: no room is promised there, and still it must not overflow.
    let bench = Bench::start(
        "
receivers: {source: {}}
processors: {actor: {event: {every: 1}}}
exporters:
  sink: {}
  sink/alerts: {signals: [alerts], sending_queue: {max_bytes: 4KiB, num_consumers: 1}}
service:
  pipelines:
    main: {receivers: [source], processors: [actor], exporters: [sink, sink/alerts]}
",
    )
    .await;
    bench.sink("sink/alerts").hold();
    let mut sent = Vec::new();
    let refusal = (0..1000).find_map(|id| match bench.send_to("source", logs([id])) {
        Ok(more) => {
            sent.push(more);
            None
        }
        Err(refusal) => Some(refusal),
    });
    assert_eq!(refusal.expect("it is full").reason, "the queue of exporter `sink/alerts` is full");
    assert_eq!(bench.accounts().dropped("sink/alerts", "overdraft"), 0);
    let seen = bench.world.times("process actor");
    assert_eq!(seen, sent.len(), "what was refused was seen by no processor");
    bench.sink("sink/alerts").let_pass(1000);
    for sent in sent {
        assert!(sent.verdict().await.is_settled());
    }
    assert!(bench.send_to("source", logs([0])).is_ok());
    bench.stop().await;
}

#[tokio::test]
async fn what_is_refused_of_a_receivers_own_data_is_no_success() {
    // Nobody counts on copies, but a data point made of a record is part of its delivery.
    let bench = Bench::start(
        "
receivers: {source: {}}
processors: {actor: {measure: {every: 1}}, actor/more: {multiply: {times: 3}}}
exporters: {sink: {sending_queue: {max_bytes: 1}}}
service:
  pipelines:
    main: {receivers: [source], processors: [actor/more, actor], exporters: [sink]}
",
    )
    .await;
    bench.sink("sink").hold();
    let sent = bench.send(logs(0..50));
    bench.sink("sink").let_pass(9);
    let verdict = sent.verdict().await;
    assert_eq!(
        verdict.failure.map(|failure| failure.reason),
        Some("no room for what processors added for `sink`".into())
    );
    bench.stop().await;
}

#[tokio::test]
async fn an_exporter_that_is_away_holds_back_its_own_receivers_only() {
    let bench = Bench::start(
        "
receivers: {source/a: {}, source/b: {}}
exporters: {sink/away: {sending_queue: {queue_size: 1}}, sink/there: {}}
service:
  pipelines:
    a: {receivers: [source/a], exporters: [sink/away]}
    b: {receivers: [source/b], exporters: [sink/there]}
",
    )
    .await;
    bench.sink("sink/away").always(Answer::Refuse(None));
    let _waits = bench.send_to("source/a", logs([0])).expect("room");
    assert!(bench.send_to("source/a", logs([1])).is_err());
    for id in 2..50 {
        let sent = bench.send_to("source/b", logs([id])).expect("room");
        assert!(sent.verdict().await.is_settled());
    }
    drop(bench);
}

#[tokio::test]
async fn queues_that_may_drop_hold_nobody_back_and_count_what_they_drop() {
    for (when_full, kept) in [("drop_newest", [0, 1, 2]), ("drop_oldest", [0, 8, 9])] {
        let bench = Bench::start(&format!(
            "
receivers: {{source: {{}}}}
exporters:
  sink:
    sending_queue: {{queue_size: 3, num_consumers: 1, when_full: {when_full}}}
service: {{pipelines: {{main: {{receivers: [source], exporters: [sink]}}}}}}
"
        ))
        .await;
        bench.sink("sink").hold();
        assert!(bench.send(logs([0])).verdict().await.is_settled(), "nobody waits");
        eventually("the first is under way", || bench.sink("sink").under_way() == 1).await;
        for id in 1..10 {
            let verdict = bench.send(logs([id])).verdict().await;
            assert!(verdict.is_settled());
            assert_eq!(verdict.dropped.is_some(), when_full == "drop_newest" && id > 2, "{id}");
        }
        assert_eq!(bench.accounts().dropped("sink", "queue_full"), 7);
        bench.sink("sink").let_pass(10);
        bench.stop_and_expect(&kept).await;
    }
}

#[tokio::test]
async fn what_no_pipeline_or_exporter_takes_is_counted() {
    let bench = Bench::start(
        "
receivers: {source: {}}
exporters: {sink: {signals: [metrics]}}
service:
  pipelines:
    logs: {receivers: [source], exporters: [sink]}
",
    )
    .await;
    let verdict = bench.send(logs([1, 2])).verdict().await;
    assert_eq!(verdict.dropped.as_deref(), Some("no_exporter"));
    let verdict = bench.send(metrics([3])).verdict().await;
    assert_eq!(verdict.dropped.as_deref(), Some("no_pipeline"));
    let (_, accounts) = bench.stop().await;
    assert_eq!((accounts.dropped("logs", "no_exporter"), accounts.dropped("source", "no_pipeline")), (2, 1));
}

#[tokio::test]
async fn a_closed_entrance_refuses() {
    let bench = Bench::start(FORK).await;
    let intake = bench.world.intake("source");
    let early = intake.admit(DataType::Logs, 100).expect("room");
    bench.stop().await;
    assert_eq!(intake.admit(DataType::Logs, 100).unwrap_err().reason, "shutting down");
    // A permit from before the stop leads to an answer, not to silence.
    let late = intake.acknowledged(intake.submit(early, logs([1]), std::sync::Arc::default())).await;
    assert_eq!(late.failure.map(|failure| failure.reason), Some("shutting down".into()));
}
