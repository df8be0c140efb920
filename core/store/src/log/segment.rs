use std::hash::{BuildHasher, RandomState};

use super::done::{DoneSet, Entry};
use super::tally::Tally;

/// Which segment: the sequence of its first record, and a random number that seeds the checks of all that belongs to
/// it, so that no leftover of another segment is ever taken for a part of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) first: u64,
    pub(super) salt: u32,
}

impl Place {
    pub(super) fn new(first: u64) -> Self {
        let random = RandomState::new().hash_one(first);
        Self { first, salt: u32::try_from(random >> 32).unwrap_or(0) }
    }

    /// The place that a file name tells of, and the name's ending.
    pub(super) fn parse(name: &str) -> Option<(Self, &str)> {
        let (stem, ending) = name.split_once('.')?;
        let (first, salt) = stem.split_once('-')?;
        let place =
            Self { first: u64::from_str_radix(first, 16).ok()?, salt: u32::from_str_radix(salt, 16).ok()? };
        (place.stem() == stem).then_some((place, ending))
    }

    pub(super) fn stem(self) -> String {
        format!("{:016x}-{:08x}", self.first, self.salt)
    }

    pub(super) fn log(self) -> String {
        self.stem() + ".log"
    }

    pub(super) fn done(self) -> String {
        self.stem() + ".done"
    }
}

/// What the log keeps of a segment in memory; nothing of single records, unless they were done out of order.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) place: Place,
    /// The sequence behind the last record.
    pub(super) end: u64,
    /// The byte behind the last record.
    pub(super) length: u64,
    /// Everything with a lower sequence is durable.
    pub(super) mark: u64,
    /// Whether something in it was durable before this process, for all that can be known.
    pub(super) proven: bool,
    /// The log file's bytes on disk.
    pub(super) file_bytes: u64,
    /// What is not done.
    pub(super) held: Tally,
    pub(super) done: DoneSet,
    /// The bytes of the done file that are written.
    pub(super) done_bytes: u64,
    /// What is still to be written behind them.
    pub(super) pending: Vec<Entry>,
}

impl Segment {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            end: place.first,
            length: 0,
            mark: place.first,
            proven: false,
            file_bytes: 0,
            held: Tally::default(),
            done: DoneSet::default(),
            done_bytes: 0,
            pending: Vec::new(),
        }
    }

    /// Whether nothing in it is waited for.
    pub(super) fn is_done(&self) -> bool {
        self.held.total().records == 0
    }

    /// Notes an entry for the done file.
    pub(super) fn note(&mut self, entry: Entry) {
        if !self.pending.last_mut().is_some_and(|last| last.join(&entry)) {
            self.pending.push(entry);
        }
    }
}
