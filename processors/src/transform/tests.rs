use super::*;
use crate::testing::{batch, context, outputs};
use serde_json::{Value, json};
use tidewatch_otlp::testing::{realistic_logs, realistic_metrics, realistic_traces};

fn keys(config: Value) -> TransformConfig {
    serde_json::from_value(config).unwrap()
}

fn build(config: Value) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
    Transform::build(keys(config), &context("transform"))
}

fn transformed(config: Value, request: Request) -> Option<Request> {
    let transform = build(config).unwrap();
    let mut sent = outputs(|out| transform.process(batch(request), out));
    sent.pop().map(|batch| batch.telemetry().unwrap().clone())
}

#[test]
fn statements_run_in_order_in_their_contexts() {
    let config = json!({"log_statements": [
        {"context": "resource", "statements": [r#"set(attributes["a"], "resource")"#]},
        {"context": "scope", "statements": [r#"set(name, resource.attributes["a"])"#]},
        {"context": "log", "conditions": ["severity_number > 0"], "statements": [
            r#"set(cache["x"], scope.name)"#,
            r#"set(attributes["x"], cache["x"])"#,
            r#"set(body, attributes["x"]) where attributes["x"] != nil"#,
        ]},
        r#"delete_key(resource.attributes, "a")"#,
    ]});
    let edited = transformed(config, Request::encode_logs(&realistic_logs(3))).unwrap().canonical();
    for resource in edited.resources() {
        assert!(resource.attributes().get("a").is_none());
        for scope in resource.scopes() {
            assert_eq!(scope.name(), "resource");
            for record in scope.records() {
                assert_eq!(record.body().and_then(|body| body.as_str()), Some("resource"));
            }
        }
    }
}

#[test]
fn every_signal_and_part_is_reached() {
    let config = json!({
        "trace_statements": [
            r#"set(span.attributes["s"], spanevent.name)"#,
            r#"set(span.kind, 1)"#,
        ],
        "metric_statements": [
            r#"set(metric.unit, "ms")"#,
            r#"set(datapoint.attributes["unit"], metric.unit)"#,
        ],
    });
    let traces = transformed(config.clone(), Request::encode_traces(&realistic_traces(5))).unwrap();
    for resource in traces.decode_traces().resource_spans {
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            assert_eq!(span.kind, 1);
            assert_eq!(!span.events.is_empty(), span.attributes.iter().any(|entry| entry.key == "s"));
        }
    }
    let metrics = transformed(config, Request::encode_metrics(&realistic_metrics(8))).unwrap().canonical();
    for resource in metrics.resources() {
        for metric in resource.scopes().flat_map(|scope| scope.metrics()) {
            assert_eq!(metric.unit(), "ms");
        }
    }
}

#[test]
fn what_fails_is_refused_or_skipped() {
    let failing = |mode: &str| {
        json!({"error_mode": mode, "log_statements": [
            {"context": "log", "statements": [r#"set(severity_number, "x")"#, r#"set(severity_text, "after")"#]},
        ]})
    };
    let request = || Request::encode_logs(&realistic_logs(2));
    assert_eq!(transformed(failing("propagate"), request()), None);
    let edited = transformed(failing("ignore"), request()).unwrap().decode_logs();
    assert_eq!(edited.resource_logs[0].scope_logs[0].log_records[0].severity_text, "after");
}

#[test]
fn mistakes_are_shown_at_their_statement() {
    let mistakes = build(json!({
        "log_statements": [
            {"context": "log", "statements": ["set(body, 1)", "sett(body, 1)"]},
            {"context": "span", "statements": ["set(name, \"\")"]},
            "set(body, 1)",
            {"statements": []},
        ],
    }));
    let mistakes = mistakes.err().expect("mistakes");
    let shown: Vec<_> =
        mistakes.iter().map(|mistake| (mistake.path.as_str(), mistake.message.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("log_statements[0].statements[1]", "unknown function `sett`"),
            ("log_statements[1].context", "logs have no `span`"),
            ("log_statements[2]", "unknown path `body`"),
            ("log_statements[3]", "there are no `statements` in this group"),
        ]
    );
}

#[test]
fn what_a_later_value_overrides_does_not_go_out() {
    // An attribute `note` with two values, of which the second counts.
    let block = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8], bytes].concat();
    let value = |text: &[u8]| block(2, &block(1, text));
    let entry = [block(1, b"note"), value(b"hunter2"), value(b"harmless")].concat();
    let bytes = block(1, &block(2, &block(2, &block(6, &entry))));
    let request = Request::check(Signal::Logs, bytes.into()).unwrap().request;
    assert!(!request.is_canonical());
    let statement = r#"set(attributes["note"], "***") where attributes["note"] == "hunter2""#;
    let config = json!({"log_statements": [{"context": "log", "statements": [statement]}]});
    let sent = transformed(config, request).unwrap();
    assert!(!sent.bytes().windows(7).any(|window| window == b"hunter2"));
}

/// Records with an attribute each, of a resource with one of so many bytes.
fn of_a_large_resource(bytes: usize, records: usize) -> Request {
    use tidewatch_otlp::write::{Attributes, LogRecord, LogsWriter, Map, Value};
    let mut logs = LogsWriter::default();
    let resource = Map::from_iter([("large", Value::from("x".repeat(bytes)))]);
    let group = logs.group(&Attributes::new(&resource), "");
    for number in 0..records {
        let attributes = Map::from_iter([("y", Value::Int(number as i64))]);
        logs.push(group, &LogRecord { attributes: &attributes, ..LogRecord::default() });
    }
    logs.finish().unwrap()
}

/// Scenario: each record changes a resource that is large, which is written anew each time.
///
/// Guarantees: memory is bounded; the request is edited in parts, or refused where parts would be mostly resource.
#[test]
fn an_owner_that_every_record_changes_takes_bounded_memory() {
    let config = json!({"log_statements": [{"context": "log", "statements": [
        r#"set(resource.attributes["x"], attributes["y"])"#,
    ]}]});
    let edited = transformed(config.clone(), of_a_large_resource(20_000, 8_000)).expect("edited in parts");
    assert_eq!(edited.items(), 8_000);
    let edited = edited.canonical();
    assert!(edited.resources().count() > 1);
    assert!(edited.resources().all(|resource| resource.attributes().get("x").is_some()));
    assert_eq!(transformed(config, of_a_large_resource(5_000_000, 200)), None, "refused");
}
