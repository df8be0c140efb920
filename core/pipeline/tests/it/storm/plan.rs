//! Agents, destinations and sources at random.

use proptest::{collection::vec, prelude::*, sample::subsequence};
use std::fmt::Write;

/// An agent, what its destinations say, and what its sources do.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) sinks: Vec<SinkPlan>,
    pub(super) sources: Vec<SourcePlan>,
    pub(super) memory_limit: Option<usize>,
    /// The agent is stopped after so many answers.
    pub(super) stop_after: Option<usize>,
    /// Milliseconds.
    pub(super) shutdown_timeout: u32,
    pub(super) seed: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) sources: Vec<usize>,
    pub(super) processors: Vec<&'static str>,
    pub(super) sinks: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct SinkPlan {
    pub(super) when_full: &'static str,
    pub(super) queue: &'static str,
    pub(super) in_total_order: bool,
    pub(super) retries: bool,
    pub(super) weather: Weather,
}

/// Answers out of a hundred; the rest is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    pub(super) refuse: u32,
    pub(super) break_off: u32,
    pub(super) partial: u32,
    pub(super) forbidden: u32,
    pub(super) hang: u32,
    pub(super) panic: u32,
    /// Items that this divides are malformed; 0: none.
    pub(super) poison: u64,
}

#[derive(Debug, Clone)]
pub(super) struct SourcePlan {
    /// It has its answer before anything is delivered.
    pub(super) queued: bool,
    pub(super) submissions: Vec<Submission>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Submission {
    pub(super) items: u64,
    pub(super) waits_for_room: bool,
    pub(super) gives_up: bool,
}

const SIZES: usize = 3;

/// Everything that a processor may do; what each does to log records is told again in `truth`.
const PROCESSORS: [(&str, &str); 10] = [
    ("pass", "pass: {}"),
    ("drop", "drop: {every: 3}"),
    ("drop_batch", "drop_batch: {every: 11}"),
    ("split", "split: {items: 2}"),
    ("measure", "measure: {every: 5}"),
    ("multiply", "multiply: {times: 2}"),
    ("event", "event: {every: 7}"),
    ("state", "state: {every: 4}"),
    ("panic", "panic: {every: 13}"),
    ("window", "window: {interval: 3ms}"),
];

const QUEUES: [&str; 7] = [
    "",
    "queue_size: 2",
    "queue_size: 6, sizer: items",
    "max_bytes: 1500",
    "num_consumers: 1",
    "batch: {min_size: 5, max_size: 6, flush_timeout: 2ms}",
    "enabled: false, num_consumers: 2",
];

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let counts = (1..=SIZES, 1..=SIZES, 1..=SIZES);
    let flat = counts.prop_flat_map(|(pipelines, sinks, sources)| {
        (
            vec(pipeline(sources, sinks), pipelines),
            vec(sink(), sinks),
            vec(source(), sources),
            proptest::option::weighted(0.2, 1_000..5_000_usize),
            proptest::option::of(0..40_usize),
            proptest::sample::select(&[1, 20, 200][..]),
            any::<u64>(),
        )
    });
    flat.prop_map(|(mut pipelines, sinks, sources, memory_limit, stop_after, shutdown_timeout, seed)| {
        // Every source leads somewhere.
        pipelines[0].sources = (0..sources.len()).collect();
        Plan { pipelines, sinks, sources, memory_limit, stop_after, shutdown_timeout, seed }
    })
}

fn pipeline(sources: usize, sinks: usize) -> impl Strategy<Value = Pipeline> {
    let names: Vec<_> = PROCESSORS.iter().map(|(name, _)| *name).collect();
    (
        subsequence((0..sources).collect::<Vec<_>>(), 1..=sources),
        subsequence(names, 0..4).prop_shuffle(),
        subsequence((0..sinks).collect::<Vec<_>>(), 1..=sinks),
    )
        .prop_map(|(sources, processors, sinks)| Pipeline { sources, processors, sinks })
}

