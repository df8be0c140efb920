//! What is on disk alone: behind everything that is in memory, and in the same order.

use super::record;
use std::collections::HashMap;
use std::sync::Arc;
use tidewatch_component::{Batch, Budget, DataType, Reservation, Waiting};
use tidewatch_store::{Located, Recovered};

/// The accounts of records that are to be read back.
pub(super) struct Behind {
    records: u64,
    items: [u64; DataType::ALL.len()],
    /// The room that they take, in bytes on disk.
    room: Reservation,
    /// And in requests or items, where the queue is bounded in these.
    units: Option<Reservation>,
    /// Whoever waits for delivery, by the record's sequence.
    waiting: HashMap<u64, Waiting>,
}

impl Behind {
    pub(super) fn new(room: &Arc<Budget>, units: Option<&Arc<Budget>>) -> Self {
        Self {
            records: 0,
            items: [0; DataType::ALL.len()],
            room: room.overdraw(0),
            units: units.map(|units| units.overdraw(0)),
            waiting: HashMap::new(),
        }
    }

    /// What an earlier agent has left; `units` is what it takes in the queue's sizer.
    pub(super) fn recovered(&mut self, found: &Recovered, units: u64) {
        self.records = found.records;
        for (kind, items) in &found.held {
            if let Some(data_type) = record::data_type(*kind) {
                self.items[data_type as usize] = *items;
            }
        }
        self.room.resize(usize::try_from(found.bytes).unwrap_or(usize::MAX));
        if let Some(own) = &mut self.units {
            own.resize(usize::try_from(units).unwrap_or(usize::MAX));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records == 0
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (DataType, usize)> {
        DataType::ALL
            .into_iter()
            .map(|of| (of, usize::try_from(self.items[of as usize]).unwrap_or(usize::MAX)))
    }

    /// A batch leaves memory.
    pub(super) fn add(
        &mut self,
        located: Located,
        mut batch: Batch,
        room: Option<Reservation>,
        units: Option<Reservation>,
    ) {
        self.records += 1;
        self.items[batch.data_type() as usize] += batch.items() as u64;
        if let Some(room) = room {
            self.room.absorb(room);
        }
        if let (Some(all), Some(own)) = (&mut self.units, units) {
            all.absorb(own);
        }
        let waiting = batch.take_waiting();
        if !waiting.is_empty() {
            self.waiting.insert(located.sequence, waiting);
        }
    }

    /// Items stay on disk until the next start.
    pub(super) fn leave(&mut self, data_type: DataType, items: usize) {
        self.items[data_type as usize] += items as u64;
    }

    /// A batch was read back; `units` is what it takes in the queue's sizer. Gives its room.
    pub(super) fn take(
        &mut self,
        located: Located,
        batch: &mut Batch,
        units: usize,
    ) -> (Reservation, Option<Reservation>) {
        self.records = self.records.saturating_sub(1);
        let items = &mut self.items[batch.data_type() as usize];
        *items = items.saturating_sub(batch.items() as u64);
        if let Some(waiting) = self.waiting.remove(&located.sequence) {
            batch.wait_again(waiting);
        }
        (self.room.take(located.length as usize), self.units.as_mut().map(|own| own.take(units)))
    }

    /// Everything was read. What is left over could not be: damaged records, by kind.
    pub(super) fn settle(&mut self) -> Vec<(DataType, usize)> {
        let lost = self.items().filter(|(_, items)| *items > 0).collect();
        self.records = 0;
        self.items = [0; DataType::ALL.len()];
        self.room.resize(0);
        if let Some(units) = &mut self.units {
            units.resize(0);
        }
        self.waiting.clear();
        lost
    }
}
