//! Thinning out lines that repeat.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tidewatch_config::service::LogSampling;
use tracing::Level;

/// Different lines may share a counter: memory stays the same, whatever is logged.
const COUNTERS: usize = 4096;

/// Of lines with the same level and message, lets the first of each interval through, then only some.
pub(super) struct Sampler {
    started: Instant,
    tick: Duration,
    initial: u64,
    thereafter: u64,
    counters: Mutex<Vec<Counter>>,
}

#[derive(Clone, Copy, Default)]
struct Counter {
    interval: u128,
    lines: u64,
}

impl Sampler {
    pub(super) fn new(config: &LogSampling) -> Self {
        Self {
            started: Instant::now(),
            tick: config.tick.into(),
            initial: config.initial,
            thereafter: config.thereafter,
            counters: Mutex::new(vec![Counter::default(); COUNTERS]),
        }
    }

    pub(super) fn lets_through(&self, level: Level, message: &str) -> bool {
        self.lets_through_at(self.started.elapsed(), level, message)
    }

    fn lets_through_at(&self, at: Duration, level: Level, message: &str) -> bool {
        let interval = at.as_nanos() / self.tick.as_nanos().max(1);
        let mut hasher = DefaultHasher::new();
        (level, message).hash(&mut hasher);
        let slot = (hasher.finish() % COUNTERS as u64) as usize;
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = &mut counters[slot];
        if counter.interval != interval {
            *counter = Counter { interval, lines: 0 };
        }
        counter.lines += 1;
        let over = counter.lines.saturating_sub(self.initial);
        over == 0 || over.checked_rem(self.thereafter) == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_of_an_interval_pass_then_every_so_many() {
        let config = LogSampling { initial: 2, thereafter: 3, ..LogSampling::default() };
        let sampler = Sampler::new(&config);
        let passes = |seconds| {
            let at = Duration::from_secs(seconds);
            (0..8).map(|_| sampler.lets_through_at(at, Level::WARN, "full")).collect::<Vec<_>>()
        };
        let expected = [true, true, false, false, true, false, false, true];
        assert_eq!(passes(1), expected);
        assert_eq!(passes(11), expected, "the next interval counts anew");
        assert!(sampler.lets_through_at(Duration::from_secs(11), Level::WARN, "another message"));
        assert!(sampler.lets_through_at(Duration::from_secs(11), Level::ERROR, "full"));
    }

    #[test]
    fn nothing_passes_after_the_first_where_thereafter_is_zero() {
        let config = LogSampling { initial: 1, thereafter: 0, ..LogSampling::default() };
        let sampler = Sampler::new(&config);
        let passed = (0..100).filter(|_| sampler.lets_through_at(Duration::ZERO, Level::INFO, "a")).count();
        assert_eq!(passed, 1);
    }
}
