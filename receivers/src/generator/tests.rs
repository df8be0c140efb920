use super::*;
use futures_util::future::BoxFuture;
use std::{sync::Mutex as StdMutex, time::Duration};
use tidewatch_component::{
    Batch, Context, Gate, LastCall, Outcome, Payload, Permit, Receipt, Refusal, Registry,
};
use tidewatch_config::{Signal, SignalSet};
use tokio::{sync::Notify, time::Instant};

/// The end of the road: keeps what arrives, and answers at once or never.
#[derive(Default)]
struct End {
    full: bool,
    silent: bool,
    arrived: StdMutex<Vec<Batch>>,
    room: Notify,
    last_call: LastCall,
}

impl End {
    fn items(&self, signal: Signal) -> usize {
        let arrived = self.arrived.lock().unwrap();
        arrived.iter().filter(|batch| batch.data_type() == signal).map(Batch::items).sum()
    }
}

impl Gate for End {
    fn admit(&self, _: Signal, _: usize) -> Result<Permit, Refusal> {
        if self.full {
            return Err(Refusal { reason: "full".into(), retry_after: Duration::from_millis(10) });
        }
        Ok(Permit::default())
    }

    fn takes(&self) -> SignalSet {
        SignalSet::of(&[Signal::Traces, Signal::Logs])
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.room.notified())
    }

    fn last_call(&self) -> &LastCall {
        &self.last_call
    }

    fn submit(&self, _: Permit, payload: Payload, context: Arc<Context>) -> Receipt {
        let (receipt, ticket) = Receipt::new(payload.items());
        if self.silent {
            self.arrived.lock().unwrap().push(Batch::new(payload, context, ticket));
        } else {
            self.arrived.lock().unwrap().push(Batch::unattended(payload, context));
            ticket.end(Outcome::Delivered);
        }
        receipt
    }

    fn dropped(&self, _: Signal, _: usize, _: &'static str) {}
}

/// A generator that has started.
async fn start(config: serde_json::Value, end: &Arc<End>, context: &BuildContext) -> Arc<dyn Receiver> {
    let config = serde_json::from_value(config).unwrap();
    let built = Generator::build(config, context).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let intake = Intake::new(end.clone(), built.acknowledge, "generator", &context.metrics);
    built.receiver.start(intake).await.unwrap();
    built.receiver
}

fn context() -> BuildContext {
    BuildContext::new("generator".parse().unwrap(), &tidewatch_telemetry::Metrics::default())
}

/// Lets a generator run for a while.
async fn run(config: serde_json::Value, end: &Arc<End>, seconds: u64) {
    let receiver = start(config, end, &context()).await;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    receiver.stop(Instant::now() + Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_the_default_is_600_log_records_and_stops_there() {
    let end = Arc::new(End::default());
    run(serde_json::json!({"duration": "60s"}), &end, 90).await;
    assert_eq!(end.items(Signal::Logs), 600);
    assert!(end.items(Signal::Traces) >= 600);
    assert_eq!(end.items(Signal::Metrics), 0, "no pipeline takes them");
}

#[tokio::test(start_paused = true)]
async fn a_simulated_day_does_not_wait_for_the_clock() {
    let end = Arc::new(End::default());
    let day = serde_json::json!({
        "time_scale": 0, "rate": 1, "duration": "1d", "start_time": "2026-01-05T00:00:00Z", "signals": ["logs"]
    });
    run(day, &end, 1).await;
    assert_eq!(end.items(Signal::Logs), 86_400);
    let arrived = end.arrived.lock().unwrap();
    let last = arrived.last().unwrap().telemetry().unwrap().decode_logs();
    let time = last.resource_logs[0].scope_logs[0].log_records[0].time_unix_nano;
    assert!(tidewatch_component::timestamp::to_rfc3339(time).starts_with("2026-01-05T23:59:"));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_start_give_the_same_bytes() {
    let run = async |seed: u64| {
        let end = Arc::new(End::default());
        let config = serde_json::json!({
            "seed": seed, "time_scale": 0, "duration": "10m", "start_time": "2026-01-05T00:00:00Z"
        });
        run(config, &end, 1).await;
        let arrived = end.arrived.lock().unwrap();
        arrived.iter().map(|batch| batch.telemetry().unwrap().bytes().clone()).collect::<Vec<_>>()
    };
    assert_eq!(run(7).await, run(7).await);
    assert_ne!(run(7).await, run(8).await);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_in_flight_than_may_be() {
    let end = Arc::new(End { silent: true, ..End::default() });
    let config = serde_json::json!({"time_scale": 0, "signals": ["logs"], "acknowledge_timeout": "1h"});
    run(config, &end, 30).await;
    assert_eq!(end.arrived.lock().unwrap().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn it_stops_while_it_waits_for_room() {
    let end = Arc::new(End { full: true, ..End::default() });
    run(serde_json::json!({}), &end, 5).await;
    assert!(end.arrived.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_delivered_is_counted() {
    let (end, context) = (Arc::new(End { silent: true, ..End::default() }), context());
    let config = serde_json::json!({"duration": "10s", "signals": ["logs"]});
    let _receiver = start(config, &end, &context).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    let metrics = context.metrics.render();
    assert!(
        metrics.contains("tidewatch_generator_failed_items_total{receiver=\"generator\"} 100\n"),
        "{metrics}"
    );
}

#[tokio::test(start_paused = true)]
async fn injected_anomalies_are_counted() {
    let context = context();
    let config = serde_json::json!({
        "seed": 7, "duration": "60s", "anomaly": {"probability": 1, "kinds": ["errors"]}
    });
    let _receiver = start(config, &Arc::default(), &context).await;
    tokio::time::sleep(Duration::from_secs(90)).await;
    let metrics = context.metrics.render();
    let line = metrics.lines().find(|line| line.starts_with("tidewatch_generator_anomalies_total")).unwrap();
    assert!(line.contains("kind=\"errors\"") && line.ends_with(" 1"), "{line}");
}

#[test]
fn it_registers_under_its_name() {
    let registry = Registry::new().receiver::<Generator>();
    assert!(registry.receiver_builder("generator").is_some());
}
