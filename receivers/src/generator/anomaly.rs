//! What goes wrong, when, and for how long.

use super::AnomalyConfig;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use schemars::JsonSchema;
use serde::Deserialize;

/// What may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnomalyKind {
    /// Requests take 5 to 10 times as long.
    Latency,
    /// 20 to 40 % of the requests fail.
    Errors,
}

impl AnomalyKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Errors => "errors",
        }
    }
}

/// One anomaly of one service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Anomaly {
    pub(super) kind: AnomalyKind,
    /// Index of the service.
    pub(super) service: usize,
    /// What latencies are multiplied with, or the share of failed requests.
    pub(super) factor: f64,
    /// Begin, in Unix nanoseconds of event time.
    pub(super) from: u64,
    /// End, not included.
    pub(super) until: u64,
}

/// The dice are thrown once in each of these, in nanoseconds.
const THROW: u64 = 1_000_000_000;

/// Decides over anomalies. Its dice are its own: the same seed gives the same anomalies at any rate.
#[derive(Debug)]
pub(super) struct Injector {
    config: AnomalyConfig,
    services: usize,
    dice: StdRng,
    /// When the dice are thrown next.
    next: u64,
    current: Option<Anomaly>,
    /// Begun, and not yet told.
    begun: Vec<Anomaly>,
}

impl Injector {
    pub(super) fn new(config: AnomalyConfig, services: usize, seed: u64, start: u64) -> Self {
        let dice = StdRng::seed_from_u64(!seed);
        Self { config, services, dice, next: start, current: None, begun: Vec::new() }
    }

    /// What is wrong at `time`, which never goes back.
    pub(super) fn at(&mut self, time: u64) -> Option<Anomaly> {
        while self.next <= time && self.config.probability > 0.0 {
            if self.dice.random_bool(self.config.probability) {
                let anomaly = self.begin(self.next);
                let pause = nanos(self.config.pause);
                // At least one throw later, or an anomaly of no length would begin for ever.
                self.next = anomaly.until.saturating_add(pause).max(self.next + THROW);
                self.begun.push(anomaly);
                self.current = Some(anomaly);
            } else {
                self.next += THROW;
            }
        }
        self.current.filter(|anomaly| (anomaly.from..anomaly.until).contains(&time))
    }

    /// The anomalies that have begun since this was last asked.
    pub(super) fn take_begun(&mut self) -> Vec<Anomaly> {
        std::mem::take(&mut self.begun)
    }

    fn begin(&mut self, from: u64) -> Anomaly {
        let kind = *self.config.kinds.choose(&mut self.dice).expect("checked: there is a kind");
        let factor = match kind {
            AnomalyKind::Latency => self.dice.random_range(5.0..=10.0),
            AnomalyKind::Errors => self.dice.random_range(0.2..=0.4),
        };
        let length =
            self.dice.random_range(nanos(self.config.min_duration)..=nanos(self.config.max_duration));
        let service = self.dice.random_range(0..self.services);
        Anomaly { kind, service, factor, from, until: from.saturating_add(length) }
    }
}

fn nanos(duration: tidewatch_config::values::GoDuration) -> u64 {
    u64::try_from(duration.get().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const MINUTE: u64 = 60 * SECOND;

    fn day(config: AnomalyConfig, seed: u64) -> Vec<Anomaly> {
        let mut injector = Injector::new(config, 3, seed, 0);
        injector.at(24 * 60 * MINUTE);
        injector.take_begun()
    }

    #[test]
    fn they_come_one_at_a_time_last_2_to_5_minutes_and_pause_5() {
        let anomalies = day(AnomalyConfig::default(), 7);
        assert!(anomalies.len() > 100, "a day has time for about 160: {}", anomalies.len());
        for anomaly in &anomalies {
            assert!((2 * MINUTE..=5 * MINUTE).contains(&(anomaly.until - anomaly.from)));
            let range = if anomaly.kind == AnomalyKind::Latency { 5.0..=10.0 } else { 0.2..=0.4 };
            assert!(range.contains(&anomaly.factor));
        }
        for pair in anomalies.windows(2) {
            assert!(pair[1].from >= pair[0].until + 5 * MINUTE);
        }
        for service in 0..3 {
            assert!(anomalies.iter().any(|anomaly| anomaly.service == service));
        }
    }

    #[test]
    fn the_first_one_comes_after_20_seconds_on_average() {
        let first: u64 = (0..200).map(|seed| day(AnomalyConfig::default(), seed)[0].from / SECOND).sum();
        assert!((15..25).contains(&(first / 200)), "{}", first / 200);
    }

    #[test]
    fn probability_0_means_none_and_the_same_seed_the_same_ones() {
        assert_eq!(day(AnomalyConfig { probability: 0.0, ..AnomalyConfig::default() }, 7), []);
        assert_eq!(day(AnomalyConfig::default(), 7), day(AnomalyConfig::default(), 7));
        assert_ne!(day(AnomalyConfig::default(), 7), day(AnomalyConfig::default(), 8));
    }

    #[test]
    fn only_the_kinds_asked_for_happen() {
        let only = AnomalyConfig { kinds: vec![AnomalyKind::Errors], ..AnomalyConfig::default() };
        assert!(day(only, 7).iter().all(|anomaly| anomaly.kind == AnomalyKind::Errors));
    }

    #[test]
    fn anomalies_without_length_or_pause_still_let_time_pass() {
        let zero = tidewatch_config::values::GoDuration::ZERO;
        let config = AnomalyConfig {
            probability: 1.0,
            min_duration: zero,
            max_duration: zero,
            pause: zero,
            ..AnomalyConfig::default()
        };
        let mut injector = Injector::new(config, 3, 7, 0);
        assert_eq!(injector.at(MINUTE), None);
        assert_eq!(injector.take_begun().len(), 61);
    }
}
