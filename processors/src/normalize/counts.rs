use super::records::Reason;
use std::collections::HashMap;
use tidewatch_component::BuildContext;
use tidewatch_telemetry::IntCounter;

/// What one processor tells about the records that it has seen.
#[derive(Debug)]
pub(super) struct RecordCounts {
    /// By [`Reason::ALL`].
    refused: Vec<IntCounter>,
    /// By the names of fields in the configuration.
    replaced: HashMap<String, IntCounter>,
}

impl RecordCounts {
    pub(super) fn new<'f>(context: &BuildContext, fields: impl Iterator<Item = &'f str>) -> Self {
        let (id, pipeline) = (context.id.to_string(), context.pipeline.as_str());
        let refused = context.metrics.counter(
            "tidewatch_normalize_refused_records",
            "Log records that could not be brought into their form, by reason.",
            &["processor", "pipeline", "reason"],
        );
        let replaced = context.metrics.counter(
            "tidewatch_normalize_replaced_values",
            "Values that were not valid and for which the configured one was taken, by field.",
            &["processor", "pipeline", "field"],
        );
        let of_reason = |reason: Reason| refused.with_label_values(&[&id, pipeline, reason.name()]);
        let of_field = |field: &str| (field.to_owned(), replaced.with_label_values(&[&id, pipeline, field]));
        Self { refused: Reason::ALL.map(of_reason).into(), replaced: fields.map(of_field).collect() }
    }

    pub(super) fn refused(&self, reason: Reason) {
        self.refused[reason as usize].inc();
    }

    pub(super) fn replaced(&self, field: &str) {
        if let Some(counter) = self.replaced.get(field) {
            counter.inc();
        }
    }
}
