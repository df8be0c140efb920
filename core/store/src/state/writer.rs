//! The one thread that writes: whatever waits goes into one transaction.

use super::{
    StateError,
    database::Database,
    engine::{Engine, guarded},
    pending::Work,
};
use crate::{Storage, StoreMetrics};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
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
    /// What this sync was for may be lost although it can still be read: the file must be written anew.
    sync_failed: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn new(
        engine: Arc<Engine>,
        storage: Arc<dyn Storage>,
        writing: Writing,
        metrics: StoreMetrics,
    ) -> Self {
        Self { engine, storage, writing, metrics, sync_failed: Arc::default() }
    }

    pub(super) fn open(&self) -> Result<(), StateError> {
        let mut database = self.open_database()?;
        if self.writing.compact {
            guarded(|| Ok(database.compact()?))?;
        }
        self.engine.set(Ok(database));
        Ok(())
    }

    pub(super) fn run(self) {
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
                if let Err(error) = self.renew_if_distrusted() {
                    tracing::error!(%error, "the last state may not survive a power failure");
                }
                return;
            }
        }
    }

    fn commit(&self, work: &Work) -> Result<(), StateError> {
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
    fn failed(&self, work: Work, error: &StateError) {
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

    fn reopen(&self) -> Result<(), StateError> {
        self.engine.set(Err(StateError::Closed));
        self.renew_if_distrusted()?;
        self.engine.set(Ok(self.open_database()?));
        Ok(())
    }

    fn renew_if_distrusted(&self) -> Result<(), StateError> {
        if self.sync_failed.load(Relaxed) {
            match guarded(|| Database::renew(&*self.storage)) {
                Err(StateError::Corrupt(reason)) if self.writing.recreate => self.put_aside(&reason)?,
                renewed => renewed?,
            }
            self.sync_failed.store(false, Relaxed);
        }
        Ok(())
    }

    fn put_aside(&self, reason: &str) -> Result<(), StateError> {
        let file = Database::put_aside(&*self.storage)?;
        self.metrics.put_aside.inc();
        tracing::error!(
            reason,
            file,
            "the state file cannot be read: it is put aside, and the agent remembers nothing"
        );
        Ok(())
    }

    /// An unreadable file makes room for an empty one.
    fn open_database(&self) -> Result<Database, StateError> {
        let open = || guarded(|| Database::open(&*self.storage, self.writing.sync, &self.sync_failed));
        match open() {
            Err(StateError::Corrupt(reason)) if self.writing.recreate => {
                self.put_aside(&reason)?;
                open()
            }
            opened => opened,
        }
    }
}
