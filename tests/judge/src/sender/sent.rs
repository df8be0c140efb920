//! What senders saw.

use crate::{numbers::Numbers, protocol::Protocol};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Everything senders remember. Numbers are sets; items count every try.
#[derive(Debug)]
pub struct Sent {
    /// How the senders speak.
    pub protocol: Protocol,
    /// Numbers whose request succeeded, and of which none was rejected.
    pub acknowledged: Numbers,
    /// Numbers of requests that succeeded except for some records: nobody said which.
    pub acknowledged_in_part: Numbers,
    /// Numbers of requests that were refused for good.
    pub refused: Numbers,
    /// Numbers that were sent again after a try whose end is not known, or was a refusal for now.
    pub resent: Numbers,
    /// Numbers of tries whose answer never came.
    pub doubtful: Numbers,
    /// Items acknowledged.
    pub acknowledged_items: AtomicU64,
    /// Items rejected by partial success.
    pub rejected_items: AtomicU64,
    /// Items whose answer never came.
    pub doubtful_items: AtomicU64,
    /// Tries that were refused for now by a status: (first number, try).
    pub turned_away: Mutex<Vec<(u64, u64)>>,
    answers: Mutex<BTreeMap<String, u64>>,
}

impl Sent {
    /// An empty record of numbers below `limit`.
    pub fn new(protocol: Protocol, limit: u64) -> Self {
        let set = || Numbers::new(limit);
        Self {
            protocol,
            acknowledged: set(),
            acknowledged_in_part: set(),
            refused: set(),
            resent: set(),
            doubtful: set(),
            acknowledged_items: AtomicU64::new(0),
            rejected_items: AtomicU64::new(0),
            doubtful_items: AtomicU64::new(0),
            turned_away: Mutex::default(),
            answers: Mutex::default(),
        }
    }

    pub(super) fn acknowledge(&self, numbers: std::ops::Range<u64>, rejected: u64) {
        let items = numbers.end - numbers.start;
        self.acknowledged_items.fetch_add(items.saturating_sub(rejected), Relaxed);
        self.rejected_items.fetch_add(rejected, Relaxed);
        if rejected == 0 {
            self.acknowledged.extend(numbers);
        } else if rejected < items {
            self.acknowledged_in_part.extend(numbers);
        } else {
            self.refused.extend(numbers);
        }
    }

    pub(super) fn turned_away(&self, first: u64, attempt: u64) {
        self.turned_away.lock().unwrap_or_else(PoisonError::into_inner).push((first, attempt));
    }

    pub(super) fn answered(&self, name: String) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
    }

    /// How often which answer came.
    pub fn answers(&self) -> BTreeMap<String, u64> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a number's sender knows what became of it.
    pub fn is_settled(&self, number: u64) -> bool {
        [&self.acknowledged, &self.acknowledged_in_part, &self.refused].iter().any(|set| set.contains(number))
    }
}
