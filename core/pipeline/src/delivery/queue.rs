//! Batches in front of an exporter, bounded in bytes, joined on the way out.

use super::policy::Gathering;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tidewatch_component::{Batch, DataType, Room};

/// A batch and the room it takes.
pub(crate) struct Entry {
    pub(crate) batch: Batch,
    pub(crate) room: Room,
    arrived: Instant,
}

impl Entry {
    pub(crate) fn new(batch: Batch, room: Room) -> Self {
        Self { batch, room, arrived: Instant::now() }
    }
}

/// What a worker finds.
pub(crate) enum Next {
    /// Batches to be sent as one request.
    Send(Vec<Entry>),
    /// Nothing worth sending before this moment, unless more comes in or an answer returns.
    Hold(Instant),
    /// Nothing.
    Empty,
}

/// A queue in memory, first in, first out.
#[derive(Default)]
pub(crate) struct Queue {
    entries: Mutex<VecDeque<Entry>>,
}

impl Queue {
    pub(crate) fn push(&self, entry: Entry) {
        self.lock().push_back(entry);
    }

    /// The oldest entry.
    pub(crate) fn pop(&self) -> Option<Entry> {
        self.lock().pop_front()
    }

    /// Takes out whatever its sources have given up.
    pub(crate) fn take_abandoned(&self) -> Vec<Entry> {
        let mut entries = self.lock();
        let (gone, kept) = entries.drain(..).partition(|entry| entry.batch.is_abandoned());
        *entries = kept;
        gone.into()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Items by kind of data, by walking the queue.
    pub(crate) fn held(&self) -> Vec<(DataType, usize)> {
        self.lock().iter().map(|entry| (entry.batch.data_type(), entry.batch.items())).collect()
    }

    /// Everything at the front that may leave in one request, if that is worth sending now. `busy` says
    /// that a request is under way; `closing` that nothing more will come.
    pub(crate) fn next(&self, gathering: &Gathering, busy: bool, closing: bool) -> Next {
        let mut entries = self.lock();
        let Some(first) = entries.front() else { return Next::Empty };
        let (mut count, mut items, mut bytes, mut awaited) = (0, 0, 0, false);
        for entry in entries.iter() {
            let more = (items + entry.batch.items(), bytes + entry.batch.memory());
            let fits =
                (gathering.max_items == 0 || more.0 <= gathering.max_items) && more.1 <= gathering.max_bytes;
            if count > 0 && !(fits && first.batch.joins(&entry.batch)) {
                break;
            }
            (count, items, bytes) = (count + 1, more.0, more.1);
            awaited |= entry.batch.is_awaited();
        }
        let complete = count < entries.len();
        let worth_it = (gathering.min_items == 0 && gathering.min_bytes == 0)
            || (gathering.min_items > 0 && items >= gathering.min_items)
            || (gathering.min_bytes > 0 && bytes >= gathering.min_bytes);
        let due = first.arrived + gathering.timeout;
        // Whoever waits for an answer is never held for a timer: at most until the request before it
        // has its own.
        if worth_it || complete || closing || (awaited && !busy) || due <= Instant::now() {
            return Next::Send(entries.drain(..count).collect());
        }
        Next::Hold(due)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