fn sink() -> impl Strategy<Value = SinkPlan> {
    let when_full = prop_oneof![4 => Just("refuse"), 1 => Just("drop_oldest"), 1 => Just("drop_newest")];
    let share = || prop_oneof![2 => Just(0), 1 => 0..15_u32];
    let poison = prop_oneof![2 => Just(0), 1 => 2..20_u64];
    // Together with the rest always less than all, or nothing would ever come to an end.
    let refuse = prop_oneof![2 => Just(0), 1 => 0..30_u32, 1 => 40..60_u32];
    let weather = (refuse, share(), share(), share(), share(), share(), poison).prop_map(
        |(refuse, break_off, partial, forbidden, hang, panic, poison)| Weather {
            refuse,
            break_off,
            partial,
            forbidden,
            hang,
            panic,
            poison,
        },
    );
    let queue = proptest::sample::select(&QUEUES[..]);
    (when_full, queue, proptest::bool::weighted(0.3), proptest::bool::weighted(0.8), weather).prop_map(
        |(when_full, queue, in_total_order, retries, weather)| SinkPlan {
            when_full,
            queue,
            in_total_order,
            retries,
            weather,
        },
    )
}

fn source() -> impl Strategy<Value = SourcePlan> {
    (proptest::bool::weighted(0.2), vec(submission(), 0..25))
        .prop_map(|(queued, submissions)| SourcePlan { queued, submissions })
}

fn submission() -> impl Strategy<Value = Submission> {
    (1..12_u64, any::<bool>(), proptest::bool::weighted(0.15))
        .prop_map(|(items, waits_for_room, gives_up)| Submission { items, waits_for_room, gives_up })
}

impl Plan {
    /// The configuration of its agent.
    pub(super) fn yaml(&self) -> String {
        let mut yaml = String::from("receivers:\n");
        let mut line = |text: String| writeln!(yaml, "{text}").expect("a string");
        for (number, source) in self.sources.iter().enumerate() {
            let acknowledge = if source.queued { "queued" } else { "delivered" };
            line(format!("  source/{number}: {{acknowledge: {acknowledge}, acknowledge_timeout: 10m}}"));
        }
        line("processors:".into());
        for (name, does) in PROCESSORS {
            line(format!("  actor/{name}: {{{does}}}"));
        }
        line("exporters:".into());
        for (number, sink) in self.sinks.iter().enumerate() {
            let SinkPlan { when_full, queue, in_total_order, retries, .. } = sink;
            let comma = if queue.is_empty() { "" } else { ", " };
            line(format!("  sink/{number}:"));
            line(format!("    in_total_order: {in_total_order}"));
            line("    timeout: 5ms".into());
            line(format!("    sending_queue: {{when_full: {when_full}{comma}{queue}}}"));
            line(format!(
                "    retry_on_failure: {{enabled: {retries}, initial_interval: 1ms, max_interval: 2ms}}"
            ));
        }
        line(format!("service:\n  shutdown_timeout: {}ms", self.shutdown_timeout));
        if let Some(limit) = self.memory_limit {
            line(format!("  memory_limit: {limit}"));
        }
        line("  pipelines:".into());
        for (number, pipeline) in self.pipelines.iter().enumerate() {
            let list = |of: &str, numbers: &[usize]| {
                numbers.iter().map(|number| format!("{of}/{number}")).collect::<Vec<_>>().join(", ")
            };
            let processors: Vec<_> = pipeline.processors.iter().map(|name| format!("actor/{name}")).collect();
            line(format!("    p{number}:"));
            line(format!("      receivers: [{}]", list("source", &pipeline.sources)));
            line(format!("      processors: [{}]", processors.join(", ")));
            line(format!("      exporters: [{}]", list("sink", &pipeline.sinks)));
        }
        yaml
    }
}
