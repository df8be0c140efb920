use super::Source;
use crate::proto::collector::logs::v1::ExportLogsServiceRequest;
use crate::proto::collector::metrics::v1::ExportMetricsServiceRequest;
use crate::proto::collector::trace::v1::ExportTraceServiceRequest;
use crate::proto::common::v1::any_value::Value;
use crate::proto::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use crate::proto::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use crate::proto::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric::Data, number_data_point,
};
use crate::proto::resource::v1::Resource;
use crate::proto::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

const START: u64 = 1_760_000_000_000_000_000;
const ROUTES: [&str; 4] = ["/api/v1/orders", "/api/v1/orders/{id}", "/checkout", "/healthz"];
const METHODS: [&str; 3] = ["GET", "POST", "DELETE"];
const STATUSES: [i64; 4] = [200, 201, 404, 503];

/// As many log records of about 250 bytes with 8 attributes each, as one service sends them.
pub fn realistic_logs(records: usize) -> ExportLogsServiceRequest {
    let mut source = Source::from_seed(1);
    let record = |index| {
        let time = time(index);
        LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: time + 1_000_000,
            severity_number: 9,
            severity_text: "INFO".to_owned(),
            body: text(&format!("order {index} accepted, queued for shipping")),
            attributes: vec![
                attribute("http.method", source.pick(&METHODS)),
                attribute("http.route", source.pick(&ROUTES)),
                integer("http.status", source.pick(&STATUSES)),
                integer("duration_us", source.below(500_000) as i64),
                attribute("user.id", &format!("u-{:06}", source.below(1_000_000))),
                attribute("region", source.pick(&["eu-west-1", "us-east-1"])),
                flag("cache.hit", source.one_in(2)),
                attribute("thread", &format!("worker-{}", source.below(16))),
            ],
            ..LogRecord::default()
        }
    };
    let log_records = (0..records).map(record).collect();
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource()),
            scope_logs: vec![ScopeLogs { scope: Some(scope()), log_records, ..ScopeLogs::default() }],
            ..ResourceLogs::default()
        }],
    }
}

/// As many spans with 8 attributes each, as one service sends them.
pub fn realistic_traces(spans: usize) -> ExportTraceServiceRequest {
    let mut source = Source::from_seed(2);
    let span = |index| {
        let start = time(index);
        Span {
            trace_id: (0..16).map(|_| source.byte()).collect(),
            span_id: (0..8).map(|_| source.byte()).collect(),
            parent_span_id: (0..8).map(|_| source.byte()).collect(),
            flags: 0x101,
            name: source.pick(&ROUTES).to_owned(),
            kind: 2,
            start_time_unix_nano: start,
            end_time_unix_nano: start + 1_000_000,
            attributes: vec![
                attribute("http.request.method", source.pick(&METHODS)),
                attribute("http.route", source.pick(&ROUTES)),
                integer("http.response.status_code", source.pick(&STATUSES)),
                attribute("url.scheme", "https"),
                attribute("server.address", "orders.internal"),
                integer("server.port", 8443),
                attribute("client.address", &format!("10.0.0.{}", source.byte())),
                attribute("network.protocol.version", "1.1"),
            ],
            status: Some(Status { code: 1, ..Status::default() }),
            ..Span::default()
        }
    };
    let spans = (0..spans).map(span).collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource()),
            scope_spans: vec![ScopeSpans { scope: Some(scope()), spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    }
}

/// As many metrics with 10 points of 5 attributes each: sums, gauges and histograms in turn.
pub fn realistic_metrics(metrics: usize) -> ExportMetricsServiceRequest {
    let mut source = Source::from_seed(3);
    let metrics = (0..metrics).map(|index| {
        let data = match index % 3 {
            0 => Data::Sum(Sum {
                data_points: (0..10).map(|index| number_point(&mut source, index)).collect(),
                aggregation_temporality: AggregationTemporality::Cumulative.into(),
                is_monotonic: true,
            }),
            1 => Data::Gauge(Gauge {
                data_points: (0..10).map(|index| number_point(&mut source, index)).collect(),
            }),
            _ => Data::Histogram(Histogram {
                data_points: (0..10).map(|index| histogram_point(&mut source, index)).collect(),
                aggregation_temporality: AggregationTemporality::Delta.into(),
            }),
        };
        Metric {
            name: format!("http.server.metric_{index}"),
            description: "Requests served by the order service.".to_owned(),
            unit: "{request}".to_owned(),
            data: Some(data),
            ..Metric::default()
        }
    });
    let metrics = metrics.collect();
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics: vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        }],
    }
}

fn number_point(source: &mut Source<'_>, index: usize) -> NumberDataPoint {
    NumberDataPoint {
        attributes: series(source, index),
        start_time_unix_nano: START,
        time_unix_nano: time(index),
        value: Some(number_data_point::Value::AsDouble(source.below(100_000) as f64 / 8.0)),
        ..NumberDataPoint::default()
    }
}

fn histogram_point(source: &mut Source<'_>, index: usize) -> HistogramDataPoint {
    let bucket_counts: Vec<u64> = (0..12).map(|_| u64::from(source.byte())).collect();
    HistogramDataPoint {
        attributes: series(source, index),
        start_time_unix_nano: START,
        time_unix_nano: time(index),
        count: bucket_counts.iter().sum(),
        sum: Some(source.below(100_000) as f64),
        bucket_counts,
        explicit_bounds: (0..11).map(|bound| f64::from(1 << bound)).collect(),
        ..HistogramDataPoint::default()
    }
}

fn series(source: &mut Source<'_>, index: usize) -> Vec<KeyValue> {
    vec![
        attribute("http.request.method", source.pick(&METHODS)),
        attribute("http.route", source.pick(&ROUTES)),
        integer("http.response.status_code", source.pick(&STATUSES)),
        attribute("server.address", "orders.internal"),
        attribute("pod", &format!("orders-{index}")),
    ]
}

fn resource() -> Resource {
    let attributes = vec![
        attribute("service.name", "orders"),
        attribute("service.version", "4.12.0"),
        attribute("service.instance.id", "orders-7d9f6c5b8-x2k4q"),
        attribute("deployment.environment.name", "production"),
        attribute("k8s.namespace.name", "shop"),
        attribute("k8s.pod.name", "orders-7d9f6c5b8-x2k4q"),
        attribute("host.name", "node-17"),
        attribute("telemetry.sdk.language", "java"),
    ];
    Resource { attributes, ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    let (name, version) = ("com.example.orders".to_owned(), "1.0.0".to_owned());
    InstrumentationScope { name, version, ..InstrumentationScope::default() }
}

fn time(index: usize) -> u64 {
    START + index as u64 * 1_234_567
}

fn text(text: &str) -> Option<AnyValue> {
    Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) })
}

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue { key: key.to_owned(), value: text(value), ..KeyValue::default() }
}

fn integer(key: &str, value: i64) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::IntValue(value)) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn flag(key: &str, value: bool) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::BoolValue(value)) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}
