//! Units and names of metrics.

use super::*;
use tidewatch_otlp::proto::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value as Any},
    metrics::v1::{
        Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
        metric::Data, number_data_point::Value as Number,
    },
};

fn request(metrics: Vec<Metric>) -> Request {
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    Request::encode_metrics(&ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }],
    })
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric { name: name.into(), unit: unit.into(), data: Some(data), ..Metric::default() }
}

fn metrics_of(request: &Request) -> Vec<Metric> {
    request.decode_metrics().resource_metrics.remove(0).scope_metrics.remove(0).metrics
}

fn sum(unit: &str, value: Number, attribute: &str) -> Metric {
    let value_of = AnyValue { value: Some(Any::StringValue("x".into())) };
    let attributes = vec![KeyValue { key: attribute.into(), value: Some(value_of), ..KeyValue::default() }];
    let data_points = vec![NumberDataPoint { value: Some(value), attributes, ..NumberDataPoint::default() }];
    metric(
        "system.cpu.time",
        unit,
        Data::Sum(Sum { data_points, aggregation_temporality: 2, is_monotonic: true }),
    )
}

#[test]
fn values_are_brought_to_the_units_that_are_wanted() {
    let bench = Bench::new(json!({"units": {"ms": "s", "MiB": "By"}}));
    let histogram = HistogramDataPoint {
        count: 3,
        sum: Some(250.0),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![9.0],
        ..HistogramDataPoint::default()
    };
    let latency = Data::Histogram(Histogram { data_points: vec![histogram], aggregation_temporality: 1 });
    let out = bench.take(request(vec![
        metric("latency", "milliseconds", latency),
        sum("MiBy", Number::AsInt(3), "a"),
        sum("s", Number::AsInt(3), "a"),
    ]));
    let made = metrics_of(&out.requests[0]);
    assert_eq!(made.iter().map(|metric| metric.unit.as_str()).collect::<Vec<_>>(), ["s", "By", "s"]);
    let Some(Data::Histogram(latency)) = &made[0].data else { panic!() };
    let point = &latency.data_points[0];
    assert_eq!(
        (point.sum, &point.explicit_bounds[..], &point.bucket_counts[..]),
        (Some(0.25), &[0.009][..], &[1, 2][..])
    );
    let values = made[1..].iter().map(|metric| match &metric.data {
        Some(Data::Sum(sum)) if sum.is_monotonic => sum.data_points[0].value,
        _ => panic!("it stays a counter"),
    });
    assert_eq!(values.collect::<Vec<_>>(), [Some(Number::AsInt(3 << 20)), Some(Number::AsInt(3))]);
    let untouched = request(vec![sum("By", Number::AsInt(3), "a")]);
    assert_eq!(bench.take(untouched.clone()).requests, [untouched]);
    let spelled = Bench::new(json!({"units": {"seconds": "s"}})).take(request(vec![sum(
        "Seconds",
        Number::AsInt(3),
        "a",
    )]));
    assert_eq!(
        metrics_of(&spelled.requests[0]),
        [sum("s", Number::AsInt(3), "a")],
        "only the spelling changes"
    );
}

#[test]
fn metrics_and_their_attributes_get_their_published_names() {
    let bench = Bench::new(json!({"rename": {"semantic_conventions": true}}));
    let out = bench.take(request(vec![
        sum("s", Number::AsInt(3), "state"),
        metric("http.server.duration", "ms", Data::Histogram(Histogram::default())),
        Metric { name: "other".into(), ..sum("s", Number::AsInt(3), "state") },
    ]));
    let made = metrics_of(&out.requests[0]);
    let names: Vec<_> = made.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["system.cpu.time", "http.server.request.duration", "other"]);
    let attribute = |metric: &Metric| match &metric.data {
        Some(Data::Sum(sum)) => sum.data_points[0].attributes[0].key.clone(),
        _ => panic!(),
    };
    assert_eq!((attribute(&made[0]).as_str(), attribute(&made[2]).as_str()), ("cpu.mode", "state"));
}

#[test]
fn only_what_is_configured_is_looked_at() {
    let handles = |config| Bench::new(config).processor.handles();
    use tidewatch_component::{DataType, SignalSet};
    assert_eq!(handles(json!({"units": {"ms": "s"}})), SignalSet::of(&[DataType::Metrics]));
    assert_eq!(handles(json!({"records": [{"parse": "json"}]})), SignalSet::of(&[DataType::Logs]));
    assert_eq!(handles(json!({"rename": {"a": "b"}})), SignalSet::TELEMETRY);
}
