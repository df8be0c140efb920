//! What each receiver's acknowledgement survives, in words.

use std::fmt::Write;
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
        let (name, meaning) = meaning(keys.acknowledge);
        // Writing to a string cannot fail.
        writeln!(text, "receiver {id}: acknowledge: {name}\n  {meaning}").ok();
        let dropping: Vec<String> =
            exporters.into_iter().filter(|id| drops(config, id)).map(quoted).collect();
        if !dropping.is_empty() && keys.acknowledge != Acknowledge::Queued {
            let names = dropping.join(", ");
            writeln!(text, "  Not for {names}: what its queue has no room for is dropped and counted.").ok();
        }
    }
    text
}

/// Every queue is in memory.
fn meaning(acknowledge: Acknowledge) -> (&'static str, &'static str) {
    const DELIVERED: &str = "An answer means that every exporter's destination has taken the data.";
    match acknowledge {
        Acknowledge::Auto => ("auto = delivered", DELIVERED),
        Acknowledge::Delivered => ("delivered", DELIVERED),
        Acknowledge::Durable => {
            let meaning =
                "No queue is on disk. An answer means that every exporter's destination has taken the data.";
            ("durable = delivered", meaning)
        }
        Acknowledge::Queued => {
            let meaning = "An answer means that the data is in the exporters' queues, in memory. It is lost if the agent dies.";
            ("queued", meaning)
        }
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

/// Whether a full queue makes the exporter drop data, so that nobody waits for it.
fn drops(config: &Config, exporter: &ComponentId) -> bool {
    let delivery: Option<DeliveryConfig> =
        config.exporters.get(exporter).and_then(|component| component.deserialize().ok());
    delivery.is_some_and(|delivery| delivery.sending_queue.when_full != WhenFull::Refuse)
}

fn quoted(id: &ComponentId) -> String {
    format!("`{id}`")
}
