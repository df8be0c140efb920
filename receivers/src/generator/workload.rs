//! Requests that the shop has served: the same seed gives the same ones.

use super::{
    AnomalyConfig, AnomalyKind,
    anomaly::{Anomaly, Injector},
    service::Service,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use rand_distr::Distribution;
use std::sync::Arc;

/// One request that the shop has served.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// When it was answered, in Unix nanoseconds.
    pub(super) end: u64,
    /// How long that took, in nanoseconds.
    pub(super) latency: u64,
    /// Index of its service, and of the endpoint there.
    pub(super) service: usize,
    pub(super) endpoint: usize,
    /// HTTP status.
    pub(super) status: u16,
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
    /// The span of the database query, where there was one.
    pub(super) query: Option<[u8; 8]>,
}

impl Event {
    pub(super) fn start(&self) -> u64 {
        self.end.saturating_sub(self.latency)
    }
}

/// Share of failed requests in health, and what they answer.
const ERROR_RATE: f64 = 0.02;
const ERRORS: [u16; 4] = [500, 503, 504, 429];
/// The shortest latency, in milliseconds.
const FLOOR: f64 = 10.0;
/// Share of requests that query the database.
const QUERY_RATE: f64 = 0.5;
/// Events at a time where no rate is set.
const BURST: u64 = 500;

/// Makes events in the order of their time.
pub(super) struct Workload {
    services: Arc<[Service]>,
    random: StdRng,
    injector: Injector,
    start: u64,
    /// All events before this time have been made.
    at: u64,
    pace: Option<Pace>,
}

/// One event in each period, at a random place in it: any stretch of time holds what the rate says.
struct Pace {
    /// Nanoseconds.
    period: f64,
    made: u64,
    next: u64,
}

impl Workload {
    /// `rate` is in events per second; at 0, every [`Workload::advance`] makes a burst.
    pub(super) fn new(
        services: Arc<[Service]>,
        anomaly: AnomalyConfig,
        rate: f64,
        seed: u64,
        start: u64,
    ) -> Self {
        let injector = Injector::new(anomaly, services.len(), seed, start);
        let pace = (rate > 0.0).then(|| Pace { period: 1e9 / rate, made: 0, next: 0 });
        let mut workload =
            Self { services, random: StdRng::seed_from_u64(seed), injector, start, at: start, pace };
        workload.schedule();
        workload
    }

    /// All events from where it stands to `until`, which is not included.
    pub(super) fn advance(&mut self, until: u64) -> Vec<Event> {
        let mut events = Vec::new();
        if self.pace.is_none() {
            let (from, span) = (self.at, until.saturating_sub(self.at));
            events.extend((0..BURST).map(|index| self.event(from + span * index / BURST)));
        }
        while let Some(end) = self.pace.as_ref().map(|pace| pace.next).filter(|next| *next < until) {
            events.push(self.event(end));
            self.schedule();
        }
        self.at = until;
        events
    }

    /// Whether no rate is set.
    pub(super) fn is_unpaced(&self) -> bool {
        self.pace.is_none()
    }

    /// The anomalies that have begun since this was last asked.
    pub(super) fn take_begun(&mut self) -> Vec<Anomaly> {
        self.injector.take_begun()
    }

    fn schedule(&mut self) {
        if let Some(pace) = &mut self.pace {
            let place = self.random.random::<f64>();
            // Nanoseconds since the start: 53 bits of them are 104 days, afterwards the grid gets coarser.
            pace.next = self.start + ((pace.made as f64 + place) * pace.period) as u64;
            pace.made += 1;
        }
    }

