//! `scale_metric` reaches every point of a metric.

mod common;

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{
        Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
        metric::Data, number_data_point::Value,
    },
};
use tidewatch_expr::{Context, Statement};
use tidewatch_otlp::Request;

fn scaled(data: Data, factor: &str) -> Metric {
    let metric =
        Metric { name: "m".to_owned(), unit: "ms".to_owned(), data: Some(data), ..Metric::default() };
    let scope = ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() };
    let resource = ResourceMetrics { scope_metrics: vec![scope], ..ResourceMetrics::default() };
    let request = Request::encode_metrics(&ExportMetricsServiceRequest { resource_metrics: vec![resource] });
    let statement = Statement::parse(&format!(r#"scale_metric({factor}, "s")"#), Context::Metric).unwrap();
    let (edited, outcomes) = common::run(&[statement], Context::Metric, &request);
    assert_eq!(outcomes, [Ok(true)]);
    let mut message = edited.decode_metrics();
    message.resource_metrics.remove(0).scope_metrics.remove(0).metrics.remove(0)
}

fn number(value: Value) -> NumberDataPoint {
    NumberDataPoint { value: Some(value), ..NumberDataPoint::default() }
}

#[test]
fn numbers_are_multiplied_and_integers_stay_where_they_can() {
    let points = vec![number(Value::AsInt(3000)), number(Value::AsInt(1)), number(Value::AsDouble(2.0))];
    let metric = scaled(Data::Gauge(Gauge { data_points: points }), "0.5");
    assert_eq!(metric.unit, "s");
    let Some(Data::Gauge(gauge)) = metric.data else { panic!("a gauge") };
    let values: Vec<_> = gauge.data_points.into_iter().filter_map(|point| point.value).collect();
    assert_eq!(values, [Value::AsInt(1500), Value::AsDouble(0.5), Value::AsDouble(1.0)]);
}

#[test]
fn sums_extremes_and_bounds_of_histograms_are_multiplied() {
    let point = HistogramDataPoint {
        count: 2,
        sum: Some(10.0),
        min: Some(4.0),
        max: Some(6.0),
        bucket_counts: vec![1, 1],
        explicit_bounds: vec![5.0],
        ..HistogramDataPoint::default()
    };
    let data = Histogram { data_points: vec![point.clone()], aggregation_temporality: 1 };
    let metric = scaled(Data::Histogram(data), "2");
    let Some(Data::Histogram(histogram)) = metric.data else { panic!("a histogram") };
    let expected = HistogramDataPoint {
        sum: Some(20.0),
        min: Some(8.0),
        max: Some(12.0),
        explicit_bounds: vec![10.0],
        ..point
    };
    assert_eq!(histogram, Histogram { data_points: vec![expected], aggregation_temporality: 1 });
}
