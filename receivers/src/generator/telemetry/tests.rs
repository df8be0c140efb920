use super::*;
use crate::generator::{AnomalyConfig, workload::Workload};
use std::collections::HashSet;
use tidewatch_otlp::proto::{
    logs::v1::LogRecord,
    metrics::v1::{Metric, metric::Data, number_data_point},
    trace::v1::Span,
};

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_767_607_200 * SECOND;

fn shop(config: &GeneratorConfig) -> (Workload, Telemetry) {
    let services: Arc<[Service]> = config.check().unwrap().into();
    let workload = Workload::new(services.clone(), config.anomaly.clone(), config.rate, 7, START);
    let signals = config.signals.iter().copied().collect();
    (workload, Telemetry::new(services, config, signals, 7, START))
}

/// `seconds` of a shop in steps of half a second.
fn generate(config: &GeneratorConfig, seconds: u64) -> (Vec<Event>, Vec<Request>) {
    let (mut workload, mut telemetry) = shop(config);
    let (mut all, mut requests) = (Vec::new(), Vec::new());
    for step in 1..=seconds * 2 {
        let until = START + step * SECOND / 2;
        let events = workload.advance(until);
        requests.extend(telemetry.requests(&events, until, step == seconds * 2));
        all.extend(events);
    }
    (all, requests)
}

fn of(requests: &[Request], signal: tidewatch_otlp::Signal) -> impl Iterator<Item = &Request> {
    requests.iter().filter(move |request| request.signal() == signal)
}

fn spans(requests: &[Request]) -> Vec<Span> {
    of(requests, tidewatch_otlp::Signal::Traces)
        .flat_map(|request| request.decode_traces().resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect()
}

fn records(requests: &[Request]) -> Vec<LogRecord> {
    of(requests, tidewatch_otlp::Signal::Logs)
        .flat_map(|request| request.decode_logs().resource_logs)
        .flat_map(|resource| resource.scope_logs)
        .flat_map(|scope| scope.log_records)
        .collect()
}

fn metrics(requests: &[Request], name: &str) -> Vec<Metric> {
    of(requests, tidewatch_otlp::Signal::Metrics)
        .flat_map(|request| request.decode_metrics().resource_metrics)
        .flat_map(|resource| resource.scope_metrics)
        .flat_map(|scope| scope.metrics)
        .filter(|metric| metric.name == name)
        .collect()
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|pair| pair.key == key)?.value.as_ref()?.value.as_ref()
}

#[test]
fn what_is_made_passes_the_check_that_arriving_requests_pass() {
    let (_, requests) = generate(&GeneratorConfig::default(), 20);
    for request in requests {
        let checked = Request::check(request.signal(), request.bytes().clone()).unwrap();
        assert!(checked.rejected.is_none() && checked.request.is_canonical());
        assert_eq!(checked.request.items(), request.items());
    }
}

#[test]
fn each_event_is_a_server_span_and_a_log_record_of_the_same_ids() {
    let (events, requests) = generate(&GeneratorConfig::default(), 60);
    let (spans, records) = (spans(&requests), records(&requests));
    let servers: HashSet<_> =
        spans.iter().filter(|span| span.kind == 2).map(|span| (&span.trace_id, &span.span_id)).collect();
    assert_eq!((servers.len(), records.len()), (events.len(), events.len()));
    for record in &records {
        assert!(servers.contains(&(&record.trace_id, &record.span_id)));
    }
    let queries: Vec<_> = spans.iter().filter(|span| span.kind == 3).collect();
    assert!((events.len() / 3..events.len() * 2 / 3).contains(&queries.len()), "{}", queries.len());
    for query in queries {
        assert!(servers.contains(&(&query.trace_id, &query.parent_span_id)));
        assert!(value(&query.attributes, "db.system.name").is_some());
    }
}

