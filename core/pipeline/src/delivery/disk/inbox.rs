//! What the rest of a lane asks of the thread that owns its log.

use crate::delivery::queue::Entry;
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tidewatch_store::Located;

/// Work for the keeper, gathered while it is busy.
#[derive(Default)]
pub(super) struct Inbox {
    waiting: Mutex<Work>,
    some: Condvar,
}

/// Everything that was asked since the last time.
#[derive(Default)]
pub(super) struct Work {
    pub(super) entries: Vec<Entry>,
    pub(super) done: Vec<Located>,
    /// There may be room in memory for what is on disk alone.
    pub(super) refill: bool,
    /// Nothing more will come.
    pub(super) closing: bool,
}

impl Inbox {
    /// Asks for an entry to be written.
    ///
    /// # Errors
    /// Gives it back once closed.
    pub(super) fn push(&self, entry: Entry) -> Result<(), Box<Entry>> {
        let mut work = self.lock();
        if work.closing {
            return Err(Box::new(entry));
        }
        work.entries.push(entry);
        self.some.notify_one();
        Ok(())
    }

    /// Asks for records to be forgotten.
    pub(super) fn done(&self, records: Vec<Located>) {
        self.lock().done.extend(records);
        self.some.notify_one();
    }

    /// Asks for more to be read.
    pub(super) fn refill(&self) {
        self.lock().refill = true;
        self.some.notify_one();
    }

    /// The keeper is to finish.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.some.notify_one();
    }

    /// Waits for work, or until the given moment.
    pub(super) fn wait(&self, until: Option<Instant>) -> Work {
        let mut work = self.lock();
        while work.is_none() {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            work = match left {
                Some(left) if left.is_zero() => break,
                Some(left) => self.some.wait_timeout(work, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.some.wait(work).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let closing = work.closing;
        let taken = std::mem::take(&mut *work);
        work.closing = closing;
        taken
    }

    /// Calls `look` with every entry that is not written yet.
    pub(super) fn look_at_entries(&self, look: impl FnMut(&Entry)) {
        self.lock().entries.iter().for_each(look);
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    fn is_none(&self) -> bool {
        self.entries.is_empty() && self.done.is_empty() && !self.refill && !self.closing
    }
}
