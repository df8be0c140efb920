//! Another configuration while data flows: what stays, what goes, and what is as before where something cannot start.

use crate::kit::{Answer, Bench, eventually, logs};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tidewatch_component::{Context, DataType};
use tidewatch_pipeline::ReloadError;
use tokio::time::Instant;

const PLAIN: &str = "
extensions: {guard: {}}
receivers: {source: {overlaps: true}}
processors: {actor/window: {window: {interval: 10s}}, actor/pass: {pass: {}}}
exporters: {sink: {}}
service:
  extensions: [guard]
  pipelines: {main: {receivers: [source], processors: [actor/window], exporters: [sink]}}
";

#[tokio::test(start_paused = true)]
async fn what_has_not_changed_goes_on_with_all_that_it_holds() {
    let mut bench = Bench::start(PLAIN).await;
    let started = Instant::now();
    let before = bench.world.events();
    assert!(bench.send(logs([1, 2])).verdict().await.is_settled());
    let old_intake = bench.world.intake("source");
    let changes = bench.reload(&PLAIN.replace("[actor/window]", "[actor/pass, actor/window]")).await.unwrap();
    assert_eq!(changes.to_string(), "added processors::actor/pass; changed service::pipelines::main; kept 4");
    assert_eq!(bench.world.events()[before.len() + 1..], [] as [&str; 0], "nothing was started or stopped");
    assert!(bench.send(logs([3])).verdict().await.is_settled());
    assert_eq!(bench.world.times("process actor/pass"), 1, "the receiver's way leads through it");
    drop(old_intake);
    eventually("the tick that was asked for before", || bench.world.times("tick actor/window") == 1).await;
    assert_eq!(started.elapsed().as_secs(), 10);
    eventually("it tells", || bench.world.times("tick actor/window") == 2).await;
    let counted = bench.sink("sink").taken_of(DataType::Metrics);
    assert_eq!(counted, [3], "of before and after the reload");
    bench.stop().await;
}

