//! Up from right to left, down from left to right, within the time that is given.

use crate::kit::{Answer, Bench, eventually, logs};
use std::time::Duration;
use tidewatch_component::DataType;
use tokio::time::Instant;

const WHOLE: &str = "
extensions: {guard/one: {}, guard/two: {}}
receivers: {source/a: {}, source/b: {}}
processors: {actor: {pass: {}}}
exporters: {sink: {}}
service:
  extensions: [guard/two, guard/one]
  pipelines:
    main: {receivers: [source/a, source/b], processors: [actor], exporters: [sink]}
";

#[tokio::test]
async fn everything_starts_and_stops_in_order() {
    let bench = Bench::start(WHOLE).await;
    let up = ["start guard/two", "start guard/one", "start sink", "start source/a", "start source/b"];
    assert_eq!(bench.world.events(), up);
    let health = bench.running.health();
    assert!(health.ready && health.degraded.is_empty());
    let world = bench.world.clone();
    bench.stop().await;
    let down =
        ["stop source/a", "stop source/b", "close actor", "stop sink", "stop guard/one", "stop guard/two"];
    assert_eq!(world.events()[up.len()..], down);
}

#[tokio::test]
async fn a_receiver_that_cannot_bind_ends_the_start_and_what_was_started() {
    let yaml = WHOLE.replace("source/a: {}", "source/a: {cannot_bind: true}");
    let (failure, world) = Bench::fail_to_start(&yaml).await;
    assert_eq!(failure.to_string(), "receiver `source/a`: the port is in use");
    let events = [
        "start guard/two",
        "start guard/one",
        "start sink",
        "start source/a",
        "stop source/a",
        "close actor",
        "stop sink",
        "stop guard/one",
        "stop guard/two",
    ];
    assert_eq!(world.events(), events, "the second receiver is left alone");
}

#[tokio::test]
async fn an_exporter_that_cannot_open_ends_the_start() {
    let (failure, world) =
        Bench::fail_to_start(&WHOLE.replace("sink: {}", "sink: {cannot_open: true}")).await;
    assert_eq!(failure.to_string(), "exporter `sink`: no such file");
    let events = ["start guard/two", "start guard/one", "start sink", "stop guard/one", "stop guard/two"];
    assert_eq!(world.events(), events);
}

#[tokio::test]
async fn what_is_queued_is_sent_before_the_end() {
    let yaml = WHOLE
        .replace("source/a: {}", "source/a: {acknowledge: queued}")
        .replace("sink: {}", "sink: {sending_queue: {batch: {flush_timeout: 1h, min_size: 1000}}}");
    let bench = Bench::start(&yaml).await;
    for id in 0..20 {
        assert!(bench.send_to("source/a", logs([id])).expect("room").verdict().await.is_settled());
    }
    assert!(bench.sink("sink").calls().is_empty(), "held back for more");
    let sink = bench.sink("sink");
    let (report, accounts) = bench.stop().await;
    assert_eq!(report.to_string(), "nothing is left undelivered");
    assert_eq!(sink.requests(), [(0..20).collect::<Vec<u64>>()]);
    assert_eq!((accounts.held(), accounts.queued()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_in_time_and_tells_what_is_left() {
    let yaml = "
receivers: {source: {acknowledge: queued, hangs_on_stop: true}}
processors: {actor: {pass: {}}}
exporters: {sink/away: {timeout: 0, sending_queue: {num_consumers: 1}}, sink/there: {}}
service:
  shutdown_timeout: 10s
  pipelines: {main: {receivers: [source], processors: [actor], exporters: [sink/away, sink/there]}}
";
    let bench = Bench::start(yaml).await;
    bench.sink("sink/away").always(Answer::Hang);
    for id in 0..3 {
        assert!(bench.send(logs([id, 100 + id])).verdict().await.is_settled());
        eventually("it is on its way", || bench.sink("sink/away").under_way() == 1).await;
    }
    let (started, there) = (Instant::now(), bench.sink("sink/there"));
    let (report, accounts) = bench.stop().await;
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(13), "{took:?}");
    assert_eq!(report.undelivered, [("sink/away".to_owned(), 6)]);
    assert_eq!(accounts.dropped("sink/away", "shutdown"), 6);
    assert_eq!((accounts.held(), accounts.queued()), (0, 0));
    assert_eq!(there.taken().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_an_exporter_holds_after_its_stop_is_not_delivered() {
    let yaml = "
receivers: {source: {}}
exporters: {sink: {untold: 2}}
service:
  pipelines: {main: {receivers: [source], exporters: [sink]}}
";
    let (report, _) = Bench::start(yaml).await.stop().await;
    assert_eq!(report.to_string(), "2 items not delivered to `sink`");
}

#[tokio::test(start_paused = true)]
async fn what_processors_hold_is_delivered_although_another_destination_is_away() {
    let yaml = "
receivers: {source: {hangs_on_stop: true}}
processors: {actor: {window: {interval: 1h}}}
exporters: {sink/away: {signals: [logs]}, sink/there: {}}
service:
  shutdown_timeout: 10s
  pipelines: {main: {receivers: [source], processors: [actor], exporters: [sink/away, sink/there]}}
";
    let bench = Bench::start(yaml).await;
    bench.sink("sink/away").always(Answer::Refuse(None));
    let sent = bench.send(logs([7, 8, 9]));
    let there = bench.sink("sink/there");
    let (report, _) = bench.stop().await;
    assert_eq!(report.undelivered, [("sink/away".to_owned(), 3)]);
    assert_eq!(there.taken_of(DataType::Metrics), [3], "the window told its count when it was closed");
    assert!(!sent.verdict().await.is_settled());
}

#[tokio::test]
async fn a_panic_costs_what_was_in_hand_and_nothing_else() {
    let yaml = "
receivers: {source: {}}
processors: {actor: {panic: {every: 13}}}
exporters: {sink/wild: {}, sink/calm: {}}
service: {pipelines: {main: {receivers: [source], processors: [actor], exporters: [sink/wild, sink/calm]}}}
";
    let bench = Bench::start(yaml).await;
    bench.sink("sink/wild").answer(|call| if call.ids.contains(&5) { Answer::Panic } else { Answer::Take });
    let lost = bench.send(logs(10..16)).verdict().await;
    assert_eq!(lost.failure.map(|failure| failure.reason), Some("lost inside the agent".into()));
    let refused = bench.send(logs([5])).verdict().await.rejected.expect("told");
    assert_eq!((refused.items, refused.reason.as_str()), (1, "exporter `sink/wild`: the exporter panicked"));
    let fine = bench.send(logs([6])).verdict().await;
    assert_eq!((fine.is_settled(), fine.delivered_parts), (true, 2));
    let sink = bench.sink("sink/calm");
    let (_, accounts) = bench.stop().await;
    assert_eq!(sink.taken(), [10, 11, 12, 5, 6]);
    assert_eq!(accounts.dropped("actor", "panic"), 3);
}
