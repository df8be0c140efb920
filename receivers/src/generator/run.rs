//! The task that makes telemetry, at its pace, and hands it over.

use super::{
    GeneratorConfig, anomaly::Anomaly, clock::Clock, flight::Flight, service::Service, telemetry::Telemetry,
    workload::Workload,
};
use std::{sync::Arc, time::Duration};
use tidewatch_component::{BuildContext, Intake, timestamp};
use tidewatch_config::{Mistake, SignalSet};
use tidewatch_telemetry::Metrics;
use tokio::{sync::oneshot, task::JoinHandle, time::Instant};

/// How often the paced generator wakes up.
const TICK: Duration = Duration::from_millis(100);
/// Events in one request at most, where a rate is set.
const REQUEST: f64 = 1000.0;

/// All that is known before the start.
pub(super) struct Job {
    config: GeneratorConfig,
    services: Arc<[Service]>,
    id: Arc<str>,
    metrics: Metrics,
}

/// The task under way.
pub(super) struct Generating {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Job {
    pub(super) fn new(config: GeneratorConfig, context: &BuildContext) -> Result<Self, Vec<Mistake>> {
        let services = config.check()?.into();
        let (id, metrics) = (context.id.to_string().into(), context.metrics.clone());
        Ok(Self { config, services, id, metrics })
    }

    pub(super) fn start(&self, intake: Intake) -> Generating {
        let config = &self.config;
        let start = config.start_time.as_deref().and_then(|text| timestamp::from_rfc3339(text).ok());
        let clock =
            Clock::new(start.unwrap_or_else(timestamp::now), config.time_scale, config.duration.into());
        let seed = config.seed.unwrap_or_else(rand::random);
        tracing::info!(
            receiver = &*self.id,
            seed,
            rate = config.rate,
            start = timestamp::to_rfc3339(clock.start()),
            "generating telemetry"
        );
        let signals = config.signals.iter().copied().collect::<SignalSet>().intersection(intake.takes());
        let workload =
            Workload::new(self.services.clone(), config.anomaly.clone(), config.rate, seed, clock.start());
        let shop = Shop {
            workload,
            telemetry: Telemetry::new(self.services.clone(), config, signals, seed, clock.start()),
            services: self.services.clone(),
            id: self.id.clone(),
            metrics: self.metrics.clone(),
        };
        let failed = self.metrics.counter(
            "tidewatch_generator_failed_items_total",
            "Generated spans, data points and log records that were not delivered.",
            &["receiver"],
        );
        let mut flight = Flight::new(intake, failed.with_label_values(&[&self.id]));
        let step = step(config);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = shop.run(clock, step, &mut flight) => {}
                _ = stopped => {}
            }
            flight.land().await;
        });
        Generating { stop, task }
    }
}

/// Event time in one round, in nanoseconds: one export of the metrics, [`REQUEST`] events at most.
fn step(config: &GeneratorConfig) -> u64 {
    let interval = config.interval.get().as_secs_f64();
    let seconds = if config.rate > 0.0 { interval.min(REQUEST / config.rate) } else { interval };
    (seconds * 1e9) as u64
}

impl Generating {
    /// Makes no more, and waits until `deadline` for the receipts of what was made.
    pub(super) async fn stop(mut self, deadline: Instant) {
        drop(self.stop);
        if tokio::time::timeout_at(deadline, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

struct Shop {
    workload: Workload,
    telemetry: Telemetry,
    services: Arc<[Service]>,
    id: Arc<str>,
    metrics: Metrics,
}

impl Shop {
    async fn run(mut self, clock: Clock, step: u64, flight: &mut Flight) {
        let mut at = clock.start();
        loop {
            let now = clock.now();
            if at < now {
                at = now.min(at.saturating_add(step));
                let events = self.workload.advance(at);
                for anomaly in self.workload.take_begun() {
                    self.tell(&anomaly);
                }
                for request in self.telemetry.requests(&events, at, clock.is_over(at)) {
                    flight.send(request).await;
                }
            }
            if clock.is_over(at) {
                tracing::info!(receiver = &*self.id, "all telemetry is generated");
                return;
            }
            if at < now || self.workload.is_unpaced() {
                // Admission may never wait, and others want the thread, too.
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(TICK).await;
            }
        }
    }

    /// The ground truth, for whoever compares it with what was detected.
    fn tell(&self, anomaly: &Anomaly) {
        let (kind, service) = (anomaly.kind.name(), &self.services[anomaly.service].name);
        tracing::info!(
            receiver = &*self.id,
            kind,
            service,
            factor = anomaly.factor,
            from = timestamp::to_rfc3339(anomaly.from),
            until = timestamp::to_rfc3339(anomaly.until),
            "anomaly injected"
        );
        let injected = self.metrics.counter(
            "tidewatch_generator_anomalies_total",
            "Anomalies injected into generated telemetry.",
            &["receiver", "kind", "service"],
        );
        injected.with_label_values(&[&*self.id, kind, service]).inc();
    }
}
