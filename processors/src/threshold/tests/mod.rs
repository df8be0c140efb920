//! Whole rules over real requests.

// A configuration written in place reads better without a reference to it.
#![allow(clippy::needless_pass_by_value)]

mod items;
mod mistakes;
mod observio;
mod obsstack;
mod processor;
mod restart;
mod series;
mod statistics;

use super::{ThresholdConfig, compile, engine::Engine};
use crate::testing;
use serde_json::{Value as Json, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tidewatch_component::{Alert, AlertStatus, BuildContext};
use tidewatch_otlp::{
    Request,
    proto::{
        collector::metrics::v1::ExportMetricsServiceRequest,
        common::v1::{AnyValue, KeyValue, any_value},
        metrics::v1::{
            Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data,
            number_data_point::Value,
        },
        resource::v1::Resource,
    },
};

/// Where event time starts in these tests, in Unix seconds.
const EPOCH: u64 = 1_760_000_000;

/// The engine of a rule set, with a clock in the hands of the test.
struct Bench {
    engine: Engine,
    context: BuildContext,
    start: Instant,
}

impl Bench {
    /// `rules` as in a configuration.
    fn new(rules: Json) -> Self {
        Self::with(json!({ "rules": rules }))
    }

    fn with(config: Json) -> Self {
        let config: ThresholdConfig = serde_json::from_value(config).unwrap();
        let max_series = config.max_series;
        let context = testing::context("threshold");
        let rules = compile::rules(config).unwrap();
        Self { engine: Engine::new(rules, max_series, &context), context, start: Instant::now() }
    }

    fn at(&self, seconds: f64) -> Instant {
        self.start + Duration::from_secs_f64(seconds)
    }

    /// A request that arrives `seconds` after the start; state alerts and event alerts that come of it.
    fn take(&self, seconds: f64, request: &Request) -> Vec<Alert> {
        let found = self.engine.judge(request, self.at(seconds));
        found.states.into_iter().chain(found.events).collect()
    }

    /// A gauge `m` of host `a` has `value` at `seconds`, in event time and on the wall.
    fn gauge(&self, seconds: u64, value: f64) -> Vec<Alert> {
        self.take(seconds as f64, &gauge("m", &[("host.name", "a")], seconds, value))
    }

    /// The clock goes on to `seconds` after the start.
    fn wait(&self, seconds: f64) -> Vec<Alert> {
        self.engine.wake(self.at(seconds)).states
    }

    /// One of the engine's own metrics, by the start of its line.
    fn metric(&self, start: &str) -> Option<String> {
        let text = self.context.metrics.render();
        text.lines()
            .find(|line| line.starts_with(start))
            .and_then(|line| line.rsplit(' ').next().map(str::to_owned))
    }
}

/// Status, severity and value: what most tests look at.
fn brief(alerts: &[Alert]) -> Vec<(AlertStatus, &str, Option<f64>)> {
    alerts.iter().map(|alert| (alert.status, alert.severity.as_str(), alert.value)).collect()
}

/// Event time of `seconds` after the start, in nanoseconds.
fn nanos(seconds: u64) -> u64 {
    (EPOCH + seconds) * 1_000_000_000
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    let text = |value: &str| AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    let pair = |(key, value): &(&str, &str)| KeyValue {
        key: (*key).to_owned(),
        value: Some(text(value)),
        ..KeyValue::default()
    };
    pairs.iter().map(pair).collect()
}

/// One point of a gauge, its attributes on the point.
fn gauge(name: &str, pairs: &[(&str, &str)], seconds: u64, value: f64) -> Request {
    let point = NumberDataPoint {
        attributes: attributes(pairs),
        time_unix_nano: nanos(seconds),
        value: Some(Value::AsDouble(value)),
        ..NumberDataPoint::default()
    };
    metrics(&[], vec![metric(name, Data::Gauge(Gauge { data_points: vec![point] }))])
}

fn metric(name: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), unit: "1".to_owned(), data: Some(data), ..Metric::default() }
}

fn metrics(resource: &[(&str, &str)], metrics: Vec<Metric>) -> Request {
    Request::encode_metrics(&ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes: attributes(resource), ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        }],
    })
}

/// A file of `tests/data`.
fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
