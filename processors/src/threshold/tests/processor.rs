//! The processor as the pipeline sees it.

use super::*;
use crate::threshold::Threshold;
use std::sync::Arc;
use tidewatch_component::{
    Batch, Context, DataType, Outcome, Payload, Processor, ProcessorFactory, Receipt, SignalSet,
};

fn build(rules: Json) -> Arc<dyn Processor> {
    let config = serde_json::from_value(json!({ "rules": rules })).unwrap();
    Threshold::build(config, &testing::context("threshold")).ok().unwrap()
}

fn rules(mode: &str) -> Json {
    json!([{"alert": "A", "metric": "m", "by": ["host.name"], "mode": mode, "levels": {"warning": "> 1"}}])
}

#[test]
fn it_asks_only_for_what_its_rules_judge() {
    assert_eq!(build(rules("state")).handles(), SignalSet::of(&[DataType::Metrics]));
    let logs = json!([{"alert": "A", "signal": "logs", "levels": {"x": "true"}},
        {"alert": "B", "signal": "traces", "levels": {"x": "true"}}]);
    assert_eq!(build(logs).handles(), SignalSet::of(&[DataType::Logs, DataType::Traces]));
}

#[test]
fn telemetry_passes_unchanged_and_alerts_that_last_follow_unattended() {
    let processor = build(rules("state"));
    let request = gauge("m", &[("host.name", "a")], 0, 2.0);
    let out = testing::outputs(|out| processor.process(testing::batch(request.clone()), out));
    assert_eq!(out[0].telemetry(), Some(&request));
    assert!(out[1].payload.is_state_alerts() && !out[1].is_awaited());
    let other = gauge("other", &[("host.name", "a")], 0, 2.0);
    assert_eq!(testing::outputs(|out| processor.process(testing::batch(other), out)).len(), 1);
}

#[test]
fn receipts_wait_for_event_alerts() {
    let processor = build(rules("event"));
    let (receipt, ticket) = Receipt::new(1);
    let request = gauge("m", &[("host.name", "a")], 0, 2.0);
    let batch = Batch::new(Payload::Telemetry(request), Arc::new(Context::of_receiver("otlp")), ticket);
    let out = testing::outputs(|out| processor.process(batch, out));
    assert_eq!(out.iter().map(Batch::data_type).collect::<Vec<_>>(), [DataType::Metrics, DataType::Alerts]);
    assert!(out.iter().all(Batch::is_awaited));
    out.into_iter().for_each(|batch| batch.end(&Outcome::Delivered));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let verdict = std::pin::pin!(receipt);
    let std::task::Poll::Ready(verdict) = verdict.poll(&mut context) else { panic!("a part is missing") };
    assert_eq!(verdict.delivered_parts, 2);
}

#[test]
fn nothing_resolves_because_the_agent_stops() {
    let processor = build(json!([{"alert": "A", "metric": "m", "for": "1s", "stale_after": "1s",
        "levels": {"warning": "> 1"}}]));
    let request = gauge("m", &[], 0, 2.0);
    testing::outputs(|out| processor.process(testing::batch(request), out));
    let later = Instant::now() + Duration::from_secs(60);
    assert!(testing::outputs(|out| processor.tick(later, true, out)).is_empty());
    assert!(!testing::outputs(|out| processor.tick(later, false, out)).is_empty());
}
