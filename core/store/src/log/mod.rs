//! A durable queue: records are appended in groups, read in order, and done in any order.

mod options;
mod types;

use std::io;
use std::sync::Arc;

use crate::storage::Storage;

pub use options::{Compression, LogOptions};
pub use types::{Cursor, Damage, Located, LogError, Record, Recovered, Stored};

/// A log in a directory of its own. One thread owns it; every call blocks until the disk has answered.
pub struct Log {
    storage: Arc<dyn Storage>,
    options: LogOptions,
}

#[allow(clippy::needless_pass_by_value, clippy::todo, clippy::unused_self, dead_code)]
impl Log {
    /// Opens the log in this directory, and repairs what a crash has left.
    ///
    /// # Errors
    ///
    /// If the directory or a file in it cannot be read or written.
    pub fn open(storage: Arc<dyn Storage>, options: LogOptions) -> Result<(Self, Recovered), LogError> {
        storage.list()?;
        Ok((Self { storage, options }, Recovered::default()))
    }

    /// Appends all of the records with one write, or none. They are durable after the next [`sync`](Self::sync).
    ///
    /// # Errors
    ///
    /// The log is as it was before.
    pub fn append(&mut self, records: &[Record<'_>]) -> Result<Vec<Located>, LogError> {
        let _ = records;
        todo!()
    }

    /// Makes everything durable that was appended so far.
    ///
    /// # Errors
    ///
    /// Nothing that was appended since the last success counts as durable then. It may nevertheless be read and done,
    /// and may be there after a restart.
    pub fn sync(&mut self) -> Result<(), LogError> {
        todo!()
    }

    /// The next record that is not done, in the order of appending; `None` at the end.
    ///
    /// Damage that is met on the way is put aside and counted for [`take_damage`](Self::take_damage).
    ///
    /// # Errors
    ///
    /// If the disk does not give the bytes. The cursor stays, so that a further call tries again.
    pub fn read(&mut self, cursor: &mut Cursor) -> Result<Option<Stored>, LogError> {
        let _ = cursor;
        todo!()
    }

    /// The oldest record.
    pub fn start(&self) -> Cursor {
        todo!()
    }

    /// Behind the newest record.
    pub fn end(&self) -> Cursor {
        todo!()
    }

    /// Forgets records, in any order; a segment whose records are all done is removed.
    ///
    /// # Errors
    ///
    /// If it could not be written down. The records count as done all the same, and come again only after a restart.
    pub fn done(&mut self, records: &[Located]) -> Result<(), LogError> {
        let _ = records;
        todo!()
    }

    /// The items of records that are not done, by kind.
    pub fn held(&self) -> Vec<(u8, u64)> {
        todo!()
    }

    /// The bytes on disk of records that are not done.
    pub fn held_bytes(&self) -> u64 {
        todo!()
    }

    /// The bytes of all segments and done files.
    pub fn disk_bytes(&self) -> u64 {
        todo!()
    }

    /// What was cut or put aside since the last call.
    pub fn take_damage(&mut self) -> Damage {
        todo!()
    }

    /// Ends the newest segment, so that the next start need not guess whether its last record was torn.
    ///
    /// # Errors
    ///
    /// If the disk fails; nothing is lost that was durable.
    pub fn close(self) -> Result<(), io::Error> {
        todo!()
    }
}
