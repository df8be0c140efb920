//! Which batches of a second are written.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The first `initial` of each second, then every `thereafter`-th.
pub(super) struct Sampler {
    initial: u64,
    thereafter: u64,
    second: Mutex<Option<Second>>,
}

struct Second {
    start: Instant,
    seen: u64,
}

impl Sampler {
    pub(super) fn new(initial: u64, thereafter: u64) -> Self {
        Self { initial, thereafter, second: Mutex::new(None) }
    }

    pub(super) fn passes(&self, now: Instant) -> bool {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        let second = second.get_or_insert(Second { start: now, seen: 0 });
        if now.duration_since(second.start) >= Duration::from_secs(1) {
            *second = Second { start: now, seen: 0 };
        }
        second.seen += 1;
        match second.seen.checked_sub(self.initial) {
            None | Some(0) => true,
            Some(beyond) => self.thereafter > 0 && beyond.is_multiple_of(self.thereafter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_begins_anew() {
        let sampler = Sampler::new(2, 3);
        let start = Instant::now();
        let passed = |at: Instant| (1..=9).filter(|_| sampler.passes(at)).count();
        assert_eq!(passed(start), 4, "1, 2, 5 and 8");
        assert_eq!(passed(start + Duration::from_secs(1)), 4);
    }

    #[test]
    fn one_keeps_all_and_zero_keeps_none_thereafter() {
        let now = Instant::now();
        let (all, none) = (Sampler::new(2, 1), Sampler::new(2, 0));
        assert_eq!((0..100).filter(|_| all.passes(now)).count(), 100);
        assert_eq!((0..100).filter(|_| none.passes(now)).count(), 2);
    }
}
