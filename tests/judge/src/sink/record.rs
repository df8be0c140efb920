//! What a sink saw.

use super::Times;
use crate::{items::Contents, numbers::Numbers};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Everything a sink remembers. Numbers are sets; items count every repeat.
#[derive(Debug)]
pub struct Record {
    /// Numbers it accepted at least once.
    pub accepted: Numbers,
    /// Numbers it accepted more than once.
    pub repeated: Numbers,
    /// Numbers it accepted without being able to say so.
    pub unheard: Numbers,
    /// Numbers of requests it refused for good, and numbers it rejected by partial success.
    pub refused: Numbers,
    /// Of these, numbers it rejected by partial success: it says how many, but not which.
    pub rejected: Numbers,
    /// Numbers of requests it failed after reading them, in a way that invites another try.
    pub failed: Numbers,
    /// Items it accepted.
    pub accepted_items: AtomicU64,
    /// Accepted items whose answer was cut.
    pub unheard_items: AtomicU64,
    /// Accepted records that carry no number.
    pub unnumbered: AtomicU64,
    /// Accepted records that are not as they were sent.
    pub altered: AtomicU64,
    /// Numbers that arrived first after a higher one of the same request of their sender.
    pub reordered: AtomicU64,
    /// When numbers came, where that is of interest.
    pub times: Times,
    per_request: u64,
    highest: Vec<AtomicU64>,
    answers: Mutex<BTreeMap<String, u64>>,
}

impl Record {
    /// An empty record of numbers below `limit`, which their sender sends `per_request` at a time.
    pub fn new(limit: u64, per_request: u64) -> Self {
        let set = || Numbers::new(limit);
        Self {
            accepted: set(),
            repeated: set(),
            unheard: set(),
            refused: set(),
            rejected: set(),
            failed: set(),
            accepted_items: AtomicU64::new(0),
            unheard_items: AtomicU64::new(0),
            unnumbered: AtomicU64::new(0),
            altered: AtomicU64::new(0),
            reordered: AtomicU64::new(0),
            times: Times::new(0),
            per_request,
            highest: (0..limit.div_ceil(per_request)).map(|_| AtomicU64::new(0)).collect(),
            answers: Mutex::default(),
        }
    }

    /// The same, which remembers when each number came.
    pub fn timed(limit: u64, per_request: u64) -> Self {
        Self { times: Times::new(limit), ..Self::new(limit, per_request) }
    }

    /// The same for lines of files, `per_file` for each.
    pub fn of_files(limit: u64, per_file: u64) -> Self {
        Self { times: Times::of_files(limit), ..Self::new(limit, per_file) }
    }

    /// Takes in what comes and is accepted now.
    pub(crate) fn accept(&self, contents: &Contents) {
        self.accept_since(contents, self.times.now());
    }

    /// Takes in what had come at this time of [`Record::times`], and is accepted now.
    pub(super) fn accept_since(&self, contents: &Contents, at: u32) {
        self.accepted_items.fetch_add(contents.items(), Relaxed);
        self.unnumbered.fetch_add(contents.unnumbered, Relaxed);
        self.altered.fetch_add(contents.altered, Relaxed);
        let request = self.times.request();
        for &number in &contents.numbers {
            if !self.accepted.insert(number) {
                self.repeated.insert(number);
                self.times.again(number);
                continue;
            }
            self.times.first(number, request, at);
            if let Some(highest) = self.highest.get((number / self.per_request) as usize)
                && highest.fetch_max(number, Relaxed) > number
            {
                self.reordered.fetch_add(1, Relaxed);
            }
        }
    }

    /// The answer to accepted items was cut.
    pub(super) fn unheard(&self, contents: &Contents) {
        self.unheard_items.fetch_add(contents.items(), Relaxed);
        self.unheard.extend(contents.numbers.iter().copied());
    }

    /// Counts an answer.
    pub(super) fn answered(&self, name: String) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
    }

    /// How often it gave which answer.
    pub fn answers(&self) -> BTreeMap<String, u64> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Items that were heard to be accepted.
    pub fn heard_items(&self) -> u64 {
        self.accepted_items.load(Relaxed) - self.unheard_items.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_order_are_noticed() {
        let record = Record::new(10, 5);
        record.accept(&Contents { numbers: vec![0, 2, 1, 5], unnumbered: 1, altered: 0 });
        record.accept(&Contents { numbers: vec![2], ..Contents::default() });
        record.unheard(&Contents { numbers: vec![2], ..Contents::default() });
        assert_eq!(record.reordered.load(Relaxed), 1);
        assert_eq!(record.repeated.iter().collect::<Vec<_>>(), [2]);
        assert_eq!(record.heard_items(), 5);
    }
}
