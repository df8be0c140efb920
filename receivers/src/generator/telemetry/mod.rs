//! Events as OTLP: traces, logs and metrics.

mod logs;
mod meter;
mod season;
mod traces;

use super::{GeneratorConfig, service::Service, workload::Event};
use meter::Meter;
use std::{collections::BTreeMap, sync::Arc};
use tidewatch_component::SignalSet;
use tidewatch_config::Signal;
use tidewatch_otlp::{
    Request,
    proto::{
        common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
        resource::v1::Resource,
    },
};

/// Turns events into requests.
pub(super) struct Telemetry {
    services: Arc<[Service]>,
    signals: SignalSet,
    meter: Meter,
}

impl Telemetry {
    pub(super) fn new(
        services: Arc<[Service]>,
        config: &GeneratorConfig,
        signals: SignalSet,
        seed: u64,
        start: u64,
    ) -> Self {
        let meter = Meter::new(services.clone(), config, seed, start);
        Self { services, signals, meter }
    }

    /// The requests that tell about `events`, which are all that happened up to `until`. The `last` ones
    /// bring the metrics up to date, whatever their interval.
    pub(super) fn requests(&mut self, events: &[Event], until: u64, last: bool) -> Vec<Request> {
        let mut requests = Vec::new();
        if self.signals.contains(Signal::Traces) && !events.is_empty() {
            requests.push(traces::encode(&self.services, events));
        }
        if self.signals.contains(Signal::Logs) && !events.is_empty() {
            requests.push(logs::encode(&self.services, events));
        }
        if self.signals.contains(Signal::Metrics) {
            requests.extend(self.meter.encode(events, until, last));
        }
        requests
    }
}

/// The events of each service that has some.
fn by_service(events: &[Event]) -> BTreeMap<usize, Vec<&Event>> {
    let mut groups: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
    for event in events {
        groups.entry(event.service).or_default().push(event);
    }
    groups
}

fn resource(service: &Service) -> Option<Resource> {
    let attributes = vec![
        text("service.name", &service.name),
        text("service.version", "1.0.0"),
        text("service.instance.id", &format!("{}-1", service.name)),
        text("deployment.environment.name", "demo"),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: "tidewatch.generator".into(), ..InstrumentationScope::default() })
}

fn request_attributes(service: &Service, endpoint: usize, status: u16) -> Vec<KeyValue> {
    let endpoint = &service.endpoints[endpoint];
    vec![
        text("http.request.method", &endpoint.method),
        text("http.route", &endpoint.route),
        integer("http.response.status_code", status.into()),
    ]
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn integer(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

#[cfg(test)]
mod tests;