#[test]
fn severity_and_span_status_follow_the_http_status() {
    let config = GeneratorConfig { rate: 100.0, ..GeneratorConfig::default() };
    let (_, requests) = generate(&config, 60);
    let status = |attributes: &[KeyValue]| match value(attributes, "http.response.status_code") {
        Some(Value::IntValue(status)) => *status,
        other => panic!("a number, not {other:?}"),
    };
    for record in records(&requests) {
        let expected = match status(&record.attributes) {
            500.. => 17,
            400.. => 13,
            _ => 9,
        };
        assert_eq!(record.severity_number, expected);
    }
    for span in spans(&requests).into_iter().filter(|span| span.kind == 2) {
        let failed = status(&span.attributes) >= 500;
        assert_eq!(span.status.unwrap().code == 2, failed);
        assert_eq!(value(&span.attributes, "error.type").is_some(), failed);
    }
}

#[test]
fn counters_are_cumulative_and_end_at_the_number_of_events() {
    let (events, requests) = generate(&GeneratorConfig::default(), 63);
    let (mut latest, mut exports) = (std::collections::HashMap::new(), HashSet::new());
    for metric in metrics(&requests, "http.server.requests") {
        let Some(Data::Sum(sum)) = metric.data else { panic!("a sum") };
        assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
        for point in sum.data_points {
            assert_eq!(point.start_time_unix_nano, START);
            exports.insert(point.time_unix_nano);
            let Some(number_data_point::Value::AsInt(now)) = point.value else { panic!("a whole number") };
            let before = latest.insert(format!("{:?}", point.attributes), now);
            assert!(before.is_none_or(|before| before <= now));
        }
    }
    assert_eq!(latest.values().sum::<i64>(), events.len() as i64);
    let grid = (1..=12).map(|i| START + i * 5 * SECOND).chain([START + 63 * SECOND]);
    assert_eq!(exports, grid.collect());
}

#[test]
fn the_histogram_holds_every_latency_in_seconds() {
    let (events, requests) = generate(&GeneratorConfig::default(), 60);
    let all = metrics(&requests, "http.server.request.duration");
    let last = all.iter().rev().take(3).map(|metric| match &metric.data {
        Some(Data::Histogram(histogram)) => histogram,
        other => panic!("a histogram, not {other:?}"),
    });
    let points: Vec<_> = last.flat_map(|histogram| &histogram.data_points).collect();
    assert!(points.iter().all(|point| point.bucket_counts.iter().sum::<u64>() == point.count));
    assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), events.len() as u64);
    let expected: f64 = events.iter().map(|event| event.latency as f64 / 1e9).sum();
    let sum: f64 = points.iter().filter_map(|point| point.sum).sum();
    assert!((sum - expected).abs() < 1e-6);
}

#[test]
fn gauges_follow_a_season_of_the_length_asked_for() {
    let config = GeneratorConfig {
        season: std::time::Duration::from_secs(100).into(),
        anomaly: AnomalyConfig { probability: 0.0, ..AnomalyConfig::default() },
        ..GeneratorConfig::default()
    };
    let (_, requests) = generate(&config, 300);
    let users: Vec<f64> = metrics(&requests, "checkout.active_users")
        .into_iter()
        .map(|metric| match metric.data {
            Some(Data::Gauge(gauge)) => match gauge.data_points[0].value {
                Some(number_data_point::Value::AsDouble(users)) => users,
                other => panic!("a double, not {other:?}"),
            },
            other => panic!("a gauge, not {other:?}"),
        })
        .collect();
    assert_eq!(users.len(), 60);
    for (now, season_later) in users.iter().zip(&users[20..]) {
        assert!((now / season_later - 1.0).abs() < 0.2, "{now} {season_later}");
    }
    let (least, most) =
        users.iter().fold((f64::MAX, 0.0_f64), |(least, most), &n| (least.min(n), most.max(n)));
    assert!(least < 250.0 && most > 700.0, "{least} {most}");
}

#[test]
fn only_the_signals_asked_for_are_made() {
    let config = GeneratorConfig { signals: vec![Signal::Logs], ..GeneratorConfig::default() };
    let (_, requests) = generate(&config, 10);
    assert!(requests.iter().all(|request| request.signal() == tidewatch_otlp::Signal::Logs));
    assert!(!requests.is_empty());
}