#[tokio::test]
async fn the_same_again_changes_nothing() {
    let mut bench = Bench::start(PLAIN).await;
    let before = bench.world.events();
    let changes = bench.reload(PLAIN).await.unwrap();
    assert!(changes.are_none() && changes.kept.len() == 5, "{changes:?}");
    assert_eq!(bench.world.events(), before);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_goes_on_behind_another_exporter() {
    let yaml = |keys: &str| PLAIN.replace("sink: {}", &format!("sink: {{sending_queue: {{{keys}}}}}"));
    let mut bench = Bench::start(&yaml("num_consumers: 1")).await;
    let sink = bench.sink("sink");
    sink.always(Answer::Refuse(Some(Duration::from_secs(3600))));
    let sent: Vec<_> = (0..10).map(|id| bench.send(logs([id]))).collect();
    eventually("the first has been refused", || sink.calls().len() == 1).await;
    let changes = bench.reload(&yaml("num_consumers: 2")).await.unwrap();
    assert_eq!(changes.changed, ["exporters::sink"]);
    sink.always(Answer::Take);
    for sent in sent {
        assert!(sent.verdict().await.is_settled());
    }
    eventually("the old exporter is stopped", || bench.world.times("stop sink") == 1).await;
    let mut taken = sink.taken_of(DataType::Logs);
    taken.sort_unstable();
    assert_eq!(taken, (0..10).collect::<Vec<u64>>());
    bench.stop().await;
}

const TWO: &str = "
receivers: {source: {acknowledge: queued, overlaps: true}}
processors: {actor/window: {window: {interval: 1h}}}
exporters: {sink/a: {}, sink/b: {}}
service:
  pipelines:
    one: {receivers: [source], exporters: [sink/a]}
    two: {receivers: [source], processors: [actor/window], exporters: [sink/a, sink/b]}
";

#[tokio::test(start_paused = true)]
async fn what_goes_gives_out_what_it_holds() {
    let mut bench = Bench::start(TWO).await;
    bench.sink("sink/b").hold();
    for id in 0..5 {
        assert!(bench.send(logs([id])).verdict().await.is_settled());
    }
    let two = TWO.find("    two:").unwrap();
    let changes = bench.reload(&TWO[..two]).await.unwrap();
    assert_eq!(changes.removed, ["exporters::sink/b", "processors::actor/window", "service::pipelines::two"]);
    eventually("the window is closed", || bench.world.times("close actor/window") == 1).await;
    assert_eq!(bench.world.times("stop sink/b"), 0, "it still has something to send");
    assert!(bench.send(logs([5])).verdict().await.is_settled());
    bench.sink("sink/b").let_pass(100);
    eventually("it has sent all", || bench.world.times("stop sink/b") == 1).await;
    assert_eq!(bench.sink("sink/b").taken_of(DataType::Metrics), [5], "what the window held");
    let mut taken = bench.sink("sink/b").taken_of(DataType::Logs);
    taken.sort_unstable();
    assert_eq!(taken, [0, 1, 2, 3, 4]);
    assert_eq!(bench.accounts().held(), 0);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_in_time_is_left_behind_and_told() {
    let timeout = TWO.replace("service:", "service:\n  shutdown_timeout: 10s");
    let mut bench = Bench::start(&timeout).await;
    bench.sink("sink/b").always(Answer::Refuse(None));
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    bench.reload(&timeout.replace("[sink/a, sink/b]", "[sink/a]")).await.unwrap();
    let again = Instant::now();
    // The same queue again has to wait for the end of the first.
    bench.reload(&timeout).await.unwrap();
    assert!(again.elapsed() >= Duration::from_secs(9), "{:?}", again.elapsed());
    assert_eq!(bench.accounts().dropped("sink/b", "shutdown"), 1);
    bench.sink("sink/b").always(Answer::Take);
    assert!(bench.send(logs([2])).verdict().await.is_settled());
    eventually("it is served again", || bench.sink("sink/b").taken_of(DataType::Logs) == [2]).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_mistake_changes_nothing() {
    let mut bench = Bench::start(PLAIN).await;
    let before = bench.world.events();
    let changed = PLAIN.replace("sink: {}", "sink: {timeout: 1s}");
    let broken = changed.replace("overlaps: true", "acknowledge_timeout: 0s");
    let Err(ReloadError::Mistakes(mistakes)) = bench.reload(&broken).await else { panic!("it was taken") };
    assert!(mistakes.to_string().contains("with no time at all every request would fail"), "{mistakes}");
    assert_eq!(bench.world.events(), before);
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    assert_eq!(bench.running.metrics().render().matches("otelcol_exporter_queue_capacity{").count(), 1);
    bench.stop().await;
}

#[tokio::test]
async fn an_extension_that_lasts_takes_a_restart() {
    let lasting = |number| PLAIN.replace("guard: {}", &format!("guard: {{lasts: {number}}}"));
    let mut bench = Bench::start(&lasting(1)).await;
    let Err(ReloadError::Mistakes(mistakes)) = bench.reload(&lasting(2)).await else {
        panic!("it was taken")
    };
    let told = mistakes.to_string();
    assert!(
        told.contains("`guard` cannot change while the agent runs") && told.contains("restart"),
        "{told}"
    );
    let changes = bench.reload(&PLAIN.replace("guard: {}", "guard: {lasts: 1}").replace("10s", "11s")).await;
    assert_eq!(changes.unwrap().changed, ["processors::actor/window"], "others may change");
    bench.stop().await;
}

#[tokio::test]
async fn what_cannot_start_is_taken_back() {
    let mut bench = Bench::start(PLAIN).await;
    let before = bench.world.events().len();
    let more = PLAIN
        .replace("guard: {}", "guard: {}, guard/new: {}")
        .replace("[guard]", "[guard, guard/new]")
        .replace("sink: {}", "sink: {}, sink/new: {}, sink/shut: {cannot_open: true}")
        .replace("[sink]", "[sink, sink/new, sink/shut]");
    let failure = bench.reload(&more).await.unwrap_err();
    assert_eq!(failure.to_string(), "exporter `sink/shut`: no such file");
    let events = ["start guard/new", "start sink/new", "start sink/shut", "stop sink/new", "stop guard/new"];
    assert_eq!(bench.world.events()[before..], events);
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    assert_eq!(bench.sink("sink").taken_of(DataType::Logs), [1]);
    bench.stop().await;
}

#[tokio::test]
async fn a_receiver_that_had_to_make_room_comes_back() {
    let plain = PLAIN.replace("overlaps: true", "overlaps: false");
    let mut bench = Bench::start(&plain).await;
    let before = bench.world.events().len();
    let failure = bench.reload(&plain.replace("overlaps: false", "cannot_bind: true")).await.unwrap_err();
    assert_eq!(failure.to_string(), "receiver `source`: the port is in use");
    let events = ["stop source", "start source", "stop source", "start source"];
    assert_eq!(bench.world.events()[before..], events, "the old, the new twice, the old again");
    assert!(bench.running.health().degraded.is_empty());
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    let changes = bench.reload(&plain.replace("overlaps: false", "acknowledge: queued")).await.unwrap();
    assert_eq!(changes.changed, ["receivers::source"]);
    assert_eq!(bench.world.events()[before..].iter().filter(|event| *event == "stop source").count(), 3);
    bench.sink("sink").hold();
    assert!(bench.send(logs([2])).verdict().await.is_settled(), "by the new keys: queued is enough");
    bench.sink("sink").let_pass(9);
    bench.stop().await;
}

/// Guarantee: whatever is exchanged between a permit and its data, and while data is inside, every item arrives once
/// and the books are exact.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_doubled_while_everything_is_exchanged() {
    let yaml = |source: &str, processors: &str, queue: &str, timeout: &str| {
        format!(
            "
receivers: {{source: {{overlaps: true, acknowledge_timeout: {source}}}}}
processors: {{actor/pass: {{pass: {{}}}}, actor/split: {{split: {{items: 2}}}}, actor/gather: {{gather: {{min_items: 4, max_items: 9, timeout: 5ms}}}}}}
exporters: {{sink: {{timeout: {timeout}, sending_queue: {{{queue}}}}}, sink/other: {{}}}}
service: {{pipelines: {{main: {{receivers: [source], processors: [{processors}], exporters: [sink, sink/other]}}}}}}
"
        )
    };
    let versions = [
        yaml("60s", "actor/pass", "num_consumers: 4", "5s"),
        yaml("60s", "actor/pass, actor/split", "num_consumers: 2", "5s"),
        yaml("61s", "actor/split, actor/gather", "queue_size: 100000, sizer: items", "5s"),
        yaml("61s", "actor/gather", "queue_size: 1000000, sizer: items, num_consumers: 3", "6s"),
        yaml("60s", "", "num_consumers: 4", "6s"),
        // One that is refused.
        yaml("0s", "actor/pass", "num_consumers: 1", "7s"),
    ];
    let mut bench = Bench::start(&versions[0]).await;
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (world, stop, next) = (bench.world.clone(), stop.clone(), next.clone());
            tokio::spawn(async move {
                let mut intake = world.intake("source");
                while !stop.load(Relaxed) {
                    let first = next.fetch_add(5, Relaxed);
                    let payload = logs(first..first + 5);
                    let permit = intake.admit(DataType::Logs, payload.memory()).expect("room");
                    // Time for an exchange between the two.
                    tokio::task::yield_now().await;
                    let submission = intake.submit(permit, payload, Arc::new(Context::default()));
                    let verdict = intake.acknowledged(submission).await;
                    assert!(verdict.is_settled(), "{verdict:?}");
                    if first % 7 == 0 {
                        intake = world.intake("source");
                    }
                }
            })
        })
        .collect();
    for round in 1..=60 {
        let version = &versions[round % versions.len()];
        let taken = bench.reload(version).await;
        assert_eq!(taken.is_err(), version.contains(": 0s"), "{taken:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.store(true, Relaxed);
    for sender in senders {
        sender.await.unwrap();
    }
    let (sinks, sent) = (["sink", "sink/other"].map(|id| bench.sink(id)), next.load(Relaxed));
    let (report, accounts) = bench.stop().await;
    assert_eq!(report.to_string(), "nothing is left undelivered");
    assert_eq!((accounts.held(), accounts.queued()), (0, 0));
    for sink in sinks {
        let mut taken = sink.taken();
        taken.sort_unstable();
        assert_eq!(taken, (0..sent).collect::<Vec<u64>>());
    }
}
