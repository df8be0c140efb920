//! The metrics of a queue on disk.

use std::time::Duration;
use tidewatch_store::Damage;
use tidewatch_telemetry::{Histogram, IntCounter, IntGauge, Metrics};

/// Seconds. A good disk syncs in less than one thousandth, a bad one takes a second.
const SYNC_SECONDS: [f64; 9] = [0.0002, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0, 5.0];

pub(crate) struct DiskMeters {
    size: IntGauge,
    sync: Histogram,
    damaged_items: IntCounter,
    damaged_bytes: IntCounter,
    torn_bytes: IntCounter,
}

impl DiskMeters {
    pub(super) fn new(metrics: &Metrics, exporter: &str) -> Self {
        let counter = |name: &str, help: &str| {
            metrics.counter(name, help, &["exporter"]).with_label_values(&[exporter])
        };
        Self {
            size: metrics
                .gauge("tidewatch_queue_disk_bytes", "Bytes of the queue's files.", &["exporter"])
                .with_label_values(&[exporter]),
            sync: metrics
                .histogram(
                    "tidewatch_queue_sync_seconds",
                    "How long the disk took to make a group of batches durable.",
                    &["exporter"],
                    &SYNC_SECONDS,
                )
                .with_label_values(&[exporter]),
            damaged_items: counter(
                "tidewatch_queue_damaged_items",
                "Items of records that the disk gave back otherwise than they were written.",
            ),
            damaged_bytes: counter(
                "tidewatch_queue_damaged_bytes",
                "Bytes of such records; they are put aside in the queue's directory.",
            ),
            torn_bytes: counter(
                "tidewatch_queue_torn_bytes",
                "Bytes that a crash had left of records which nobody was told of.",
            ),
        }
    }

    pub(super) fn size(&self, bytes: u64) {
        self.size.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(super) fn synced(&self, took: Duration) {
        self.sync.observe(took.as_secs_f64());
    }

    /// Counts damage, and says so.
    pub(super) fn damaged(&self, exporter: &str, damage: &Damage) {
        if damage.is_none() {
            return;
        }
        self.damaged_items.inc_by(damage.items);
        self.damaged_bytes.inc_by(damage.bytes);
        self.torn_bytes.inc_by(damage.torn_bytes);
        if damage.bytes > 0 || damage.items > 0 {
            tracing::error!(
                exporter,
                items = damage.items,
                bytes = damage.bytes,
                "the queue on disk is damaged; what cannot be read is put aside"
            );
        } else {
            tracing::warn!(
                exporter,
                bytes = damage.torn_bytes,
                "cut off the end of the queue's log that a crash had left half written"
            );
        }
    }

    pub(super) fn unreadable(&self, items: u32) {
        self.damaged_items.inc_by(items.into());
    }
}
