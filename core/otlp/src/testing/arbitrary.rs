use prost::Message;

use super::Source;
use crate::Signal;
use crate::proto::collector::logs::v1::ExportLogsServiceRequest;
use crate::proto::collector::metrics::v1::ExportMetricsServiceRequest;
use crate::proto::collector::trace::v1::ExportTraceServiceRequest;
use crate::proto::common::v1::any_value::Value;
use crate::proto::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use crate::proto::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use crate::proto::metrics::v1::exponential_histogram_data_point::Buckets;
use crate::proto::metrics::v1::summary_data_point::ValueAtQuantile;
use crate::proto::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    metric::Data, number_data_point,
};
use crate::proto::resource::v1::Resource;
use crate::proto::trace::v1::span::{Event, Link};
use crate::proto::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

/// An arbitrary logs request: any shape, any values, ids of the right length or absent.
pub fn arb_logs(source: &mut Source<'_>) -> ExportLogsServiceRequest {
    let scope = |source: &mut Source<'_>| ScopeLogs {
        scope: scope(source),
        log_records: source.several(4, record),
        schema_url: text(source),
    };
    let resource_logs = source.several(3, |source| ResourceLogs {
        resource: resource(source),
        scope_logs: source.several(3, scope),
        schema_url: text(source),
    });
    ExportLogsServiceRequest { resource_logs }
}

/// An arbitrary traces request; see [`arb_logs`]. Spans have their ids.
pub fn arb_traces(source: &mut Source<'_>) -> ExportTraceServiceRequest {
    let scope = |source: &mut Source<'_>| ScopeSpans {
        scope: scope(source),
        spans: source.several(4, span),
        schema_url: text(source),
    };
    let resource_spans = source.several(3, |source| ResourceSpans {
        resource: resource(source),
        scope_spans: source.several(3, scope),
        schema_url: text(source),
    });
    ExportTraceServiceRequest { resource_spans }
}

/// An arbitrary metrics request; see [`arb_logs`].
pub fn arb_metrics(source: &mut Source<'_>) -> ExportMetricsServiceRequest {
    let scope = |source: &mut Source<'_>| ScopeMetrics {
        scope: scope(source),
        metrics: source.several(4, metric),
        schema_url: text(source),
    };
    let resource_metrics = source.several(3, |source| ResourceMetrics {
        resource: resource(source),
        scope_metrics: source.several(3, scope),
        schema_url: text(source),
    });
    ExportMetricsServiceRequest { resource_metrics }
}

/// The wire bytes of an arbitrary request of this signal.
pub fn arb_request(signal: Signal, source: &mut Source<'_>) -> Vec<u8> {
    match signal {
        Signal::Traces => arb_traces(source).encode_to_vec(),
        Signal::Metrics => arb_metrics(source).encode_to_vec(),
        Signal::Logs => arb_logs(source).encode_to_vec(),
    }
}

/// An arbitrary value with at most `depth` lists or maps around each other.
pub fn arb_value(source: &mut Source<'_>, depth: usize) -> AnyValue {
    let value = match source.below(if depth == 0 { 6 } else { 8 }) {
        0 => Some(Value::StringValue(text(source))),
        1 => Some(Value::BoolValue(source.one_in(2))),
        2 => Some(Value::IntValue(word(source) as i64)),
        3 => Some(Value::DoubleValue(double(source))),
        4 => Some(Value::BytesValue(source.several(20, Source::byte))),
        5 => None,
        6 => {
            let values = source.several(3, |source| arb_value(source, depth - 1));
            Some(Value::ArrayValue(ArrayValue { values }))
        }
        _ => Some(Value::KvlistValue(KeyValueList { values: attributes_of(source, depth - 1) })),
    };
    AnyValue { value }
}

fn attributes(source: &mut Source<'_>) -> Vec<KeyValue> {
    attributes_of(source, 3)
}

