//! The end of a pipeline: every batch to every exporter that takes it.

use crate::delivery::Lane;
use std::sync::Arc;
use tidewatch_component::{Batch, DataType, Permit, SignalSet};
use tidewatch_telemetry::Books;

pub(crate) struct FanOut {
    outlets: Vec<Outlet>,
    books: Arc<Books>,
}

/// An exporter's lane, and how pipelines have to deal with it.
#[derive(Clone)]
pub(crate) struct Outlet {
    pub(crate) lane: Arc<Lane>,
    /// The kinds of data that it gets.
    pub(crate) takes: SignalSet,
    /// Whether admission depends on it. A lane that may drop holds nobody back.
    pub(crate) may_refuse: bool,
}

impl FanOut {
    pub(crate) fn new(outlets: Vec<Outlet>, books: Arc<Books>) -> Self {
        Self { outlets, books }
    }

    /// The exporters that take this kind of data.
    pub(crate) fn takers(&self, data_type: DataType) -> impl Iterator<Item = &Outlet> {
        self.outlets.iter().filter(move |outlet| outlet.takes.contains(data_type))
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
        batch.give_each(takers, |outlet, own| outlet.lane.push(own, permit));
    }
}
