//! The one thread that writes: whatever waits goes into one transaction.

use super::{
    StateError,
    database::Database,
    engine::{Engine, guarded},
    pending::Work,
};
use crate::{Storage, StoreMetrics};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How state is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writing {
    /// Whether a write is on the disk itself when it is done.
    pub(crate) sync: bool,
    /// The least time between two transactions.
    pub(crate) pause: Duration,
    /// Whether an unreadable file is put aside; otherwise it is an error.
    pub(crate) recreate: bool,
    /// Whether the file is made as small as it can be when it is opened first.
    pub(crate) compact: bool,
}

pub(super) struct Writer {
    engine: Arc<Engine>,
    storage: Arc<dyn Storage>,
    writing: Writing,
    metrics: StoreMetrics,
    /// A sync has failed: the file must be written anew.
    distrusted: bool,
}

impl Writer {
    pub(super) fn new(
        engine: Arc<Engine>,
        storage: Arc<dyn Storage>,
        writing: Writing,
        metrics: StoreMetrics,
    ) -> Self {
        Self { engine, storage, writing, metrics, distrusted: false }
    }

    pub(super) fn open(&mut self) -> Result<(), StateError> {
        let mut database = self.open_database()?;
        if self.writing.compact {
            guarded(|| Ok(database.compact()?))?;
        }
        self.engine.set(Ok(database));
        Ok(())
    }

    pub(super) fn run(mut self) {
        let mut last = Instant::now();
        loop {
            let work = self.engine.pending().next(last, self.writing.pause);
            last = Instant::now();
            let written = self.commit(&work);
            let is_last = work.last;
            match written {
                Ok(()) => self.succeeded(work),
                Err(error) => self.failed(work, &error),
            }
            if is_last {
                // Redb marks the file as closed in peace.
                self.engine.set(Err(StateError::Closed));
                return;
            }
        }
    }

    fn commit(&mut self, work: &Work) -> Result<(), StateError> {
        if work.changes.is_empty() {
            return Ok(());
        }
        if self.engine.with(|_| Ok(())).is_err() {
            self.reopen()?;
        }
        let changes = work.changes.iter().map(|((owner, _), change)| (&**owner, change));
        self.engine.with(|database| database.write(changes))
    }

    fn succeeded(&self, work: Work) {
        if !work.changes.is_empty() {
            self.metrics.commits.inc();
            self.metrics.changes.inc_by(work.changes.len() as u64);
        }
        if self.engine.pending().done(work) {
            tracing::info!("state is written again");
        }
    }

    /// Redb takes nothing more after a failure, until the file is opened anew.
    fn failed(&mut self, work: Work, error: &StateError) {
        self.metrics.failed.inc();
        if work.last {
            tracing::error!(%error, entries = work.changes.len(), "the last changes of state are not written");
        }
        if self.engine.pending().failed(work, error) {
            tracing::error!(%error, "state is not written; it is tried again");
        }
        if let Err(error) = self.reopen() {
            self.engine.set(Err(error));
        }
    }

    fn reopen(&mut self) -> Result<(), StateError> {
        self.distrusted |= self.engine.with(|database| Ok(database.sync_failed())).unwrap_or(false);
        self.engine.set(Err(StateError::Closed));
        if self.distrusted {
            guarded(|| Database::renew(&self.storage, self.writing.sync))?;
            self.distrusted = false;
        }
        self.engine.set(Ok(self.open_database()?));
        Ok(())
    }

    /// An unreadable file makes room for an empty one.
    fn open_database(&self) -> Result<Database, StateError> {
        let open = || guarded(|| Database::open(&self.storage, self.writing.sync));
        match open() {
            Err(StateError::Corrupt(reason)) if self.writing.recreate => {
                let file = Database::put_aside(&*self.storage)?;
                self.metrics.put_aside.inc();
                tracing::error!(
                    reason,
                    file,
                    "the state file cannot be read: it is put aside, and the agent remembers nothing"
                );
                open()
            }
            opened => opened,
        }
    }
}
