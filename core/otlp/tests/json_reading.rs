//! What OTLP/JSON may look like, each form against the message it means.

use prost::Message;
use tidewatch_otlp::proto::collector::logs::v1::ExportLogsServiceRequest;
use tidewatch_otlp::proto::collector::metrics::v1::ExportMetricsServiceRequest;
use tidewatch_otlp::proto::collector::trace::v1::ExportTraceServiceRequest;
use tidewatch_otlp::proto::common::v1::{AnyValue, any_value::Value};
use tidewatch_otlp::proto::logs::v1::LogRecord;
use tidewatch_otlp::proto::metrics::v1::{HistogramDataPoint, Metric, metric::Data};
use tidewatch_otlp::proto::trace::v1::Span;
use tidewatch_otlp::{Signal, json};

fn read<M: Message + Default>(signal: Signal, text: &str) -> M {
    let wire = json::decode(signal, text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    M::decode(wire.as_slice()).unwrap()
}

fn record(fields: &str) -> LogRecord {
    let text = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{fields}}}]}}]}}]}}"#);
    let mut request: ExportLogsServiceRequest = read(Signal::Logs, &text);
    request.resource_logs.remove(0).scope_logs.remove(0).log_records.remove(0)
}

fn span(fields: &str) -> Span {
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#);
    let mut request: ExportTraceServiceRequest = read(Signal::Traces, &text);
    request.resource_spans.remove(0).scope_spans.remove(0).spans.remove(0)
}

fn metric(fields: &str) -> Metric {
    let text = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{{fields}}}]}}]}}]}}"#);
    let mut request: ExportMetricsServiceRequest = read(Signal::Metrics, &text);
    request.resource_metrics.remove(0).scope_metrics.remove(0).metrics.remove(0)
}

