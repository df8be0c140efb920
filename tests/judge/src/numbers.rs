//! Sets of numbers, as bitmaps.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A set of numbers below a limit, which many tasks may add to at once.
#[derive(Debug)]
pub struct Numbers {
    words: Vec<AtomicU64>,
    limit: u64,
}

impl Numbers {
    /// An empty set of numbers below `limit`.
    pub fn new(limit: u64) -> Self {
        Self { words: (0..limit.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(), limit }
    }

    /// Adds a number; false if it was there already. Numbers beyond the limit are ignored.
    pub fn insert(&self, number: u64) -> bool {
        let bit = 1 << (number % 64);
        number < self.limit && self.words[(number / 64) as usize].fetch_or(bit, Relaxed) & bit == 0
    }

    /// Adds many.
    pub fn extend(&self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.insert(number);
        }
    }

    /// Whether the number is in the set.
    pub fn contains(&self, number: u64) -> bool {
        number < self.limit && self.words[(number / 64) as usize].load(Relaxed) & (1 << (number % 64)) != 0
    }

    /// How many numbers are in the set.
    pub fn len(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.load(Relaxed).count_ones())).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.limit).filter(|number| self.contains(*number))
    }
}

/// The first few runs of many numbers, for a reader to look for in logs.
pub fn some(numbers: impl Iterator<Item = u64>) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        let shown = runs.len();
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ if shown == RUNS => break,
            _ => runs.push((number, number)),
        }
    }
    let shown: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first} to {last}") })
        .collect();
    format!("such as {}", shown.join(", "))
}

/// How many runs are shown.
const RUNS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once() {
        let numbers = Numbers::new(130);
        assert!(numbers.insert(129));
        assert!(!numbers.insert(129));
        assert!(!numbers.insert(130), "beyond the limit");
        numbers.extend([0, 64]);
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [0, 64, 129]);
        assert_eq!(numbers.len(), 3);
    }
}
