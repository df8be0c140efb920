use tidewatch_telemetry::{IntCounter, Metrics};

/// What a store counts.
#[derive(Clone)]
pub(crate) struct StoreMetrics {
    /// Transactions written.
    pub(crate) commits: IntCounter,
    /// Changes of entries written.
    pub(crate) changes: IntCounter,
    /// Transactions that failed.
    pub(crate) failed: IntCounter,
    /// Changes let go of for want of room.
    pub(crate) refused: IntCounter,
    /// Files that could not be read.
    pub(crate) put_aside: IntCounter,
}

impl StoreMetrics {
    /// Of the extension `id`.
    pub(crate) fn new(metrics: &Metrics, id: &str) -> Self {
        let counter = |name, help| metrics.counter(name, help, &["extension"]).with_label_values(&[id]);
        Self {
            commits: counter("tidewatch_state_commits", "Transactions in which state was written."),
            changes: counter("tidewatch_state_changes", "Changes of state that were written."),
            failed: counter(
                "tidewatch_state_failed_commits",
                "Transactions that failed, and were tried again.",
            ),
            refused: counter(
                "tidewatch_state_refused_changes",
                "Changes of state that were let go of, as too much waited already.",
            ),
            put_aside: counter(
                "tidewatch_state_files_put_aside",
                "State files that could not be read; the agent went on without.",
            ),
        }
    }
}
