//! The queue that dead letters go to.

use crate::delivery::Lane;
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex, PoisonError};
use tidewatch_component::{Batch, DataType, Permit, dead_letter::Office};
use tidewatch_telemetry::{Books, Metrics, NodeKind};

/// In front of the lane of `service.dead_letter`: where letters are made, by the books.
pub(crate) struct LaneOffice {
    lane: Arc<Lane>,
    books: Arc<Books>,
    /// Looking for room and taking it are one.
    one_by_one: Mutex<()>,
}

impl LaneOffice {
    pub(crate) fn new(lane: Arc<Lane>, metrics: &Metrics) -> Arc<Self> {
        let books = Books::open(metrics, NodeKind::DeadLetter, "", "service.dead_letter");
        Arc::new(Self { lane, books, one_by_one: Mutex::default() })
    }
}

impl Office for LaneOffice {
    fn exporter(&self) -> &str {
        self.lane.id()
    }

    fn post(&self, batch: Batch) -> Result<(), Batch> {
        let _one = self.one_by_one.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the lane's own room counts: the originals are still held, and must not keep their letters from being
        // written where all queues together are full.
        if self.lane.may_refuse() && !self.lane.has_room(batch.memory(), 1) {
            return Err(batch);
        }
        self.books.created(DataType::Logs, 1);
        self.books.went_out(DataType::Logs, 1);
        self.lane.push(batch, &mut Permit::default());
        Ok(())
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        self.lane.freed()
    }
}
