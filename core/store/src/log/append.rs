use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use super::done::Entry;
use super::files::remove_if_there;
use super::record::{self, HEADER, Stamp};
use super::segment::{Place, Segment};
use super::summary;
use super::tally::{Amount, Tally};
use super::{Located, Log, LogError, Record};
use crate::storage::File;

/// Files grow by so many zeros in advance. A sync that does not change the file's length spares the file system's
/// journal; for groups that fill the room at once, writing it twice costs more than that.
const ROOM: u64 = 1 << 20;
const LARGE_GROUP: u64 = 128 << 10;

/// A group must be addressable in a segment.
const LONGEST_GROUP: u64 = 2 << 30;

/// The segment that takes records.
pub(super) struct Writer {
    first: u64,
    salt: u32,
    file: Box<dyn File>,
    /// All records of the segment.
    tally: Tally,
    unsynced: bool,
}

impl Log {
    /// Appends all of the records with one write, or none. They are durable after the next [`sync`](Self::sync), and
    /// can be read at once.
    ///
    /// # Errors
    ///
    /// `Full` when there is no room, `TooLarge` for a record beyond `max_record_bytes` or a group beyond 2 GiB. The log
    /// is as it was before.
    pub fn append(&mut self, records: &[Record<'_>]) -> Result<Vec<Located>, LogError> {
        let longest = self.options.max_record_bytes;
        let lengths = records.iter().map(|record| (record.context.len() + record.body.len()) as u64);
        if lengths.clone().any(|length| length > longest) {
            return Err(LogError::TooLarge);
        }
        let group = lengths.map(|length| length + HEADER as u64).sum();
        if group > LONGEST_GROUP {
            return Err(LogError::TooLarge);
        }
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.make_room(group)?;
        let located = self.encode(records)?;
        self.write()?;
        self.count(&located);
        Ok(located)
    }

    /// Sees to a segment that can take a group of so many bytes.
    fn make_room(&mut self, group: u64) -> io::Result<()> {
        if let Some(writer) = &self.writer {
            let length = self.segments.get(&writer.first).map_or(0, |segment| segment.length);
            if length > 0 && length + group > self.options.segment_bytes {
                self.close_segment();
            }
        }
        if self.writer.is_none() { self.new_segment() } else { Ok(()) }
    }

    fn new_segment(&mut self) -> io::Result<()> {
        // One that begins here failed before it got a record, and no two segments may begin alike.
        if let Some(failed) = self.segments.get(&self.next) {
            remove_if_there(&*self.storage, &failed.place.log())?;
            self.empty.push((failed.place, failed.done_bytes));
            self.segments.remove(&self.next);
        }
        let place = Place::new(self.next);
        let file = self.storage.create(&place.log())?;
        self.names_changed = true;
        self.segments.insert(place.first, Segment::new(place));
        self.writer = Some(Writer {
            first: place.first,
            salt: place.salt,
            file,
            tally: Tally::default(),
            unsynced: false,
        });
        Ok(())
    }

    /// Puts the group into the buffer.
    fn encode(&mut self, records: &[Record<'_>]) -> Result<Vec<Located>, LogError> {
        self.buffer.clear();
        self.buffer.shrink_to(4 << 20);
        let Some((writer, segment)) = self.writer.as_ref().zip(self.segments.last_entry()) else {
            return Err(io::Error::other("the log has no segment to write to").into());
        };
        let segment = segment.get();
        let stamp = Stamp { salt: writer.salt, synced: segment.mark, written_at: now() };
        let (longest, compression) = (self.options.max_record_bytes, self.options.compression);
        let mut sequence = self.next;
        let mut located = Vec::with_capacity(records.len());
        for record in records {
            let offset = segment.length + self.buffer.len() as u64;
            let header = record::encode(record, sequence, stamp, compression, longest, &mut self.buffer)?;
            located.push(Located::new(segment.place.first, offset, &header).ok_or(LogError::TooLarge)?);
            sequence = sequence.checked_add(header.weight()).ok_or(LogError::TooLarge)?;
        }
        Ok(located)
    }

    /// Writes the buffer behind the last record; if that fails, cuts off what was written of it.
    fn write(&mut self) -> io::Result<()> {
        let Some((writer, mut segment)) = self.writer.as_mut().zip(self.segments.last_entry()) else {
            return Err(io::Error::other("the log has no segment to write to"));
        };
        let segment = segment.get_mut();
        let group = self.buffer.len() as u64;
        let end = segment.length + group;
        let mut file_bytes = segment.file_bytes.max(end);
        if end > segment.file_bytes && group <= LARGE_GROUP {
            file_bytes = end.next_multiple_of(ROOM).min(self.options.segment_bytes).max(end);
            let length = usize::try_from(file_bytes - segment.length).map_err(io::Error::other)?;
            self.buffer.resize(length, 0);
        }
        // Also a write that fails leaves something to sync.
        writer.unsynced = true;
        let written = writer.file.write_at(&self.buffer, segment.length);
        if written.is_ok() {
            segment.length = end;
            segment.file_bytes = file_bytes;
        } else if writer.file.set_length(segment.length).is_ok() {
            segment.file_bytes = segment.length;
        } else {
            segment.file_bytes = writer.file.length().unwrap_or(file_bytes);
            self.close_segment();
        }
        written
    }

    fn count(&mut self, group: &[Located]) {
        let Some((writer, mut segment)) = self.writer.as_mut().zip(self.segments.last_entry()) else {
            return;
        };
        for located in group {
            writer.tally.add(located.kind, located.amount());
            segment.get_mut().held.add(located.kind, located.amount());
            self.next = located.sequence + record::weight(located.items);
        }
        segment.get_mut().end = self.next;
    }

    /// Makes everything durable that was appended so far.
    ///
    /// # Errors
    ///
    /// Nothing that was appended since the last success counts as durable then, now or later. It can still be read and
    /// done, and may be there after a restart: whoever appends it again makes duplicates.
    pub fn sync(&mut self) -> Result<(), LogError> {
        if let Some(error) = self.doubt.take() {
            return Err(error.into());
        }
        if let Err(error) = self.sync_files() {
            // What the kernel could not write it may have forgotten: nothing more goes behind it.
            self.writer = None;
            self.look_again();
            return Err(error.into());
        }
        if let Some((writer, mut segment)) = self.writer.as_mut().zip(self.segments.last_entry()) {
            writer.unsynced = false;
            segment.get_mut().mark = self.next;
        }
        Ok(())
    }

    fn sync_files(&mut self) -> io::Result<()> {
        if let Some(writer) = self.writer.as_ref().filter(|writer| writer.unsynced) {
            writer.file.sync()?;
        }
        if self.names_changed {
            self.storage.sync()?;
            self.names_changed = false;
            self.retire_behind_newest();
        }
        Ok(())
    }

    /// Takes stock of the last segment, after the disk has refused to sync it.
    fn look_again(&mut self) {
        self.window = None;
        if let Some((&first, _)) = self.segments.last_key_value() {
            // Else it is found out when the segment is read.
            self.check(first).ok();
        }
    }

    /// When a new segment has durably taken over, those before it may go.
    fn retire_behind_newest(&mut self) {
        for (place, bytes) in std::mem::take(&mut self.empty) {
            self.retired.push(place, bytes);
        }
        let firsts: Vec<_> = self.segments.keys().copied().collect();
        for first in firsts {
            self.retire(first);
        }
        // What could not be removed is tried again by the next `done`, and is all that fails.
        self.retired.remove(&*self.storage).ok();
    }

    /// Ends the segment that takes records: makes it durable and writes the summary behind it.
    fn close_segment(&mut self) {
        let Some((writer, mut segment)) = self.writer.take().zip(self.segments.last_entry()) else { return };
        let segment = segment.get_mut();
        if writer.unsynced
            && let Err(error) = writer.file.sync()
        {
            self.doubt = Some(error);
            self.look_again();
            return;
        }
        segment.mark = segment.end;
        summarize(&*writer.file, segment, &writer.tally);
        segment.note(Entry::Closed { mark: segment.end, end: segment.end, length: segment.length });
        self.unwritten.insert(segment.place.first);
        // Only a second copy of what the summary says; the next `done` tries again.
        self.write_done().ok();
    }

    /// Ends the last segment, so that the next start need not guess whether its last record was torn, and writes what
    /// could not be written before.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync) and [`done`](Self::done).
    pub fn close(mut self) -> Result<(), LogError> {
        let synced = self.sync();
        if synced.is_ok() && self.segments.last_key_value().is_some_and(|(_, segment)| segment.length > 0) {
            self.close_segment();
        }
        let written = self.write_done();
        synced?;
        Ok(written?)
    }
}

/// Writes the summary behind a segment all of whose records are durable. It spares the next start reading the segment,
/// so that it is no loss if this fails.
pub(super) fn summarize(file: &dyn File, segment: &mut Segment, tally: &Tally) {
    let stamp = Stamp { salt: segment.place.salt, synced: segment.end, written_at: now() };
    let summary = summary::encode(tally, segment.end, stamp);
    let written = file
        .write_at(&summary, segment.length)
        .and_then(|()| file.set_length(segment.length + summary.len() as u64))
        .and_then(|()| file.sync());
    written.ok();
    segment.file_bytes = file.length().unwrap_or(segment.file_bytes);
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

impl Located {
    /// `None` if the record lies further behind than a segment is long.
    pub(super) fn new(segment: u64, offset: u64, header: &record::Header) -> Option<Self> {
        Some(Self {
            segment,
            offset: u32::try_from(offset).ok()?,
            length: u32::try_from(header.length()).ok()?,
            items: header.items,
            kind: header.kind,
            sequence: header.sequence,
        })
    }

    pub(super) fn amount(&self) -> Amount {
        Amount { records: 1, items: u64::from(self.items), bytes: u64::from(self.length) }
    }
}
