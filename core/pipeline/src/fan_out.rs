//! The end of a pipeline: every batch to every exporter that takes it.

use crate::delivery::Lane;
use std::sync::Arc;
use tidewatch_component::{Batch, DataType, Permit};
use tidewatch_telemetry::Books;

pub(crate) struct FanOut {
    lanes: Vec<Arc<Lane>>,
    books: Arc<Books>,
}

impl FanOut {
    pub(crate) fn new(lanes: Vec<Arc<Lane>>, books: Arc<Books>) -> Self {
        Self { lanes, books }
    }

    /// The exporters that take this kind of data.
    pub(crate) fn takers(&self, data_type: DataType) -> impl Iterator<Item = &Arc<Lane>> {
        self.lanes.iter().filter(move |lane| lane.takes().contains(data_type))
    }

    /// Queues the batch everywhere; clones a reference, never telemetry.
    pub(crate) fn deliver(&self, batch: Batch, permit: &mut Permit) {
        let (data_type, items) = (batch.data_type(), batch.items());
        self.books.came_in(data_type, items);
        let mut takers = self.takers(data_type).peekable();
        if takers.peek().is_none() {
            self.books.dropped(data_type, items, "no_exporter");
            return batch.end_dropped("no_exporter");
        }
        self.books.went_out(data_type, items);
        batch.give_each(takers, |lane, own| lane.push(own, permit));
    }
}
