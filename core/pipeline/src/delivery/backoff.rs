//! Exponential backoff with jitter.

use rand::Rng;
use std::time::Duration;
use tidewatch_component::RetryConfig;
use tokio::time::Instant;

/// The longest wish of a destination that is kept: one that asks for more has lost its clock.
const LONGEST_WISH: Duration = Duration::from_secs(60 * 60);

/// The pauses between the tries of one batch.
pub(crate) struct Backoff {
    config: RetryConfig,
    started: Instant,
    endless: bool,
    pause: Duration,
}

impl Backoff {
    pub(crate) fn new(config: &RetryConfig) -> Self {
        let pause = config.initial_interval.into();
        Self { config: config.clone(), started: Instant::now(), endless: false, pause }
    }

    /// Never gives up, whatever the configuration says.
    pub(crate) fn endless(config: &RetryConfig) -> Self {
        Self { endless: true, ..Self::new(config) }
    }

    /// How long to wait for the next try; none when it is time to give up. The destination's own wish,
    /// `at_least`, is kept up to an hour.
    pub(crate) fn next(&mut self, at_least: Option<Duration>) -> Option<Duration> {
        if !self.config.enabled && !self.endless {
            return None;
        }
        let spread = self.config.randomization_factor.clamp(0.0, 1.0);
        let factor = if spread > 0.0 { rand::rng().random_range(1.0 - spread..=1.0 + spread) } else { 1.0 };
        let pause = self.pause.mul_f64(factor).max(at_least.unwrap_or_default().min(LONGEST_WISH));
        let longest: Duration = self.config.max_interval.into();
        self.pause = self.pause.mul_f64(self.config.multiplier.max(1.0)).min(longest);
        let limit: Duration = self.config.max_elapsed_time.into();
        (self.endless || limit.is_zero() || self.started.elapsed() + pause <= limit).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_keep_the_destinations_wish() {
        let config = RetryConfig { randomization_factor: 0.0, multiplier: 2.0, ..RetryConfig::default() };
        let mut backoff = Backoff::new(&config);
        let pauses: Vec<u64> = (0..5).map(|_| backoff.next(None).unwrap().as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 30, 30]);
        assert_eq!(backoff.next(Some(Duration::from_secs(99))).unwrap().as_secs(), 99);
        assert_eq!(backoff.next(Some(Duration::MAX)).unwrap(), LONGEST_WISH);
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let config = RetryConfig::default();
        for _ in 0..1000 {
            let pause = Backoff::new(&config).next(None).unwrap().as_secs_f64();
            assert!((2.5..=7.5).contains(&pause), "{pause}");
        }
    }

    #[test]
    fn it_ends_when_told_so() {
        let limited = RetryConfig {
            max_elapsed_time: Duration::from_secs(4).into(),
            randomization_factor: 0.0,
            ..RetryConfig::default()
        };
        assert_eq!(Backoff::new(&limited).next(None), None);
        let off = RetryConfig { enabled: false, ..RetryConfig::default() };
        assert_eq!(Backoff::new(&off).next(None), None);
        assert!(Backoff::endless(&limited).next(None).is_some());
        assert!(Backoff::endless(&off).next(None).is_some());
    }
}