fn attributes_of(source: &mut Source<'_>, depth: usize) -> Vec<KeyValue> {
    source.several(4, |source| KeyValue {
        key: text(source),
        value: (!source.one_in(8)).then(|| arb_value(source, depth)),
        key_strindex: 0,
    })
}

fn text(source: &mut Source<'_>) -> String {
    match source.below(8) {
        0 => String::new(),
        // Long enough for a length of two bytes.
        1 => "a long text ".repeat(11 + source.below(10)),
        2 => {
            source.pick(&["naïve", "地图", "🌊", "\u{7f}", "\0", "\u{80}", "\u{10ffff}", "\"\\\n"]).to_owned()
        }
        3 | 4 => source.pick(&["service.name", "host", "http.route", "k", "event"]).to_owned(),
        _ => source.several(12, |source| char::from(b' ' + source.byte() % 95)).into_iter().collect(),
    }
}

fn word(source: &mut Source<'_>) -> u64 {
    match source.below(5) {
        0 => 0,
        1 => source.byte().into(),
        2 => source.pick(&[1, 127, 128, 1 << 53, u64::MAX, i64::MAX as u64, i64::MIN as u64]),
        _ => source.word(),
    }
}

fn count(source: &mut Source<'_>) -> u32 {
    word(source) as u32
}

fn double(source: &mut Source<'_>) -> f64 {
    match source.below(4) {
        0 => 0.0,
        1 => source.pick(&[
            1.5,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
            1e21,
        ]),
        2 => f64::from(source.byte()),
        // Any bits but those of unusual NaNs, which do not survive text.
        _ => Some(f64::from_bits(source.word())).filter(|double| !double.is_nan()).unwrap_or(f64::NAN),
    }
}

fn optional_double(source: &mut Source<'_>) -> Option<f64> {
    source.one_in(2).then(|| double(source))
}

fn enumeration(source: &mut Source<'_>, known: usize) -> i32 {
    if source.one_in(20) { 77 } else { source.below(known) as i32 }
}

fn id(source: &mut Source<'_>, length: usize) -> Vec<u8> {
    (0..length).map(|_| source.byte()).collect()
}

fn optional_id(source: &mut Source<'_>, length: usize) -> Vec<u8> {
    if source.one_in(2) { id(source, length) } else { Vec::new() }
}

fn resource(source: &mut Source<'_>) -> Option<Resource> {
    (!source.one_in(5)).then(|| Resource {
        attributes: attributes(source),
        dropped_attributes_count: count(source),
        entity_refs: source.several(1, |source| EntityRef {
            schema_url: text(source),
            r#type: text(source),
            id_keys: source.several(2, text),
            description_keys: source.several(2, text),
        }),
    })
}

fn scope(source: &mut Source<'_>) -> Option<InstrumentationScope> {
    (!source.one_in(5)).then(|| InstrumentationScope {
        name: text(source),
        version: text(source),
        attributes: attributes(source),
        dropped_attributes_count: count(source),
    })
}

fn record(source: &mut Source<'_>) -> LogRecord {
    LogRecord {
        time_unix_nano: word(source),
        observed_time_unix_nano: word(source),
        severity_number: enumeration(source, 25),
        severity_text: text(source),
        body: (!source.one_in(5)).then(|| arb_value(source, 4)),
        attributes: attributes(source),
        dropped_attributes_count: count(source),
        flags: count(source),
        trace_id: optional_id(source, 16),
        span_id: optional_id(source, 8),
        event_name: text(source),
    }
}

fn span(source: &mut Source<'_>) -> Span {
    Span {
        trace_id: id(source, 16),
        span_id: id(source, 8),
        trace_state: text(source),
        parent_span_id: optional_id(source, 8),
        flags: count(source),
        name: text(source),
        kind: enumeration(source, 6),
        start_time_unix_nano: word(source),
        end_time_unix_nano: word(source),
        attributes: attributes(source),
        dropped_attributes_count: count(source),
        events: source.several(2, |source| Event {
            time_unix_nano: word(source),
            name: text(source),
            attributes: attributes(source),
            dropped_attributes_count: count(source),
        }),
        dropped_events_count: count(source),
        links: source.several(2, |source| Link {
            trace_id: optional_id(source, 16),
            span_id: optional_id(source, 8),
            trace_state: text(source),
            attributes: attributes(source),
            dropped_attributes_count: count(source),
            flags: count(source),
        }),
        dropped_links_count: count(source),
        status: source.one_in(2).then(|| Status { message: text(source), code: enumeration(source, 3) }),
    }
}

