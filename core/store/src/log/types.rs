use std::io::{self, ErrorKind};
use std::ops::AddAssign;

use bytes::Bytes;

/// A record to append.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// What the log counts the record under; 255 is the log's own.
    pub kind: u8,
    /// How many items the record holds.
    pub items: u32,
    /// Stored beside the body and never compressed.
    pub context: &'a [u8],
    /// What it is about.
    pub body: &'a [u8],
}

/// A record that was read back.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Where it is, for [`Log::done`](super::Log::done).
    pub located: Located,
    /// As it was appended.
    pub context: Bytes,
    /// As it was appended.
    pub body: Bytes,
    /// When it was appended, in nanoseconds since 1970.
    pub written_at: u64,
}

/// Where a record is, and what the log counts of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Located {
    /// The segment, by the sequence of its first record.
    pub(super) segment: u64,
    /// The record's first byte in the segment.
    pub(super) offset: u32,
    /// The record's bytes on disk.
    pub length: u32,
    /// The record's items.
    pub items: u32,
    /// What the log counts it under.
    pub kind: u8,
    /// How many items were appended to this log before it; a record without items counts as one.
    pub sequence: u64,
}

/// A place in the log from which to read on. It stays valid whatever is appended or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) segment: u64,
    pub(super) offset: u64,
    pub(super) sequence: u64,
}

/// What a log held when it was opened.
#[derive(Debug, Clone, Default)]
pub struct Recovered {
    /// Records that are not done.
    pub records: u64,
    /// Their items, by kind.
    pub held: Vec<(u8, u64)>,
    /// Their bytes on disk.
    pub bytes: u64,
    /// What was found damaged so far. Older segments are checked when they are read.
    pub damage: Damage,
}

/// What could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damage {
    /// Bytes of records whose writing a crash has cut short: they were never durable, and nobody was told so.
    pub torn_bytes: u64,
    /// Damaged records whose header was still legible.
    pub records: u64,
    /// Items in all damaged records, legible or not.
    pub items: u64,
    /// The bytes of all damaged records.
    pub bytes: u64,
    /// Of these, bytes that were not kept in `damaged/`, because it was full or could not be written.
    pub discarded_bytes: u64,
}

impl Damage {
    /// Whether nothing was damaged, not even torn.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Damage {
    fn add_assign(&mut self, other: Self) {
        self.torn_bytes += other.torn_bytes;
        self.records += other.records;
        self.items += other.items;
        self.bytes += other.bytes;
        self.discarded_bytes += other.discarded_bytes;
    }
}

/// Why a log cannot do what it should.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No space left, a quota reached, or a file grown too large: room may come.
    #[error("no room on the disk: {0}")]
    Full(#[source] io::Error),
    /// The disk failed otherwise.
    #[error("the disk failed: {0}")]
    Io(#[source] io::Error),
    /// A record, or the group of them, is larger than the log takes.
    #[error("larger than a record of the queue log may be")]
    TooLarge,
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full(error),
            _ => Self::Io(error),
        }
    }
}
