//! What has left the queue and has not ended yet.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tidewatch_component::DataType;
use tidewatch_telemetry::Books;

/// All requests of a lane that are being delivered.
#[derive(Default)]
pub(crate) struct UnderWay {
    next: AtomicUsize,
    bytes: AtomicUsize,
    flights: Mutex<HashMap<usize, (DataType, usize)>>,
}

/// The items of one request, from the queue to their ends. What has not ended when this is dropped was
/// lost to a panic.
pub(crate) struct Flight<'a> {
    all: &'a UnderWay,
    books: &'a Books,
    number: usize,
    bytes: usize,
    written_at: Option<u64>,
}

impl UnderWay {
    pub(crate) fn start<'a>(
        &'a self,
        data_type: DataType,
        items: usize,
        bytes: usize,
        books: &'a Books,
    ) -> Flight<'a> {
        self.bytes.fetch_add(bytes, Relaxed);
        let number = self.next.fetch_add(1, Relaxed);
        self.lock().insert(number, (data_type, items));
        Flight { all: self, books, number, bytes, written_at: None }
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// Items by kind of data, by walking the flights.
    pub(crate) fn held(&self) -> Vec<(DataType, usize)> {
        self.lock().values().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, (DataType, usize)>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight<'_> {
    /// With the moment at which the youngest of it was written to disk.
    pub(crate) fn written_at_last(mut self, written_at: Option<u64>) -> Self {
        self.written_at = written_at;
        self
    }

    /// When the youngest of it was written to disk, in nanoseconds since 1970.
    pub(crate) fn written_at(&self) -> Option<u64> {
        self.written_at
    }

    /// These items are accounted for.
    pub(crate) fn ended(&self, items: usize) {
        if let Some((_, left)) = self.all.lock().get_mut(&self.number) {
            *left -= items;
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.all.bytes.fetch_sub(self.bytes, Relaxed);
        let last = self.all.lock().remove(&self.number);
        if let Some((data_type, left)) = last.filter(|(_, left)| *left > 0) {
            self.books.dropped(data_type, left, "panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidewatch_telemetry::{Metrics, NodeKind};

    #[test]
    fn what_has_not_ended_is_counted_as_lost() {
        let metrics = Metrics::default();
        let books = Books::open(&metrics, NodeKind::Exporter, "", "sink");
        let under_way = UnderWay::default();
        let flight = under_way.start(DataType::Logs, 5, 100, &books);
        let other = under_way.start(DataType::Traces, 1, 20, &books);
        flight.ended(3);
        let mut held = under_way.held();
        held.sort_unstable();
        assert_eq!(held, [(DataType::Traces, 1), (DataType::Logs, 2)]);
        drop(flight);
        assert!(metrics.render().contains(r#"reason="panic",signal="logs"} 2"#));
        other.ended(1);
        drop(other);
        assert!(under_way.held().is_empty() && under_way.bytes() == 0);
        assert!(!metrics.render().contains(r#"signal="traces"}"#));
    }
}
