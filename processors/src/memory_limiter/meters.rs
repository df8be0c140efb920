//! What a memory limiter tells about itself.

use super::{Usage, config::Marks};
use tidewatch_component::BuildContext;
use tidewatch_telemetry::{IntCounter, IntGauge};

pub(super) struct Meters {
    refused_batches: IntCounter,
    refused_bytes: IntCounter,
    hard: IntGauge,
    soft: IntGauge,
    queues: IntGauge,
    process: IntGauge,
    group: IntGauge,
    refusing: IntGauge,
}

impl Meters {
    pub(super) fn new(context: &BuildContext) -> Self {
        let id = context.id.to_string();
        let own = [id.as_str(), &context.pipeline];
        let refused = |name, help| {
            context.metrics.counter(name, help, &["processor", "pipeline"]).with_label_values(&own)
        };
        let gauge = |name, help, label: Option<(&str, &str)>| {
            let mut labels = vec!["processor", "pipeline"];
            labels.extend(label.map(|(name, _)| name));
            let mut values = own.to_vec();
            values.extend(label.map(|(_, value)| value));
            context.metrics.gauge(name, help, &labels).with_label_values(&values)
        };
        let limit = |limit| {
            let help = "Bytes above which the memory limiter refuses new data (soft), and the limit below which it keeps room for spikes (hard).";
            gauge("tidewatch_memory_limiter_limit_bytes", help, Some(("limit", limit)))
        };
        let used = |of| {
            let help = "Bytes held when the memory limiter last looked: by the queues, the process, and its control group.";
            gauge("tidewatch_memory_limiter_used_bytes", help, Some(("of", of)))
        };
        Self {
            refused_batches: refused(
                "otelcol_processor_refused_batches",
                "Batches that a processor refused before anything saw them; their senders may come back.",
            ),
            refused_bytes: refused(
                "otelcol_processor_refused_bytes",
                "Bytes of the batches that a processor refused before anything saw them.",
            ),
            hard: limit("hard"),
            soft: limit("soft"),
            queues: used("queues"),
            process: used("process"),
            group: used("group"),
            refusing: gauge(
                "tidewatch_memory_limiter_refusing",
                "1 while the memory limiter refuses new data.",
                None,
            ),
        }
    }

    pub(super) fn refused(&self, bytes: usize) {
        self.refused_batches.inc();
        self.refused_bytes.inc_by(bytes as u64);
    }

    pub(super) fn looked(&self, usage: &Usage, marks: Marks, refusing: bool) {
        let set = |gauge: &IntGauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.hard, marks.hard);
        set(&self.soft, marks.soft);
        set(&self.queues, usage.queues);
        set(&self.process, usage.process);
        set(&self.group, usage.group);
        self.refusing.set(i64::from(refusing));
    }
}
