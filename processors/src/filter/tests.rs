use super::*;
use crate::testing::{batch, context, outputs};
use serde_json::{Value, json};
use tidewatch_otlp::testing::{realistic_logs, realistic_metrics, realistic_traces};
use tidewatch_otlp::views::ScopeView;

fn keys(config: Value) -> FilterConfig {
    serde_json::from_value(config).unwrap()
}

fn build(config: Value) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
    Filter::build(keys(config), &context("filter"))
}

/// What is left of a request.
fn left(config: Value, request: Request) -> Option<Request> {
    let filter = build(config).unwrap();
    let mut sent = outputs(|out| filter.process(batch(request), out));
    sent.pop().map(|batch| batch.telemetry().unwrap().clone())
}

#[test]
fn records_spans_events_and_points_go_where_a_condition_holds() {
    let logs = Request::encode_logs(&realistic_logs(100));
    let good = |request: &Request| {
        let canonical = request.canonical();
        let records: Vec<_> = canonical.resources().flat_map(|resource| resource.scopes()).collect();
        let status = |record: &tidewatch_otlp::views::LogRecordView<'_>| {
            record.attributes().get("http.status").and_then(|status| status.as_f64())
        };
        let records = records.iter().flat_map(ScopeView::records);
        records.filter(|record| status(record) < Some(400.0)).count()
    };
    let rest = left(json!({"logs": {"log_record": [r#"attributes["http.status"] >= 400"#]}}), logs.clone());
    let rest = rest.expect("some are good");
    assert_eq!((rest.items(), good(&rest)), (good(&logs), good(&logs)));
    assert!(rest.items() < 100);

    let traces = Request::encode_traces(&realistic_traces(20));
    let rest = left(json!({"trace_conditions": ["spanevent.name != \"\""]}), traces.clone()).unwrap();
    assert_eq!(rest.items(), 20);
    let spans = rest.decode_traces().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    assert!(spans.flat_map(|scope| scope.spans).all(|span| span.events.is_empty()));

    let metrics = Request::encode_metrics(&realistic_metrics(20));
    assert_eq!(left(json!({"metrics": {"datapoint": ["true"]}}), metrics.clone()), None);
    let rest = left(json!({"metric_conditions": ["metric.type == METRIC_DATA_TYPE_HISTOGRAM"]}), metrics);
    for resource in rest.unwrap().decode_metrics().resource_metrics {
        for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            assert!(!matches!(
                metric.data,
                Some(tidewatch_otlp::proto::metrics::v1::metric::Data::Histogram(_))
            ));
        }
    }
}

#[test]
fn what_nothing_holds_for_keeps_its_bytes() {
    let request = Request::encode_logs(&realistic_logs(3));
    let bytes = request.bytes().as_ptr();
    let rest = left(json!({"logs": {"log_record": ["severity_number > 24"]}}), request).unwrap();
    assert_eq!(rest.bytes().as_ptr(), bytes);
}

#[test]
fn resources_and_scopes_go_with_all_they_have() {
    for (key, value) in [
        ("resource", json!([r#"attributes["service.name"] != nil"#])),
        ("scope", json!([r#"resource.attributes["service.name"] != nil"#])),
    ] {
        let request = Request::encode_logs(&realistic_logs(5));
        assert_eq!(left(json!({"logs": {key: value}}), request), None, "{key}");
    }
}

#[test]
fn a_condition_that_fails_refuses_the_request_unless_told_otherwise() {
    let failing = |mode: &str| json!({"error_mode": mode, "logs": {"log_record": ["1 / 0 == 1"]}});
    let request = || Request::encode_logs(&realistic_logs(2));
    assert_eq!(left(failing("propagate"), request()), None);
    assert_eq!(left(failing("ignore"), request()), Some(request()));
    assert_eq!(left(failing("silent"), request()), Some(request()));
}

#[test]
fn mistakes_are_shown_at_their_condition() {
    let mistakes = build(json!({
        "logs": {"log_record": ["true", "severity_numer > 1"]},
        "trace_conditions": ["name == \"x\""],
    }));
    let mistakes = mistakes.err().expect("two mistakes");
    let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(paths, ["trace_conditions[0]", "logs.log_record[1]"]);
}
