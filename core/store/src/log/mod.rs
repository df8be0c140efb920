//! A durable queue: records are appended in groups, read in order, and done in any order.

mod append;
mod done;
mod files;
mod options;
mod read;
mod record;
mod recovery;
mod repair;
mod segment;
mod summary;
mod survey;
mod tally;
mod types;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use crate::storage::Storage;
use append::Writer;
use done::Entry;
use files::{Damaged, DoneFiles, Retired};
use segment::{Place, Segment};
use tally::Tally;
use window::Window;

pub use options::{Compression, LogOptions};
pub use types::{Cursor, Damage, Located, LogError, Record, Recovered, Stored};

/// A log in a directory of its own. One thread owns it; every call blocks until the disk has answered.
///
/// The directory holds segments, each with a file of records and a file that says which of them are done. What is kept
/// in memory does not grow with the records that wait. The crate's README has the format.
pub struct Log {
    storage: Arc<dyn Storage>,
    options: LogOptions,
    /// By the sequence of their first records; the last one stays even if it is done, since it tells where the
    /// sequence goes on.
    segments: BTreeMap<u64, Segment>,
    /// The sequence of the next record.
    next: u64,
    /// The last segment while it takes records.
    writer: Option<Writer>,
    /// Whether names were created that are not durable yet.
    names_changed: bool,
    /// Why the last sync to be asked for must fail: the disk refused to sync a segment that was closed meanwhile.
    doubt: Option<io::Error>,
    window: Option<Window>,
    /// How often in a row nothing could be read.
    failures: u32,
    done_files: DoneFiles,
    /// Segments with entries still to be written to their done files.
    unwritten: BTreeSet<u64>,
    retired: Retired,
    /// Segments without a record, which go when a new one has taken over.
    empty: Vec<(Place, u64)>,
    damaged: Damaged,
    damage: Damage,
    buffer: Vec<u8>,
}

impl Log {
    /// Forgets records, in any order; a segment whose records are all done is removed, unless it is the last one.
    ///
    /// What was done stays so when the process dies, and may be held again after a crash of the machine.
    ///
    /// # Errors
    ///
    /// If it could not be written down, or a segment not be removed: the next call tries again. In this process the
    /// records count as done all the same.
    pub fn done(&mut self, records: &[Located]) -> Result<(), LogError> {
        for located in records {
            let Some(segment) = self.segments.get_mut(&located.segment) else { continue };
            let sequences = located.sequence..located.sequence + record::weight(located.items);
            if segment.done.missing(&sequences) == 0 {
                continue;
            }
            segment.done.insert(sequences);
            segment.held.subtract(located.kind, located.amount());
            segment.note(Entry::done(located));
            self.unwritten.insert(located.segment);
        }
        Ok(self.write_done()?)
    }

    /// Writes what is noted for done files, and removes segments that are done.
    fn write_done(&mut self) -> io::Result<()> {
        let mut result = Ok(());
        for first in std::mem::take(&mut self.unwritten) {
            let Some(segment) = self.segments.get_mut(&first) else { continue };
            let written = self.done_files.write(&*self.storage, segment);
            if written.is_err() {
                self.unwritten.insert(first);
                result = result.and(written);
            }
            self.retire(first);
        }
        let removed = self.retired.remove(&*self.storage);
        result.and(removed)
    }

    /// Gives up a segment that is done and not the last one.
    fn retire(&mut self, first: u64) {
        let last = self.segments.last_key_value().is_some_and(|(&last, _)| last == first);
        if last || !self.segments.get(&first).is_some_and(Segment::is_done) {
            return;
        }
        if let Some(segment) = self.segments.remove(&first) {
            self.retired.push(segment.place, segment.file_bytes + segment.done_bytes);
            self.done_files.forget(segment.place);
            self.window.take_if(|window| window.shows(&segment));
        }
    }

    /// The items of records that are not done, by kind. Damage that was not met yet counts as held.
    pub fn held(&self) -> Vec<(u8, u64)> {
        let mut held = Tally::default();
        for (kind, amount) in self.segments.values().flat_map(|segment| segment.held.iter()) {
            held.add(kind, amount);
        }
        held.iter()
            .filter(|(_, amount)| amount.records > 0)
            .map(|(kind, amount)| (kind, amount.items))
            .collect()
    }

    /// The records that are not done.
    pub fn held_records(&self) -> u64 {
        self.segments.values().map(|segment| segment.held.total().records).sum()
    }

    /// The bytes on disk of records that are not done.
    pub fn held_bytes(&self) -> u64 {
        self.segments.values().map(|segment| segment.held.total().bytes).sum()
    }

    /// The bytes of all segments and done files, with what is done and not removed yet, and the room that was made in
    /// advance; not those of `damaged/`.
    pub fn disk_bytes(&self) -> u64 {
        let segments: u64 =
            self.segments.values().map(|segment| segment.file_bytes + segment.done_bytes).sum();
        let empty: u64 = self.empty.iter().map(|(_, bytes)| bytes).sum();
        segments + empty + self.retired.bytes()
    }

    /// What was cut or put aside since the last call.
    pub fn take_damage(&mut self) -> Damage {
        std::mem::take(&mut self.damage)
    }
}
