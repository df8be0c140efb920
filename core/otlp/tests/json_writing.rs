//! How OTLP/JSON is written, and what becomes of unusual protobuf.

use prost::Message;
use tidewatch_otlp::json::RpcStatus;
use tidewatch_otlp::proto::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use tidewatch_otlp::proto::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
};
use tidewatch_otlp::proto::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use tidewatch_otlp::{Signal, json};

/// Reads and writes a request that has one log record of these fields.
fn rewritten(fields: &str) -> String {
    let wrap =
        |fields: &str| format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{fields}}}]}}]}}]}}"#);
    let wire = json::decode(Signal::Logs, wrap(fields).as_bytes()).unwrap();
    let text = String::from_utf8(json::encode(Signal::Logs, &wire).unwrap()).unwrap();
    let (before, after) = wrap("#").split_once('#').map(|(b, a)| (b.to_owned(), a.to_owned())).unwrap();
    text.strip_prefix(&before).unwrap().strip_suffix(&after).unwrap().to_owned()
}

fn written(signal: Signal, wire: &[u8]) -> String {
    String::from_utf8(json::encode(signal, wire).unwrap()).unwrap()
}

#[test]
fn fields_are_written_as_the_standard_has_them() {
    let cases = [
        (r#""time_unix_nano":5"#, r#""timeUnixNano":"5""#),
        (r#""severityNumber":"SEVERITY_NUMBER_INFO""#, r#""severityNumber":9"#),
        (r#""severityNumber":-7"#, r#""severityNumber":-7"#),
        (r#""flags":"4294967295""#, r#""flags":4294967295"#),
        (r#""traceId":"ABCDEF""#, r#""traceId":"abcdef""#),
        (r#""flags":0,"timeUnixNano":"0","severityText":"","traceId":"","attributes":[]"#, ""),
        (r#""body":{}"#, r#""body":{}"#),
        (r#""body":{"boolValue":false}"#, r#""body":{"boolValue":false}"#),
        (r#""body":{"intValue":-1}"#, r#""body":{"intValue":"-1"}"#),
        (r#""body":{"doubleValue":"NaN"}"#, r#""body":{"doubleValue":"NaN"}"#),
        (r#""body":{"doubleValue":"Infinity"}"#, r#""body":{"doubleValue":"Infinity"}"#),
        (r#""body":{"doubleValue":"-Infinity"}"#, r#""body":{"doubleValue":"-Infinity"}"#),
        (r#""body":{"doubleValue":-0.0}"#, r#""body":{"doubleValue":-0.0}"#),
        (r#""body":{"doubleValue":0.1}"#, r#""body":{"doubleValue":0.1}"#),
        (r#""body":{"bytesValue":"-__-AA"}"#, r#""body":{"bytesValue":"+//+AA=="}"#),
        (r#""body":{"stringValue":"\u00e9\u0001\""}"#, r#""body":{"stringValue":"é\u0001\""}"#),
        (r#""body":{"stringValueStrindex":0}"#, r#""body":{"stringValueStrindex":0}"#),
        (r#""attributes":[{"keyStrindex":"-3"}]"#, r#""attributes":[{"keyStrindex":-3}]"#),
        (r#""flags":1,"timeUnixNano":"2""#, r#""timeUnixNano":"2","flags":1"#),
    ];
    for (read, expected) in cases {
        assert_eq!(rewritten(read), expected, "{read}");
    }
}

#[test]
fn protobuf_is_merged_before_it_is_written() {
    // Resource 1 { dropped 2: 1 }, then scope, then resource { dropped 2: 0, attributes 1: {} }: one resource.
    let wire = [0x0a, 0x0c, 0x0a, 0x02, 0x10, 0x01, 0x12, 0x00, 0x0a, 0x04, 0x10, 0x00, 0x0a, 0x00];
    let expected = r#"{"resourceLogs":[{"resource":{"attributes":[{}]},"scopeLogs":[{}]}]}"#;
    assert_eq!(written(Signal::Logs, &wire), expected);
    // Two schema URLs: the last one wins. An unknown field is left out.
    let wire = [0x0a, 0x09, 0x1a, 0x01, b'a', 0x1a, 0x01, b'b', 0xf8, 0x01, 0x05];
    assert_eq!(written(Signal::Logs, &wire), r#"{"resourceLogs":[{"schemaUrl":"b"}]}"#);
}

/// A metric with these bytes behind it, written.
fn metric(fields: &[u8]) -> String {
    let mut wire = fields.to_vec();
    for number in [2, 2, 1] {
        let header = [number << 3 | 2, u8::try_from(wire.len()).unwrap()];
        wire.splice(0..0, header);
    }
    let text = written(Signal::Metrics, &wire);
    let text = text.strip_prefix(r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":["#).unwrap();
    text.strip_suffix("]}]}]}").unwrap().to_owned()
}

#[test]
fn of_a_choice_the_last_is_written() {
    // A gauge with a point, then a sum: only the sum. A sum, a gauge, a sum: the second sum alone.
    assert_eq!(metric(&[0x2a, 0x02, 0x0a, 0x00, 0x3a, 0x02, 0x18, 0x01]), r#"{"sum":{"isMonotonic":true}}"#);
    let first_lost = [0x3a, 0x02, 0x18, 0x01, 0x2a, 0x00, 0x3a, 0x02, 0x10, 0x01];
    assert_eq!(metric(&first_lost), r#"{"sum":{"aggregationTemporality":1}}"#);
    // A sum and a sum: merged.
    let merged = [0x3a, 0x02, 0x18, 0x01, 0x3a, 0x02, 0x10, 0x01];
    assert_eq!(metric(&merged), r#"{"sum":{"aggregationTemporality":1,"isMonotonic":true}}"#);
}

#[test]
fn numbers_are_listed_whether_packed_or_not() {
    // The buckets of an exponential histogram: 1 on its own, 2 and 3 packed.
    let point = [0x42, 0x06, 0x10, 0x01, 0x12, 0x02, 0x02, 0x03];
    let wire = [&[0x52, 0x0a, 0x0a, 0x08][..], &point].concat();
    let expected = r#"{"exponentialHistogram":{"dataPoints":[{"positive":{"bucketCounts":["1","2","3"]}}]}}"#;
    assert_eq!(metric(&wire), expected);
}

#[test]
fn responses() {
    let traces = ExportTracePartialSuccess { rejected_spans: 3, error_message: "bad id".into() };
    let metrics = ExportMetricsPartialSuccess { rejected_data_points: 3, error_message: "bad id".into() };
    let logs = ExportLogsPartialSuccess { rejected_log_records: 3, error_message: "bad id".into() };
    let cases = [
        (
            Signal::Traces,
            ExportTraceServiceResponse { partial_success: Some(traces) }.encode_to_vec(),
            r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"bad id"}}"#,
        ),
        (
            Signal::Metrics,
            ExportMetricsServiceResponse { partial_success: Some(metrics) }.encode_to_vec(),
            r#"{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"bad id"}}"#,
        ),
        (
            Signal::Logs,
            ExportLogsServiceResponse { partial_success: Some(logs) }.encode_to_vec(),
            r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"bad id"}}"#,
        ),
    ];
    for (signal, wire, text) in cases {
        assert_eq!(json::encode_response(signal, &wire).unwrap(), text.as_bytes());
        assert_eq!(json::decode_response(signal, text.as_bytes()).unwrap(), wire);
        assert_eq!(json::encode_response(signal, &[]).unwrap(), b"{}");
        assert_eq!(json::decode_response(signal, br#"{"partialSuccess":null}"#).unwrap(), b"");
    }
}

#[test]
fn refusals() {
    let status = RpcStatus { code: 3, message: "the text is \"bad\"".into() };
    let text = status.to_json();
    assert_eq!(text, br#"{"code":3,"message":"the text is \"bad\"","details":[]}"#);
    assert_eq!(RpcStatus::from_json(&text).unwrap(), status);
    assert_eq!(RpcStatus::decode(status.encode_to_vec().as_slice()).unwrap(), status);
    let details = br#"{"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"5s"}]}"#;
    assert_eq!(RpcStatus::from_json(details).unwrap(), RpcStatus::default());
    assert!(RpcStatus::from_json(b"<html>").is_err());
}
