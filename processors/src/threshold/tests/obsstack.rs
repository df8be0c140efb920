//! The rule vectors of the three-pillar stack: latency as a lifetime average, errors as a counter.

use super::*;
use tidewatch_otlp::proto::metrics::v1::{AggregationTemporality, Histogram, HistogramDataPoint, Sum};

/// What a row of the vectors says.
struct Vector {
    rule: String,
    input: String,
    expected: String,
}

fn vectors() -> Vec<Vector> {
    data("obsstack/alert_rule_vectors.csv").lines().skip(1).map(vector).collect()
}

/// Fields may be quoted; quotes inside them do not occur.
fn vector(line: &str) -> Vector {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().unwrap().push(other),
        }
    }
    let [rule, input, _, expected] = fields.try_into().unwrap();
    Vector { rule, input, expected }
}

fn latency(seconds: u64, sum: f64, count: u64) -> Request {
    let point = HistogramDataPoint {
        time_unix_nano: nanos(seconds),
        start_time_unix_nano: nanos(0),
        sum: Some(sum),
        count,
        ..HistogramDataPoint::default()
    };
    let histogram = Histogram {
        data_points: vec![point],
        aggregation_temporality: AggregationTemporality::Cumulative.into(),
    };
    metrics(&[("service.name", "app")], vec![metric("request_latency_seconds", Data::Histogram(histogram))])
}

fn exceptions(seconds: u64, total: i64) -> Request {
    let point = NumberDataPoint {
        time_unix_nano: nanos(seconds),
        value: Some(Value::AsInt(total)),
        ..NumberDataPoint::default()
    };
    let sum = Sum {
        data_points: vec![point],
        aggregation_temporality: AggregationTemporality::Cumulative.into(),
        is_monotonic: true,
    };
    metrics(&[("service.name", "app")], vec![metric("exceptions_total", Data::Sum(sum))])
}

/// The rules as they stand there, or their fast variants for tests.
fn bench(fast: bool) -> Bench {
    let (limit, wait) = if fast { ("> 0.01", "5s") } else { ("> 0.2", "1m") };
    Bench::new(json!([
        {"alert": "HighLatency", "metric": "request_latency_seconds", "statistic": "avg", "by": ["service.name"],
         "levels": {"warning": limit}, "for": wait},
        {"alert": "HighErrorRate", "metric": "exceptions_total", "by": ["service.name"],
         "levels": {"critical": "> 0"}, "for": wait},
    ]))
}

/// Feeds a point every five seconds of event time, over and including `seconds`; the severities that fire,
/// and when.
fn fires(fast: bool, seconds: u64, request: impl Fn(u64) -> Request) -> Vec<(u64, String)> {
    let bench = bench(fast);
    let mut fired = Vec::new();
    for at in (0..=seconds).step_by(5) {
        for alert in bench.take(at as f64, &request(at)) {
            assert_eq!((alert.status, alert.starts_at), (AlertStatus::Firing, nanos(0)));
            fired.push((at, alert.severity));
        }
    }
    fired
}

#[test]
fn every_vector_gives_what_it_says() {
    let mut seen = 0;
    for Vector { rule, input, expected } in vectors() {
        let fired = match (rule.as_str(), input.as_str()) {
            ("HighLatency", input) if input.starts_with("sum=20 count=100") => {
                fires(false, 300, |at| latency(at, 20.0, 100))
            }
            ("HighLatency", input) if input.starts_with("sum=21 count=100") => {
                fires(false, 300, |at| latency(at, 21.0, 100))
            }
            ("HighLatency", "avg 0.21 s for 45 s then 0.10 s") => {
                fires(false, 300, |at| latency(at, if at < 45 { 21.0 } else { 10.0 }, 100))
            }
            ("HighErrorRate", "exceptions_total=0") => fires(false, 300, |at| exceptions(at, 0)),
            ("HighErrorRate", "exceptions_total=1 for 60 s") => fires(false, 300, |at| exceptions(at, 1)),
            ("HighLatency (test rules)", _) => fires(true, 60, |at| latency(at, 1.1, 100)),
            ("HighErrorRate (test rules)", _) => fires(true, 60, |at| exceptions(at, 1)),
            // Burn rates are other processors' work.
            ("ErrorBudgetBurnRateHigh (later version)" | "ErrorBudgetExhausted (later version)", _) => {
                continue;
            }
            other => panic!("a vector nobody knows: {other:?}"),
        };
        seen += 1;
        let after = if rule.contains("test rules") { 5 } else { 60 };
        let severity = ["warning", "critical"]
            .into_iter()
            .find(|severity| expected.contains(&format!("firing {severity}")));
        let expected = severity.map(|severity| (after, severity.to_owned()));
        assert_eq!(fired, Vec::from_iter(expected), "{rule}: {input}");
    }
    assert_eq!(seen, 7);
}

#[test]
fn an_absolute_counter_resolves_when_its_increase_is_judged() {
    let bench =
        Bench::new(json!([{"alert": "HighErrorRate", "metric": "exceptions_total", "by": ["service.name"],
        "change": {"over": "1m", "as": "delta"}, "levels": {"critical": "> 0"}}]));
    let mut told = Vec::new();
    for at in (0..=300).step_by(15) {
        let alerts = bench.take(at as f64, &exceptions(at, i64::from(at >= 90)));
        told.extend(alerts.into_iter().map(|alert| (at, alert.status)));
    }
    assert_eq!(told, [(90, AlertStatus::Firing), (150, AlertStatus::Resolved)]);
}