fn histogram_point(fields: &str) -> HistogramDataPoint {
    match metric(&format!(r#""histogram":{{"dataPoints":[{{{fields}}}]}}"#)).data {
        Some(Data::Histogram(mut histogram)) => histogram.data_points.remove(0),
        other => panic!("{other:?}"),
    }
}

fn body(value: &str) -> Option<Value> {
    record(&format!(r#""body":{value}"#)).body.and_then(|body| body.value)
}

fn time(value: &str) -> u64 {
    record(&format!(r#""timeUnixNano":{value}"#)).time_unix_nano
}

fn sum(value: &str) -> f64 {
    histogram_point(&format!(r#""sum":{value}"#)).sum.unwrap()
}

#[test]
fn a_request_may_be_empty() {
    for text in ["{}", " { } \n", r#"{"resourceLogs":[]}"#, r#"{"resourceLogs":null}"#] {
        let request: ExportLogsServiceRequest = read(Signal::Logs, text);
        assert_eq!(request, ExportLogsServiceRequest::default());
    }
}

#[test]
fn integers_of_64_bits_are_strings_or_numbers() {
    let largest = u64::MAX;
    assert_eq!(time(r#""18446744073709551615""#), largest);
    assert_eq!(time("18446744073709551615"), largest);
    for thousand in ["1000", r#""1000""#, "1e3", "1000.0", r#""1e3""#, r#""1000.0""#, "10000e-1"] {
        assert_eq!(time(thousand), 1000, "{thousand}");
    }
    assert_eq!(time("-0"), 0);
    assert_eq!(body(r#"{"intValue":"-9223372036854775808"}"#), Some(Value::IntValue(i64::MIN)));
    assert_eq!(body(r#"{"intValue":-9223372036854775808}"#), Some(Value::IntValue(i64::MIN)));
    assert_eq!(body(r#"{"intValue":9223372036854775807}"#), Some(Value::IntValue(i64::MAX)));
}

#[test]
fn integers_of_32_bits_are_numbers_or_strings() {
    for text in ["7", r#""7""#, "7.0", "0.7e1"] {
        assert_eq!(record(&format!(r#""droppedAttributesCount":{text}"#)).dropped_attributes_count, 7);
        assert_eq!(record(&format!(r#""flags":{text}"#)).flags, 7);
    }
}

#[test]
fn doubles_keep_every_bit() {
    let exact = [0.1, 1.0 / 3.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, -2.5e-8, 123_456_789.123_456_78];
    for double in exact {
        for text in [format!("{double:e}"), format!("{double}"), format!(r#""{double:e}""#)] {
            assert_eq!(sum(&text).to_bits(), double.to_bits(), "{text}");
        }
    }
    for zero in ["-0.0", "-0", r#""-0""#, "-0e5"] {
        assert_eq!(sum(zero).to_bits(), (-0.0_f64).to_bits(), "{zero}");
    }
    let larger_than_any_integer = "12345678901234567890123";
    assert_eq!(sum(larger_than_any_integer).to_bits(), 12_345_678_901_234_567_890_123.0_f64.to_bits());
    assert!(sum(r#""NaN""#).is_nan());
    assert_eq!(sum(r#""Infinity""#).to_bits(), f64::INFINITY.to_bits());
    assert_eq!(sum(r#""-Infinity""#).to_bits(), f64::NEG_INFINITY.to_bits());
}

#[test]
fn optional_numbers_know_whether_they_were_written() {
    let point = histogram_point(r#""sum":0,"min":null"#);
    assert_eq!((point.sum, point.min, point.max), (Some(0.0), None, None));
}

#[test]
fn packed_lists_take_any_number() {
    let point =
        histogram_point(r#""bucketCounts":["1",2,3e0,null],"explicitBounds":[0,"0.5",1e1,"Infinity"]"#);
    assert_eq!(point.bucket_counts, [1, 2, 3, 0]);
    assert_eq!(point.explicit_bounds, [0.0, 0.5, 10.0, f64::INFINITY]);
    assert_eq!(histogram_point(r#""bucketCounts":[]"#), HistogramDataPoint::default());
    let many = vec!["1"; 1000].join(",");
    assert_eq!(histogram_point(&format!(r#""bucketCounts":[{many}]"#)).bucket_counts, [1; 1000]);
}

#[test]
fn enum_values_are_numbers_or_names() {
    for kind in ["2", r#""2""#, r#""SPAN_KIND_SERVER""#] {
        assert_eq!(span(&format!(r#""kind":{kind}"#)).kind, 2);
    }
    assert_eq!(span(r#""kind":4711"#).kind, 4711);
    assert_eq!(span(r#""kind":-1"#).kind, -1);
    assert_eq!(span(r#""status":{"code":"STATUS_CODE_ERROR"}"#).status.unwrap().code, 2);
    assert_eq!(record(r#""severityNumber":"SEVERITY_NUMBER_INFO""#).severity_number, 9);
    assert_eq!(record(r#""severityNumber":"SEVERITY_NUMBER_FATAL4""#).severity_number, 24);
    let Some(Data::Sum(sum)) =
        metric(r#""sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}"#).data
    else {
        panic!("no sum");
    };
    assert_eq!(sum.aggregation_temporality, 1);
}

#[test]
fn ids_are_hex_of_any_case_and_length() {
    let upper = record(r#""traceId":"5B8EFFF798038103D269B633813FC60C""#);
    assert_eq!(upper.trace_id, record(r#""traceId":"5b8efff798038103d269b633813fc60c""#).trace_id);
    assert_eq!(upper.trace_id[..2], [0x5b, 0x8e]);
    assert_eq!(record(r#""spanId":"""#).span_id, [0; 0]);
    assert_eq!(record(r#""spanId":"abcd""#).span_id, [0xab, 0xcd]);
}

#[test]
fn bytes_are_base64_of_either_alphabet_padded_or_not() {
    let bytes = Some(Value::BytesValue(vec![0xfb, 0xff, 0xfe, 0x00]));
    for text in ["+//+AA==", "-__-AA==", "+//+AA", "-__-AA"] {
        assert_eq!(body(&format!(r#"{{"bytesValue":"{text}"}}"#)), bytes, "{text}");
    }
    assert_eq!(body(r#"{"bytesValue":""}"#), Some(Value::BytesValue(Vec::new())));
}

#[test]
fn any_values_of_every_kind() {
    assert_eq!(record(r#""body":{}"#).body, Some(AnyValue::default()));
    assert_eq!(body(r#"{"stringValue":null}"#), None);
    assert_eq!(body(r#"{"stringValue":""}"#), Some(Value::StringValue(String::new())));
    assert_eq!(body(r#"{"boolValue":false}"#), Some(Value::BoolValue(false)));
    assert_eq!(body(r#"{"intValue":0}"#), Some(Value::IntValue(0)));
    assert_eq!(body(r#"{"doubleValue":2}"#), Some(Value::DoubleValue(2.0)));
    assert_eq!(body(r#"{"intValue":null,"doubleValue":2}"#), Some(Value::DoubleValue(2.0)));
    let Some(Value::ArrayValue(array)) = body(r#"{"arrayValue":{"values":[{"intValue":1},{},null]}}"#) else {
        panic!("no array");
    };
    let one = AnyValue { value: Some(Value::IntValue(1)) };
    assert_eq!(array.values, [one.clone(), AnyValue::default(), AnyValue::default()]);
    let Some(Value::KvlistValue(list)) =
        body(r#"{"kvlistValue":{"values":[{"key":"a","value":{"intValue":1}}]}}"#)
    else {
        panic!("no list");
    };
    assert_eq!((list.values[0].key.as_str(), list.values[0].value.as_ref()), ("a", Some(&one)));
}

#[test]
fn strings_are_unescaped() {
    let text = r#"{"stringValue":"\u0041\ud83d\ude00\n\"\u0000é"}"#;
    assert_eq!(body(text), Some(Value::StringValue("A😀\n\"\0é".into())));
}

#[test]
fn null_is_absent() {
    let nothing = r#""timeUnixNano":null,"severityNumber":null,"severityText":null,"body":null,"attributes":null,
        "flags":null,"traceId":null"#;
    assert_eq!(record(nothing), LogRecord::default());
    assert_eq!(metric(r#""gauge":null,"sum":{}"#).data, Some(Data::Sum(Default::default())));
}

#[test]
fn unknown_fields_of_any_shape_are_ignored() {
    let unknown =
        r#""new":{"a":[1,-2,3.5,"x",null,true,{"b":{}}]},"timeUnixNano":"5","newer":"","newest":[]"#;
    assert_eq!(record(unknown), LogRecord { time_unix_nano: 5, ..Default::default() });
}

#[test]
fn snake_case_keys_are_taken() {
    let snake = record(r#""time_unix_nano":"5","observed_time_unix_nano":6,"dropped_attributes_count":7"#);
    assert_eq!(snake, record(r#""timeUnixNano":"5","observedTimeUnixNano":6,"droppedAttributesCount":7"#));
    assert_eq!(snake.dropped_attributes_count, 7);
    assert_eq!(record(r#""time_UnixNano":"5","time__unix_nano":"5""#), LogRecord::default());
}

#[test]
fn the_last_of_equal_keys_wins() {
    assert_eq!(time(r#""5","timeUnixNano":0"#), 0);
    assert_eq!(time(r#""5","time_unix_nano":"6""#), 6);
    assert_eq!(body(r#"{"stringValue":"a","stringValue":"b"}"#), Some(Value::StringValue("b".into())));
    assert_eq!(body(r#"{"intValue":1},"flags":3,"body":{}"#), None);
    let record = record(
        r#""attributes":[{"key":"a"},{"key":"b"}],"flags":3,"severityText":"x","attributes":[{"key":"c"}],"flags":4"#,
    );
    assert_eq!(record.attributes.len(), 1);
    assert_eq!((record.attributes[0].key.as_str(), record.flags), ("c", 4));
    assert_eq!(record.severity_text, "x");
}
