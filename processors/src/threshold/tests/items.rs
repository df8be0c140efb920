//! Log records and spans, and what makes a series.

use super::*;
use tidewatch_otlp::proto::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};

fn log(seconds: u64, pairs: &[(&str, &str)]) -> Request {
    let record = LogRecord {
        time_unix_nano: nanos(seconds),
        attributes: attributes(pairs),
        trace_id: vec![0xab; 16],
        ..LogRecord::default()
    };
    Request::encode_logs(&ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource {
                attributes: attributes(&[("service.name", "jobs")]),
                ..Resource::default()
            }),
            scope_logs: vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }],
            ..ResourceLogs::default()
        }],
    })
}

fn span(milliseconds: u64) -> Request {
    let span = Span {
        name: "GET /".to_owned(),
        start_time_unix_nano: nanos(0),
        end_time_unix_nano: nanos(0) + milliseconds * 1_000_000,
        trace_id: vec![1; 16],
        ..Span::default()
    };
    Request::encode_traces(&ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    })
}

#[test]
fn conditions_are_levels_of_log_records() {
    let bench = Bench::new(json!([{"alert": "Execution", "signal": "logs", "mode": "event",
        "where": r#"resource.attributes["service.name"] == "jobs""#,
        "levels": {"medium": "true", "high": r#"attributes["status"] == "FAILED""#},
        "labels": {"team": "data"}}]));
    let alerts = bench.take(0.0, &log(0, &[("status", "SUCCESS")]));
    assert_eq!(brief(&alerts), [(AlertStatus::Firing, "medium", None)]);
    let alerts = bench.take(0.0, &log(0, &[("status", "FAILED")]));
    assert_eq!(brief(&alerts), [(AlertStatus::Firing, "high", None)]);
    let labels: Vec<_> = alerts[0].labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(labels, ["service.name=jobs", "status=FAILED", "team=data"], "everything the record says");
    assert_eq!(alerts[0].trace_ids, ["ab".repeat(16)]);
    assert_eq!((&alerts[0].metric, &alerts[0].unit, alerts[0].upper), (&None, &None, None));
}

#[test]
fn numbers_of_log_records_are_compared() {
    let bench = Bench::new(json!([{"alert": "Slow", "signal": "logs", "value": r#"attributes["duration"]"#,
        "by": ["service.name"], "levels": {"warning": "> 3600"}}]));
    assert_eq!(
        brief(&bench.take(0.0, &log(0, &[("duration", "3601.5")]))),
        [(AlertStatus::Firing, "warning", Some(3601.5))]
    );
    // A record without the number says nothing about it.
    assert_eq!(brief(&bench.take(1.0, &log(1, &[]))), []);
    let reason = r#"tidewatch_threshold_skipped_items{alert="Slow",pipeline="main",processor="threshold",reason="no_value"}"#;
    assert_eq!(bench.metric(reason).as_deref(), Some("1"));
    assert_eq!(bench.take(2.0, &log(2, &[("duration", "12")])).len(), 1);
}

#[test]
fn spans_are_judged_by_what_they_took() {
    let bench = Bench::new(json!([{"alert": "SlowSpan", "signal": "traces", "mode": "event",
        "value": "(end_time_unix_nano - start_time_unix_nano) / 1e6", "levels": {"warning": "> 200"}}]));
    assert_eq!(brief(&bench.take(0.0, &span(200))), []);
    let alerts = bench.take(0.0, &span(250));
    assert_eq!(brief(&alerts), [(AlertStatus::Firing, "warning", Some(250.0))]);
    assert_eq!(alerts[0].trace_ids, ["01".repeat(16)]);
}

/// Fires for every series that it has not seen yet.
fn always(by: Json) -> Bench {
    let mut rule = json!({"alert": "A", "metric": "m", "levels": {"info": ">= 0"}});
    if by != Json::Null {
        rule["by"] = by;
    }
    Bench::new(json!([rule]))
}

fn point(resource: &[(&str, &str)], point: &[(&str, &str)]) -> Request {
    let point = NumberDataPoint {
        attributes: attributes(point),
        time_unix_nano: nanos(0),
        value: Some(Value::AsDouble(1.0)),
        ..NumberDataPoint::default()
    };
    metrics(resource, vec![metric("m", Data::Gauge(Gauge { data_points: vec![point] }))])
}

#[test]
fn named_attributes_make_a_series_whatever_else_there_is() {
    let bench = always(json!(["host.name", "zone"]));
    let alerts = bench.take(0.0, &point(&[("host.name", "a"), ("pid", "1")], &[("cpu", "0")]));
    assert_eq!(
        serde_json::to_value(&alerts[0].labels).unwrap(),
        json!({"host.name": "a"}),
        "what is absent has no label"
    );
    assert_eq!(brief(&bench.take(0.0, &point(&[("host.name", "a"), ("pid", "2")], &[("cpu", "1")]))), []);
    assert_eq!(bench.take(0.0, &point(&[("host.name", "a"), ("zone", "z")], &[])).len(), 1);
    // The point's own attribute hides the resource's.
    let alerts = bench.take(0.0, &point(&[("host.name", "a")], &[("host.name", "b")]));
    assert_eq!(alerts[0].labels["host.name"], "b");
}

#[test]
fn every_attribute_makes_a_series_in_any_order() {
    let bench = always(Json::Null);
    let alerts =
        bench.take(0.0, &point(&[("host.name", "a"), ("pid", "1")], &[("cpu", "0"), ("mode", "idle")]));
    let labels = json!({"host.name": "a", "pid": "1", "cpu": "0", "mode": "idle"});
    assert_eq!(serde_json::to_value(&alerts[0].labels).unwrap(), labels);
    let again = point(&[("pid", "1"), ("host.name", "a")], &[("mode", "idle"), ("cpu", "0")]);
    assert_eq!(brief(&bench.take(0.0, &again)), []);
    assert_eq!(
        bench.take(0.0, &point(&[("pid", "2"), ("host.name", "a")], &[("mode", "idle"), ("cpu", "0")])).len(),
        1
    );
    // An attribute of the resource that the point hides makes no other series.
    assert_eq!(bench.take(0.0, &point(&[("host.name", "a")], &[("host.name", "b")])).len(), 1);
    assert_eq!(brief(&bench.take(0.0, &point(&[("host.name", "c")], &[("host.name", "b")]))), []);
}

#[test]
fn long_labels_are_cut_and_still_tell_series_apart() {
    let bench = always(json!(["host.name"]));
    let host = |end: &str| "h".repeat(90_000) + end;
    let alerts: Vec<_> = [host("a"), host("b"), host("a")]
        .iter()
        .flat_map(|host| bench.take(0.0, &point(&[("host.name", host)], &[])))
        .collect();
    assert_eq!(alerts.len(), 2, "two series");
    assert_ne!(alerts[0].fingerprint, alerts[1].fingerprint);
    let label = &alerts[0].labels["host.name"];
    assert!(label.len() == 1024 && label.ends_with("h…"), "{label}");
}