fn metric(source: &mut Source<'_>) -> Metric {
    let data = match source.below(6) {
        0 => None,
        1 => Some(Data::Gauge(Gauge { data_points: source.several(4, number_point) })),
        2 => Some(Data::Sum(Sum {
            data_points: source.several(4, number_point),
            aggregation_temporality: enumeration(source, 3),
            is_monotonic: source.one_in(2),
        })),
        3 => Some(Data::Histogram(Histogram {
            data_points: source.several(4, histogram_point),
            aggregation_temporality: enumeration(source, 3),
        })),
        4 => Some(Data::ExponentialHistogram(ExponentialHistogram {
            data_points: source.several(4, exponential_histogram_point),
            aggregation_temporality: enumeration(source, 3),
        })),
        _ => Some(Data::Summary(Summary { data_points: source.several(4, summary_point) })),
    };
    Metric {
        name: text(source),
        description: text(source),
        unit: text(source),
        metadata: attributes(source),
        data,
    }
}

fn exemplar(source: &mut Source<'_>) -> Exemplar {
    Exemplar {
        filtered_attributes: attributes(source),
        time_unix_nano: word(source),
        span_id: optional_id(source, 8),
        trace_id: optional_id(source, 16),
        value: match source.below(3) {
            0 => None,
            1 => Some(exemplar::Value::AsInt(word(source) as i64)),
            _ => Some(exemplar::Value::AsDouble(double(source))),
        },
    }
}

fn number_point(source: &mut Source<'_>) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(source),
        start_time_unix_nano: word(source),
        time_unix_nano: word(source),
        exemplars: source.several(2, exemplar),
        flags: count(source),
        value: match source.below(3) {
            0 => None,
            1 => Some(number_data_point::Value::AsInt(word(source) as i64)),
            _ => Some(number_data_point::Value::AsDouble(double(source))),
        },
    }
}

fn histogram_point(source: &mut Source<'_>) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(source),
        start_time_unix_nano: word(source),
        time_unix_nano: word(source),
        count: word(source),
        sum: optional_double(source),
        bucket_counts: source.several(20, word),
        explicit_bounds: source.several(19, double),
        exemplars: source.several(2, exemplar),
        flags: count(source),
        min: optional_double(source),
        max: optional_double(source),
    }
}

fn buckets(source: &mut Source<'_>) -> Buckets {
    Buckets { offset: word(source) as i32, bucket_counts: source.several(20, word) }
}

fn exponential_histogram_point(source: &mut Source<'_>) -> ExponentialHistogramDataPoint {
    ExponentialHistogramDataPoint {
        attributes: attributes(source),
        start_time_unix_nano: word(source),
        time_unix_nano: word(source),
        count: word(source),
        sum: optional_double(source),
        scale: word(source) as i32,
        zero_count: word(source),
        positive: source.one_in(2).then(|| buckets(source)),
        negative: source.one_in(2).then(|| buckets(source)),
        flags: count(source),
        exemplars: source.several(2, exemplar),
        min: optional_double(source),
        max: optional_double(source),
        zero_threshold: double(source),
    }
}

fn summary_point(source: &mut Source<'_>) -> SummaryDataPoint {
    SummaryDataPoint {
        attributes: attributes(source),
        start_time_unix_nano: word(source),
        time_unix_nano: word(source),
        count: word(source),
        sum: double(source),
        quantile_values: source
            .several(3, |source| ValueAtQuantile { quantile: double(source), value: double(source) }),
        flags: count(source),
    }
}
