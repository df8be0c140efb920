//! Items that were refused for good, and what was wrong with each.

use std::{fmt, ops::Range};

/// So many faults are kept, also when outcomes are added up; [`Rejection::items`] counts all.
pub const MAX_FAULTS: usize = 100;

/// Items that a processor or a destination refused for good: sending them again cannot help.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejection {
    /// How many items.
    pub items: usize,
    /// Why, in words: what the destination said, or what was wrong with the first of them.
    pub reason: String,
    /// What was wrong with single items, where that is known: at most [`MAX_FAULTS`].
    pub faults: Vec<Fault>,
}

/// What was wrong with one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which item, from 0. Whoever refuses it counts in the batch it was given; the source of a submission is told
    /// the place in that, and none where nobody knows it, as when a processor has taken out others before.
    pub index: Option<usize>,
    /// The field at fault, as its source calls it; none where it is the whole item.
    pub field: Option<String>,
    /// What is wrong, in words.
    pub reason: String,
}

impl Rejection {
    /// `items` items, of which none is known by itself.
    pub fn new(items: usize, reason: impl Into<String>) -> Self {
        Self { items, reason: reason.into(), faults: Vec::new() }
    }

    /// One more item, and what was wrong with it.
    pub fn push(&mut self, fault: Fault) {
        self.add(Self { items: 1, reason: fault.to_string(), faults: vec![fault] });
    }

    /// Both together.
    pub fn add(&mut self, other: Self) {
        if self.items == 0 {
            self.reason = other.reason;
        }
        self.items = self.items.saturating_add(other.items);
        let room = MAX_FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(other.faults.into_iter().take(room));
    }

    /// What of it concerns one of those whose items are in a batch: `items` of them, which stand at `place` in the
    /// batch and begin with item `first` of the submission, both where they are known. None: it concerns others only.
    pub(crate) fn share(
        &self,
        items: usize,
        place: Option<&Range<usize>>,
        first: Option<usize>,
    ) -> Option<Self> {
        let own = |fault: &Fault| match (fault.index, place) {
            (Some(index), Some(place)) => place.contains(&index),
            _ => true,
        };
        let told = |fault: &Fault| Fault {
            index: fault.index.zip(place).zip(first).map(|((at, place), first)| at - place.start + first),
            ..fault.clone()
        };
        let faults: Vec<Fault> = self.faults.iter().filter(|fault| own(fault)).map(told).collect();
        let all_known = place.is_some()
            && self.faults.len() == self.items
            && self.faults.iter().all(|fault| fault.index.is_some());
        let items = if all_known { faults.len() } else { self.items.min(items) };
        (items > 0 || !all_known).then(|| Self { items, reason: self.reason.clone(), faults })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "`{field}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(index: usize) -> Fault {
        Fault { index: Some(index), field: Some("state".into()), reason: format!("wrong in {index}") }
    }

    #[test]
    fn all_are_counted_and_the_first_are_kept() {
        let mut all = Rejection::default();
        (0..MAX_FAULTS + 50).for_each(|index| all.push(fault(index)));
        all.add(Rejection::new(7, "too old"));
        assert_eq!((all.items, all.faults.len()), (MAX_FAULTS + 57, MAX_FAULTS));
        assert_eq!(all.reason, "`state`: wrong in 0");
        assert_eq!(all.faults.last(), Some(&fault(MAX_FAULTS - 1)));
    }

    #[test]
    fn each_sender_is_told_its_own_items() {
        let mut all = Rejection::default();
        [1, 4, 5].into_iter().for_each(|index| all.push(fault(index)));
        let indices = |share: Option<Rejection>| {
            share.map(|one| (one.items, one.faults.iter().map(|fault| fault.index).collect::<Vec<_>>()))
        };
        // Items 3 to 5 of the batch are items 10 to 12 of its submission.
        assert_eq!(indices(all.share(3, Some(&(3..6)), Some(10))), Some((2, vec![Some(11), Some(12)])));
        assert_eq!(indices(all.share(3, Some(&(3..6)), None)), Some((2, vec![None, None])));
        assert_eq!(all.share(1, Some(&(2..3)), Some(0)), None);
        // Whose they are is not known: better told too much than told that all is well.
        assert_eq!(indices(all.share(2, None, Some(0))), Some((2, vec![None; 3])));
        assert_eq!(indices(Rejection::new(4, "too old").share(2, Some(&(0..2)), Some(0))), Some((2, vec![])));
    }
}
