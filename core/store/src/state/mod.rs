//! What components remember across restarts: small entries, each written whole.

mod backend;
mod database;
mod engine;
mod error;
mod pending;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod writer;

pub use self::{database::OwnerSummary, error::StateError};

pub(crate) use self::{engine::Engine, writer::Writing};

use std::{fmt, sync::Arc};

/// One thing that an owner remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, unique below the owner.
    pub key: String,
    /// The format of `value`, for its owner to know what it reads.
    pub version: u16,
    /// Whatever the owner wrote.
    pub value: Vec<u8>,
}

/// A change of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Writes the entry, over what was there.
    Put {
        /// The entry's name.
        key: String,
        /// The format of `value`.
        version: u16,
        /// What to remember.
        value: Vec<u8>,
    },
    /// Forgets the entry, if there is one.
    Remove {
        /// The entry's name.
        key: String,
    },
}

/// The entries of one owner, such as `file_log/app` or `outbox/webhook`. Cheap to clone.
///
/// The changes of one call are written all or none. A later change of the same key may overtake an earlier one
/// that has not been written yet.
#[derive(Clone)]
pub struct State {
    owner: Arc<str>,
    engine: Arc<Engine>,
}

impl State {
    pub(crate) fn new(owner: &str, engine: Arc<Engine>) -> Self {
        Self { owner: owner.into(), engine }
    }

    /// Who this belongs to.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// All entries, in the order of their keys. Waits for the disk, and for what is being written: for the start of a
    /// component. While nothing can be written, these are the entries that were written last.
    ///
    /// # Errors
    /// The store is not open, or the disk cannot be read.
    pub fn read(&self) -> Result<Vec<Entry>, StateError> {
        self.engine.pending().settle();
        self.engine.with(|database| database.entries(&self.owner))
    }

    /// One entry, as [`State::read`].
    ///
    /// # Errors
    /// As [`State::read`].
    pub fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        self.engine.pending().settle();
        self.engine.with(|database| database.entry(&self.owner, key))
    }

    /// Writes changes, and waits until they are safe as the store's `fsync` has it.
    ///
    /// # Errors
    /// They are not safe yet: the disk is full or fails, or they are too large. Except for those that are too
    /// large they are kept, and tried again with the next write or after a second.
    pub async fn write(&self, changes: Vec<Change>) -> Result<(), StateError> {
        self.engine.pending().write(&self.owner, changes).await
    }

    /// Writes changes within about 50 ms, without waiting. Errors are logged once, and counted; the changes are
    /// kept as with [`State::write`]. When 64 MiB wait already, they are let go of, which is logged and counted.
    pub fn write_later(&self, changes: Vec<Change>) {
        self.engine.pending().write_later(&self.owner, changes);
    }

    /// Waits until everything is safe that this store was given before.
    ///
    /// # Errors
    /// It is not.
    pub async fn flush(&self) -> Result<(), StateError> {
        self.engine.pending().flush().await
    }
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("State").field(&self.owner).finish()
    }
}

impl Change {
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Remove { key } => key,
        }
    }

    /// Bytes that it keeps while it waits, about.
    pub(crate) fn memory(&self) -> usize {
        const OVERHEAD: usize = 128;
        OVERHEAD
            + match self {
                Self::Put { key, value, .. } => key.len() + value.len(),
                Self::Remove { key } => key.len(),
            }
    }
}