    fn event(&mut self, end: u64) -> Event {
        let anomaly = self.injector.at(end);
        let random = &mut self.random;
        let index = random.random_range(0..self.services.len());
        let service = &self.services[index];
        let (mut slower, mut error_rate) = (1.0, ERROR_RATE);
        match anomaly.filter(|anomaly| anomaly.service == index) {
            Some(Anomaly { kind: AnomalyKind::Latency, factor, .. }) => slower = factor,
            Some(Anomaly { kind: AnomalyKind::Errors, factor, .. }) => error_rate = factor,
            None => {}
        }
        let latency = (service.latency.sample(random) * slower).max(FLOOR);
        let endpoint = random.random_range(0..service.endpoints.len());
        let status = if random.random_bool(error_rate) {
            *ERRORS.choose(random).expect("there are errors")
        } else {
            service.endpoints[endpoint].ok
        };
        Event {
            end,
            latency: (latency * 1e6) as u64,
            service: index,
            endpoint,
            status,
            trace_id: random.random(),
            span_id: random.random(),
            query: random.random_bool(QUERY_RATE).then(|| random.random()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::GeneratorConfig, *};

    const SECOND: u64 = 1_000_000_000;
    const START: u64 = 1_767_607_200 * SECOND;

    fn workload(rate: f64, seed: u64, anomaly: AnomalyConfig) -> Workload {
        let services = GeneratorConfig::default().check().unwrap();
        Workload::new(services.into(), anomaly, rate, seed, START)
    }

    fn healthy() -> AnomalyConfig {
        AnomalyConfig { probability: 0.0, ..AnomalyConfig::default() }
    }

    fn mean_ms<'a>(events: impl Iterator<Item = &'a Event>) -> f64 {
        let latencies: Vec<f64> = events.map(|event| event.latency as f64 / 1e6).collect();
        latencies.iter().sum::<f64>() / latencies.len() as f64
    }

    #[test]
    fn a_minute_holds_600_events_in_order() {
        for seed in 0..20 {
            let events = workload(10.0, seed, AnomalyConfig::default()).advance(START + 60 * SECOND);
            assert!((570..=630).contains(&events.len()), "{}", events.len());
            assert!(events.is_sorted_by_key(|event| event.end));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_events_in_steps_of_any_length() {
        let whole = workload(10.0, 7, AnomalyConfig::default()).advance(START + 600 * SECOND);
        let mut stepping = workload(10.0, 7, AnomalyConfig::default());
        let steps: Vec<Event> = (1..=2000).flat_map(|i| stepping.advance(START + i * 300_000_000)).collect();
        assert_eq!(whole, steps);
        assert_ne!(whole, workload(10.0, 8, AnomalyConfig::default()).advance(START + 600 * SECOND));
    }

    #[test]
    fn in_health_latencies_and_errors_are_what_the_services_say() {
        let events = workload(1000.0, 7, healthy()).advance(START + 60 * SECOND);
        for (service, base) in [(0, 150.0), (1, 200.0), (2, 50.0)] {
            let mean = mean_ms(events.iter().filter(|event| event.service == service));
            assert!((mean / base - 1.0).abs() < 0.01, "{mean} for {base}");
        }
        assert!(events.iter().all(|event| event.latency >= 10_000_000));
        let errors = events.iter().filter(|event| event.status >= 400).count() as f64;
        assert!((errors / events.len() as f64 - 0.02).abs() < 0.005);
        let mut seen: Vec<u16> = events.iter().map(|event| event.status).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [200, 201, 204, 429, 500, 503, 504]);
    }

    #[test]
    fn an_anomaly_strikes_its_service_only() {
        for kind in [AnomalyKind::Latency, AnomalyKind::Errors] {
            let config = AnomalyConfig { probability: 1.0, kinds: vec![kind], ..AnomalyConfig::default() };
            let mut workload = workload(1000.0, 7, config);
            let events = workload.advance(START + 60 * SECOND);
            let [anomaly] = workload.take_begun()[..] else { panic!("one anomaly") };
            let (struck, well): (Vec<_>, Vec<_>) =
                events.into_iter().partition(|event| event.service == anomaly.service);
            let errors = |events: &[Event]| {
                events.iter().filter(|event| event.status >= 400).count() as f64 / events.len() as f64
            };
            assert!(errors(&well) < 0.03 && mean_ms(well.iter()) < 210.0);
            if kind == AnomalyKind::Errors {
                assert!((errors(&struck) - anomaly.factor).abs() < 0.02);
            } else {
                let base = [150.0, 200.0, 50.0][anomaly.service];
                assert!((mean_ms(struck.iter()) / base / anomaly.factor - 1.0).abs() < 0.02);
            }
        }
    }

    #[test]
    fn without_a_rate_every_step_is_a_burst_inside_its_time() {
        let mut workload = workload(0.0, 7, healthy());
        for step in 1..=3 {
            let events = workload.advance(START + step * SECOND);
            assert_eq!(events.len(), 500);
            let inside = START + (step - 1) * SECOND..START + step * SECOND;
            assert!(events.iter().all(|event| inside.contains(&event.end)));
        }
    }
}
