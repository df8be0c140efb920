//! An exporter's metrics, in the Collector's names, and its accounts.

use std::sync::Arc;
use tidewatch_component::{DataType, SignalSet};
use tidewatch_telemetry::{Books, IntCounter, Metrics, NodeKind, per_signal};

pub(crate) struct Meters {
    pub(crate) books: Arc<Books>,
    sent: [IntCounter; DataType::ALL.len()],
    send_failed: [IntCounter; DataType::ALL.len()],
    enqueue_failed: [IntCounter; DataType::ALL.len()],
}

/// Why an exporter drops items. Each is told from the start, as 0: a counter that is born at its first value
/// hides that value from Prometheus' `increase`.
const REASONS: [&str; 6] =
    ["rejected", "dead_letter", "retries_exhausted", "abandoned", "queue_full", "shutdown"];
/// And where the queue is on disk.
const REASONS_ON_DISK: [&str; 3] = ["expired", "damaged", "disk"];

impl Meters {
    pub(crate) fn new(metrics: &Metrics, exporter: &str, takes: SignalSet, on_disk: bool) -> Self {
        let counters = |what: &str, help: &str| {
            per_signal(metrics, &format!("exporter_{what}"), help, &["exporter"], &[exporter])
        };
        let books = Books::open(metrics, NodeKind::Exporter, "", exporter);
        for data_type in takes.iter() {
            let on_disk = REASONS_ON_DISK.iter().filter(|_| on_disk);
            REASONS.iter().chain(on_disk).for_each(|reason| books.dropped(data_type, 0, reason));
        }
        Self {
            books,
            sent: counters("sent", "Items that the destination took."),
            send_failed: counters("send_failed", "Items that could not be sent and were given up."),
            enqueue_failed: counters("enqueue_failed", "Items for which the queue had no room."),
        }
    }

    pub(crate) fn delivered(&self, data_type: DataType, items: usize) {
        self.sent[data_type as usize].inc_by(items as u64);
        self.books.went_out(data_type, items);
    }

    pub(crate) fn failed(&self, data_type: DataType, items: usize, reason: &str) {
        self.send_failed[data_type as usize].inc_by(items as u64);
        self.books.dropped(data_type, items, reason);
    }

    pub(crate) fn no_room(&self, data_type: DataType, items: usize, reason: &str) {
        self.enqueue_failed[data_type as usize].inc_by(items as u64);
        self.books.dropped(data_type, items, reason);
    }
}
