//! The database behind all [`State`](super::State)s of a store, and what waits for it.

use super::{
    OwnerSummary, StateError,
    database::Database,
    pending::Pending,
    writer::{Writer, Writing},
};
use crate::{Storage, StoreMetrics};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, RwLock},
    thread::{self, JoinHandle},
};

/// Readers meet the writer here.
pub(crate) struct Engine {
    pending: Pending,
    /// Or why there is none: it is not open, or could not be opened anew after a failure.
    database: RwLock<Result<Database, StateError>>,
}

impl Engine {
    pub(crate) fn new(metrics: &StoreMetrics) -> Arc<Self> {
        Arc::new(Self {
            pending: Pending::new(metrics.refused.clone()),
            database: RwLock::new(Err(StateError::Closed)),
        })
    }

    /// Opens the database and starts the writer, which ends after [`Engine::close`].
    pub(crate) fn open(
        self: &Arc<Self>,
        storage: Arc<dyn Storage>,
        writing: Writing,
        metrics: StoreMetrics,
    ) -> Result<JoinHandle<()>, StateError> {
        let writer = Writer::new(self.clone(), storage, writing, metrics);
        writer.open()?;
        self.pending.open();
        thread::Builder::new().name("tidewatch-state".into()).spawn(move || writer.run()).map_err(|error| {
            self.pending.close();
            StateError::Io(format!("cannot start a thread: {error}"))
        })
    }

    /// Takes nothing more; what waits is still written.
    pub(crate) fn close(&self) {
        self.pending.close();
    }

    pub(crate) fn owners(&self) -> Result<Vec<OwnerSummary>, StateError> {
        self.with(Database::owners)
    }

    pub(super) fn pending(&self) -> &Pending {
        &self.pending
    }

    /// Works with the database, if there is one.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StateError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().map_err(Clone::clone)?;
        guarded(|| Ok(work(database)?))
    }

    /// Takes another database, or none, and closes the one before.
    pub(super) fn set(&self, database: Result<Database, StateError>) {
        let before = {
            let mut held = self.database.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, database)
        };
        let close = || {
            drop(before);
            Ok(())
        };
        if let Err(error) = guarded(close) {
            tracing::error!(%error, "the state file could not be closed");
        }
    }
}

/// Redb may panic on a file that is damaged from outside while it is open.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StateError>) -> Result<T, StateError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StateError::Corrupt("a page does not hold what it should".into())))
}
