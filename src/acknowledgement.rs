//! What each receiver's acknowledgement survives, in words.

use std::{fmt::Write, time::Duration};
use tidewatch_component::{Acknowledge, AcknowledgeConfig, DeliveryConfig, WhenFull};
use tidewatch_config::{ComponentId, Config};

/// A line for each receiver that a pipeline names, and what its answers stand for below it.
pub(crate) fn describe(config: &Config) -> String {
    let mut text = String::new();
    for (id, receiver) in &config.receivers {
        let exporters = reachable(config, id);
        if exporters.is_empty() {
            continue;
        }
        let keys: AcknowledgeConfig = receiver.deserialize().unwrap_or_default();
        let queues: Vec<Queue<'_>> = exporters.into_iter().map(|id| Queue::of(config, id)).collect();
        let (name, meaning) = meaning(keys.acknowledge, &queues);
        // Writing to a string cannot fail.
        writeln!(text, "receiver {id}: acknowledge: {name}\n  {meaning}").ok();
        let dropping = names(queues.iter().filter(|queue| queue.drops));
        if !dropping.is_empty() && keys.acknowledge != Acknowledge::Queued {
            writeln!(text, "  Not for {dropping}: what its queue has no room for is dropped and counted.")
                .ok();
        }
        let answered_early = name.contains("durable") || keys.acknowledge == Acknowledge::Queued;
        for queue in queues.iter().filter(|queue| answered_early && !queue.drops) {
            if let Some(limit) = &queue.limit {
                let exporter = queue.exporter;
                writeln!(
                    text,
                    "  For `{exporter}` only as far as {limit} allows: then it is given up, and counted."
                )
                .ok();
            }
        }
    }
    text
}

/// The queue in front of an exporter.
struct Queue<'a> {
    exporter: &'a ComponentId,
    /// A full queue makes the exporter drop data, so that nobody waits for it.
    drops: bool,
    on_disk: bool,
    /// The key that gives data up although somebody counts on it.
    limit: Option<String>,
}

impl<'a> Queue<'a> {
    fn of(config: &Config, exporter: &'a ComponentId) -> Self {
        let component = config.exporters.get(exporter);
        let delivery: DeliveryConfig =
            component.and_then(|component| component.deserialize().ok()).unwrap_or_default();
        let limit = limit(&delivery);
        let queue = delivery.sending_queue;
        let drops = queue.when_full != WhenFull::Refuse;
        Self { exporter, drops, on_disk: queue.storage.is_some(), limit }
    }
}

fn limit(delivery: &DeliveryConfig) -> Option<String> {
    let retry = &delivery.retry_on_failure;
    if !retry.enabled {
        return Some("`retry_on_failure.enabled: false`".into());
    }
    if !Duration::from(retry.max_elapsed_time).is_zero() {
        return Some(format!("`retry_on_failure.max_elapsed_time: {}`", retry.max_elapsed_time));
    }
    delivery.sending_queue.max_age.map(|age| format!("`sending_queue.max_age: {age}`"))
}

fn meaning(acknowledge: Acknowledge, queues: &[Queue<'_>]) -> (&'static str, String) {
    const DELIVERED: &str = "An answer means that every exporter's destination has taken the data.";
    const DURABLE: &str =
        "An answer means that the data is on disk; it is delivered from there whatever becomes of the agent.";
    const QUEUED: &str = "An answer means that the data is in the exporters' queues. What is not on disk yet is lost if the agent dies.";
    let binding = || queues.iter().filter(|queue| !queue.drops);
    let in_memory = names(binding().filter(|queue| !queue.on_disk));
    let all_on_disk = in_memory.is_empty() && binding().next().is_some();
    match acknowledge {
        Acknowledge::Auto if all_on_disk => ("auto = durable", DURABLE.into()),
        Acknowledge::Auto => ("auto = delivered", DELIVERED.into()),
        Acknowledge::Delivered => ("delivered", DELIVERED.into()),
        Acknowledge::Durable if all_on_disk => ("durable", DURABLE.into()),
        Acknowledge::Durable if binding().all(|queue| !queue.on_disk) => {
            ("durable = delivered", format!("No queue is on disk. {DELIVERED}"))
        }
        Acknowledge::Durable => {
            let rest = format!(
                "{DURABLE} The destination of {in_memory} has taken it: the queue there is in memory."
            );
            ("durable", rest)
        }
        Acknowledge::Queued => ("queued", QUEUED.into()),
    }
}

/// The exporters of the receiver's pipelines, each once.
fn reachable<'a>(config: &'a Config, receiver: &ComponentId) -> Vec<&'a ComponentId> {
    let pipelines = config.service.pipelines.values();
    let behind = pipelines.filter(|pipeline| pipeline.receivers.contains(receiver));
    let mut exporters: Vec<&ComponentId> = behind.flat_map(|pipeline| &pipeline.exporters).collect();
    exporters.sort();
    exporters.dedup();
    exporters
}

fn names<'a>(queues: impl Iterator<Item = &'a Queue<'a>>) -> String {
    let quoted: Vec<String> = queues.map(|queue| format!("`{}`", queue.exporter)).collect();
    quoted.join(", ")
}
