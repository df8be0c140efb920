//! The numbers of histograms and summaries.

use super::*;
use tidewatch_otlp::proto::metrics::v1::{
    AggregationTemporality, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram,
    HistogramDataPoint, Summary, SummaryDataPoint, exponential_histogram_data_point::Buckets,
    summary_data_point::ValueAtQuantile,
};

/// The value of `statistic` of a metric with one point, by a rule that always fires.
fn value(statistic: &str, data: Data) -> Option<f64> {
    let bench = Bench::new(json!([{"alert": "A", "metric": "m", "statistic": statistic, "mode": "event",
        "levels": {"info": "> -1e300"}}]));
    bench.take(0.0, &metrics(&[], vec![metric("m", data)])).first().and_then(|alert| alert.value)
}

fn histogram(bounds: &[f64], counts: &[u64], sum: f64) -> Data {
    let point = HistogramDataPoint {
        time_unix_nano: nanos(0),
        count: counts.iter().sum(),
        sum: Some(sum),
        bucket_counts: counts.to_vec(),
        explicit_bounds: bounds.to_vec(),
        ..HistogramDataPoint::default()
    };
    let aggregation_temporality = AggregationTemporality::Delta.into();
    Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality })
}

fn exponential(scale: i32, zero: u64, negative: (i32, &[u64]), positive: (i32, &[u64])) -> Data {
    let buckets = |(offset, counts): (i32, &[u64])| Some(Buckets { offset, bucket_counts: counts.to_vec() });
    let point = ExponentialHistogramDataPoint {
        time_unix_nano: nanos(0),
        count: zero + negative.1.iter().sum::<u64>() + positive.1.iter().sum::<u64>(),
        sum: Some(10.0),
        scale,
        zero_count: zero,
        zero_threshold: 0.5,
        negative: buckets(negative),
        positive: buckets(positive),
        ..ExponentialHistogramDataPoint::default()
    };
    let aggregation_temporality = AggregationTemporality::Delta.into();
    Data::ExponentialHistogram(ExponentialHistogram { data_points: vec![point], aggregation_temporality })
}

fn summary() -> Data {
    let quantile_values =
        vec![ValueAtQuantile { quantile: 0.5, value: 2.0 }, ValueAtQuantile { quantile: 0.99, value: 9.0 }];
    let point = SummaryDataPoint {
        time_unix_nano: nanos(0),
        count: 4,
        sum: 10.0,
        quantile_values,
        ..Default::default()
    };
    Data::Summary(Summary { data_points: vec![point] })
}

#[test]
fn percentiles_of_explicit_buckets_are_interpolated_as_in_prometheus() {
    let latency = || histogram(&[0.1, 0.2, 0.4, 1.0], &[50, 30, 15, 4, 1], 21.0);
    for (statistic, expected) in [
        ("count", 100.0),
        ("sum", 21.0),
        ("avg", 0.21),
        // Half of the measurements lie in the first bucket, which starts at 0.
        ("p50", 0.1),
        ("p25", 0.05),
        ("p65", 0.15),
        ("p95", 0.4),
        ("p97", 0.7),
        // The last bucket is open: its lower bound.
        ("p99.9", 1.0),
        ("p100", 1.0),
        ("p0", 0.0),
    ] {
        let number = value(statistic, latency()).unwrap();
        assert!((number - expected).abs() < 1e-9, "{statistic}: {number}, not {expected}");
    }
    assert_eq!(value("p50", histogram(&[-2.0, 2.0], &[9, 1, 0], 0.0)), Some(-2.0));
    assert_eq!(value("p50", histogram(&[1.0], &[0, 0], 0.0)), None);
    assert_eq!(value("p50", histogram(&[], &[7], 3.0)), None, "one bucket without bounds tells nothing");
    assert_eq!(value("avg", histogram(&[1.0], &[0, 0], 0.0)), None);
}

#[test]
fn percentiles_of_exponential_buckets_are_interpolated_exponentially() {
    // Scale 0: the buckets are (1, 2], (2, 4] and (4, 8].
    let positive = || exponential(0, 0, (0, &[]), (0, &[2, 4, 2]));
    for (statistic, expected) in
        [("p25", 2.0), ("p50", 8_f64.sqrt()), ("p75", 4.0), ("p100", 8.0), ("avg", 1.25)]
    {
        let number = value(statistic, positive()).unwrap();
        assert!((number - expected).abs() < 1e-9, "{statistic}: {number}, not {expected}");
    }
    // Scale 1 halves the buckets' exponents: (2^0.5, 2].
    assert_eq!(value("p100", exponential(1, 0, (0, &[]), (1, &[3]))), Some(2.0));
    // From below: (-4, -2] and (-2, -1], then zero, then (1, 2].
    let mixed = || exponential(0, 2, (0, &[2, 2]), (0, &[2]));
    for (statistic, expected) in
        [("p0", -4.0), ("p25", -2.0), ("p50", -1.0), ("p62.5", 0.0), ("p75", 0.5), ("p100", 2.0)]
    {
        let number = value(statistic, mixed()).unwrap();
        assert!((number - expected).abs() < 1e-9, "{statistic}: {number}, not {expected}");
    }
    assert_eq!(value("p50", exponential(0, 0, (0, &[]), (0, &[]))), None);
}

#[test]
fn summaries_have_the_quantiles_they_have() {
    assert_eq!(value("p99", summary()), Some(9.0));
    assert_eq!(value("avg", summary()), Some(2.5));
    assert_eq!(value("p95", summary()), None);
}

#[test]
fn a_statistic_that_points_do_not_have_is_counted() {
    let bench = Bench::new(json!([{"alert": "A", "metric": "m", "levels": {"info": "> 0"}}]));
    let request = metrics(&[], vec![metric("m", histogram(&[1.0], &[1, 1], 1.0))]);
    assert_eq!(brief(&bench.take(0.0, &request)), []);
    let reason = r#"tidewatch_threshold_skipped_items{alert="A",pipeline="main",processor="threshold",reason="unsuited_statistic"}"#;
    assert_eq!(bench.metric(reason).as_deref(), Some("1"));
    let gauge =
        Bench::new(json!([{"alert": "A", "metric": "m", "statistic": "p95", "levels": {"info": "> 0"}}]));
    assert_eq!(brief(&gauge.gauge(0, 1.0)), []);
    assert_eq!(gauge.metric(reason).as_deref(), Some("1"));
}

#[test]
fn conditions_over_points_need_no_statistic() {
    let bench =
        Bench::new(json!([{"alert": "A", "metric": "m", "levels": {"warning": "sum / count > 0.2"}}]));
    let request = metrics(&[], vec![metric("m", histogram(&[1.0], &[1, 1], 1.0))]);
    assert_eq!(brief(&bench.take(0.0, &request)), [(AlertStatus::Firing, "warning", None)]);
}

#[test]
fn points_without_a_value_say_nothing() {
    let point = NumberDataPoint {
        time_unix_nano: nanos(1),
        // FLAG_NO_RECORDED_VALUE
        flags: 1,
        ..NumberDataPoint::default()
    };
    let bench = Bench::new(json!([{"alert": "A", "metric": "m", "by": [], "levels": {"warning": "> 5"}}]));
    assert_eq!(bench.gauge(0, 9.0).len(), 1);
    let stale = metrics(&[], vec![metric("m", Data::Gauge(Gauge { data_points: vec![point] }))]);
    assert_eq!(brief(&bench.take(1.0, &stale)), []);
}
