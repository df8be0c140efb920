//! Event time: how far it is, given how much of the wall clock's has passed.

use std::time::Duration;
use tokio::time::Instant;

/// Event time that runs at its own speed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    begun: Instant,
    start: u64,
    scale: f64,
    end: Option<u64>,
}

impl Clock {
    /// Event time that is `start` now, passes `scale` times as fast as the wall clock (0: no waiting at
    /// all), and ends after `duration` (zero: never).
    pub(super) fn new(start: u64, scale: f64, duration: Duration) -> Self {
        let length = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let end = (length > 0).then(|| start.saturating_add(length));
        Self { begun: Instant::now(), start, scale, end }
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn is_over(&self, time: u64) -> bool {
        self.end.is_some_and(|end| time >= end)
    }

    /// Event time up to which things have happened by now.
    pub(super) fn now(&self) -> u64 {
        let now = if self.scale > 0.0 {
            let passed = self.begun.elapsed().as_secs_f64() * self.scale * 1e9;
            self.start.saturating_add(passed as u64)
        } else {
            u64::MAX
        };
        now.min(self.end.unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn event_time_runs_at_its_scale_until_the_end() {
        let clock = Clock::new(1000, 60.0, Duration::from_secs(90));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), 1000 + 60_000_000_000);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), 1000 + 90_000_000_000);
        assert!(clock.is_over(clock.now()));
        assert_eq!(Clock::new(1000, 0.0, Duration::from_secs(1)).now(), 1000 + 1_000_000_000);
        assert!(!Clock::new(1000, 0.0, Duration::ZERO).is_over(u64::MAX));
    }
}
