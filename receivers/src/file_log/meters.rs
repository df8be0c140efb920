use tidewatch_telemetry::{IntCounter, IntGauge, Metrics};

/// What a receiver counts about its files.
#[derive(Clone)]
pub(super) struct Meters {
    pub(super) open: IntGauge,
    pub(super) reading: IntGauge,
    pub(super) followed: IntGauge,
    pub(super) unreadable: IntGauge,
    pub(super) bytes: IntCounter,
    pub(super) renamed: IntCounter,
    pub(super) truncated: IntCounter,
    pub(super) copied: IntCounter,
    pub(super) lost_bytes: IntCounter,
    pub(super) deleted: IntCounter,
    pub(super) repeated: IntCounter,
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, receiver: &str) -> Self {
        let gauge =
            |name: &str, help: &str| metrics.gauge(name, help, &["receiver"]).with_label_values(&[receiver]);
        let counter = |name: &str, help: &str| {
            let name = format!("tidewatch_file_log_{name}_total");
            metrics.counter(&name, help, &["receiver"]).with_label_values(&[receiver])
        };
        Self {
            open: gauge("otelcol_fileconsumer_open_files", "Files that are open."),
            reading: gauge("otelcol_fileconsumer_reading_files", "Files with more to read than was read."),
            followed: gauge("tidewatch_file_log_files", "Files that are followed, open or not."),
            unreadable: gauge(
                "tidewatch_file_log_unreadable_files",
                "Files that should be read and cannot be.",
            ),
            bytes: counter("read_bytes", "Bytes of text that were read."),
            renamed: counter("renames", "Files that were found again under another name."),
            truncated: counter("truncations", "Files whose content was replaced."),
            copied: counter(
                "copies",
                "Files that have the content of one that was read before its rotation.",
            ),
            lost_bytes: counter("lost_bytes", "Bytes known to be gone before they were read."),
            deleted: counter("deleted_files", "Files deleted because all of them was delivered."),
            repeated: counter("repeats", "Requests handed over once more, because they were not delivered."),
        }
    }
}
