//! Which records are done: sets of sequences in memory, and the entries of a done file.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Located;
use super::record::weight;
use super::tally::Amount;

/// A set of sequences, kept as ranges: in a queue that is mostly worked off in order, a few for each segment.
#[derive(Debug, Clone, Default)]
pub(super) struct DoneSet(BTreeMap<u64, u64>);

impl DoneSet {
    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.0.range(..=sequence).next_back().is_some_and(|(_, &end)| sequence < end)
    }

    /// How many sequences of the range are not in the set.
    pub(super) fn missing(&self, range: &Range<u64>) -> u64 {
        let covered: u64 = self
            .0
            .range(..range.end)
            .rev()
            .take_while(|&(_, &end)| end > range.start)
            .map(|(&start, &end)| end.min(range.end) - start.max(range.start))
            .sum();
        (range.end.saturating_sub(range.start)).saturating_sub(covered)
    }

    /// Adds a range; ranges that touch become one.
    pub(super) fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let Range { mut start, mut end } = range;
        while let Some((&from, &to)) = self.0.range(..=end).next_back()
            && to >= start
        {
            self.0.remove(&from);
            start = start.min(from);
            end = end.max(to);
        }
        self.0.insert(start, end);
    }
}

/// What every entry ends with: the file system may put zeros behind a torn one, and must not complete it by that.
const LAST: u8 = 0xD0;

const DAMAGED: u8 = 1;
const CLOSED: u8 = 2;

/// What a done file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Records of one kind without a gap between them.
    Done { kind: u8, from: u64, to: u64, amount: Amount },
    /// What could not be read, and was counted and put aside.
    Damaged { from: u64, to: u64 },
    /// The segment is closed: its records end at this sequence and this byte, and all of them are durable. This is said
    /// here once more, so that damage to the segment's summary does not hide how much else is missing. What is missing
    /// from the sequence `mark` on was torn before.
    Closed { mark: u64, end: u64, length: u64 },
}

impl Entry {
    /// The bytes of an entry.
    pub(super) const LENGTH: usize = 48;

    pub(super) fn done(located: &Located) -> Self {
        Self::Done {
            kind: located.kind,
            from: located.sequence,
            to: located.sequence + weight(located.items),
            amount: Amount { records: 1, items: u64::from(located.items), bytes: u64::from(located.length) },
        }
    }

    /// Takes in the entry that follows, if both can be said as one.
    pub(super) fn join(&mut self, next: &Self) -> bool {
        match (self, next) {
            (
                Self::Done { kind, to, amount, .. },
                Self::Done { kind: next_kind, from, to: next_to, amount: next_amount },
            ) if kind == next_kind && to == from => {
                *to = *next_to;
                *amount += *next_amount;
                true
            }
            _ => false,
        }
    }

    pub(super) fn encode(&self, salt: u32) -> [u8; Self::LENGTH] {
        let (flags, kind, from, to, amount) = match *self {
            Self::Done { kind, from, to, amount } => (0, kind, from, to, amount),
            Self::Damaged { from, to } => (DAMAGED, 0, from, to, Amount::default()),
            Self::Closed { mark, end, length } => {
                (CLOSED, 0, mark, end, Amount { bytes: length, ..Amount::default() })
            }
        };
        let mut bytes = [0; Self::LENGTH];
        bytes[4] = kind;
        bytes[5] = flags;
        for (place, number) in
            bytes[8..].chunks_exact_mut(8).zip([from, to, amount.records, amount.items, amount.bytes])
        {
            place.copy_from_slice(&number.to_le_bytes());
        }
        // A segment has fewer than 2^56 bytes.
        bytes[Self::LENGTH - 1] = LAST;
        let crc = crc32c::crc32c_append(salt, &bytes[4..]);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; Self::LENGTH], salt: u32) -> Option<Self> {
        let crc = crc32c::crc32c_append(salt, &bytes[4..]).to_le_bytes();
        if bytes[..4] != crc || bytes[Self::LENGTH - 1] != LAST {
            return None;
        }
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        let length = number(40) & (u64::MAX >> 8);
        let (from, to) = (number(8), number(16));
        match bytes[5] {
            0 if from < to => {
                let amount = Amount { records: number(24), items: number(32), bytes: length };
                Some(Self::Done { kind: bytes[4], from, to, amount })
            }
            DAMAGED if from < to => Some(Self::Damaged { from, to }),
            CLOSED if from <= to => Some(Self::Closed { mark: from, end: to, length }),
            _ => None,
        }
    }
}

/// The valid entries of a done file. Torn and damaged ones are left out: their records come once more.
pub(super) fn entries(file: &[u8], salt: u32) -> impl Iterator<Item = Entry> {
    file.as_chunks().0.iter().filter_map(move |bytes| Entry::decode(bytes, salt))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_set_holds_what_was_put_in(
            ranges in proptest::collection::vec((0..60u64, 0..8u64), 0..30),
            question in (0..60u64, 0..20u64),
        ) {
            let (mut set, mut model) = (DoneSet::default(), BTreeSet::new());
            for (from, length) in ranges {
                set.insert(from..from + length);
                model.extend(from..from + length);
            }
            for sequence in 0..80 {
                prop_assert_eq!(set.contains(sequence), model.contains(&sequence));
            }
            let question = question.0..question.0 + question.1;
            let missing = question.clone().filter(|sequence| !model.contains(sequence)).count();
            prop_assert_eq!(set.missing(&question), missing as u64);
            let gaps = model.iter().filter(|&&sequence| !model.contains(&(sequence + 1))).count();
            prop_assert_eq!(set.0.len(), gaps, "ranges that touch are one");
        }

        #[test]
        fn entries_are_read_back(
            (kind, salt) in (any::<u8>(), any::<u32>()),
            (from, length) in (0..u64::MAX / 2, 1..1000u64),
            (records, items, bytes) in (any::<u64>(), any::<u64>(), 0..1u64 << 56),
            (at, bit) in (any::<prop::sample::Index>(), 0..8),
        ) {
            let to = from + length;
            for entry in [
                Entry::Done { kind, from, to, amount: Amount { records, items, bytes } },
                Entry::Damaged { from, to },
                Entry::Closed { mark: from, end: to, length: bytes },
            ] {
                let mut encoded = entry.encode(salt);
                prop_assert_eq!(Entry::decode(&encoded, salt), Some(entry));
                for torn in 0..Entry::LENGTH {
                    let mut torn_off = encoded;
                    torn_off[torn..].fill(0);
                    prop_assert_eq!(Entry::decode(&torn_off, salt), None);
                }
                encoded[at.index(Entry::LENGTH)] ^= 1u8 << bit;
                prop_assert_eq!(Entry::decode(&encoded, salt), None);
            }
        }

        #[test]
        fn any_bytes_are_entries_or_not(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), salt in any::<u32>()) {
            if bytes.len() >= Entry::LENGTH {
                bytes[5] &= 3;
                bytes[Entry::LENGTH - 1] = LAST;
                let crc = crc32c::crc32c_append(salt, &bytes[4..Entry::LENGTH]);
                bytes[..4].copy_from_slice(&crc.to_le_bytes());
            }
            for entry in entries(&bytes, salt) {
                let empty = matches!(entry, Entry::Done { from, to, .. } | Entry::Damaged { from, to } if from >= to);
                prop_assert!(!empty);
            }
        }
    }
}
