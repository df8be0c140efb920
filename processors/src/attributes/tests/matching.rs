//! What `include` and `exclude` select.

use super::*;
use tidewatch_otlp::proto::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use tidewatch_otlp::proto::{
    common::v1::InstrumentationScope,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn resource(service: &str) -> Option<Resource> {
    let attributes = vec![text("service.name", service), attribute("shard", Value::IntValue(7))];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope(version: &str) -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "lib".into(),
        version: version.into(),
        ..InstrumentationScope::default()
    })
}

/// Names of the items that are acted on, of those in `request`: each has its name as the attribute `name`.
fn selected(config: Json, request: &Request) -> String {
    let mut config = config;
    config["actions"] = json!([{"key": "hit", "action": "insert", "value": "x"}]);
    let processor = processor(config);
    if !processor.handles().contains(data_type(request.signal())) {
        return String::new();
    }
    let mut names = Vec::new();
    plain::of_items(&processed(&processor, request.clone()), |attributes| {
        if attributes.iter().any(|attribute| attribute.key == "hit") {
            let Some(Value::StringValue(name)) = attributes[0].value.clone().unwrap().value else { panic!() };
            names.push(name);
        }
    });
    names.join(" ")
}

fn four_spans() -> Request {
    let span = |name: &str, kind, env: Value| Span {
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        name: name.into(),
        kind,
        attributes: vec![text("name", name), attribute("env", env)],
        ..Span::default()
    };
    let group = |service: &str, version: &str, spans| ResourceSpans {
        resource: resource(service),
        scope_spans: vec![ScopeSpans { scope: scope(version), spans, ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    };
    let cart = vec![
        span("login", 2, Value::StringValue("prod".into())),
        span("logout", 3, Value::StringValue("dev".into())),
    ];
    let auth = vec![span("check", 2, Value::IntValue(1)), span("odd", 77, Value::BoolValue(true))];
    let resource_spans = vec![group("cart", "", cart), group("auth", "1.2", auth)];
    Request::encode_traces(&ExportTraceServiceRequest { resource_spans })
}

#[test]
fn spans() {
    let spans = four_spans();
    let all = "login logout check odd";
    for (properties, included) in [
        (json!({"services": ["cart", "other"]}), "login logout"),
        (json!({"span_names": ["login", "odd"]}), "login odd"),
        (json!({"span_kinds": ["SPAN_KIND_SERVER"]}), "login check"),
        (json!({"attributes": [{"key": "env", "value": "prod"}]}), "login"),
        (json!({"attributes": [{"key": "env", "value": 1}]}), "check"),
        (json!({"attributes": [{"key": "env", "value": "1"}]}), ""),
        (json!({"attributes": [{"key": "env"}, {"key": "name", "value": "odd"}]}), "odd"),
        (json!({"resources": [{"key": "shard", "value": 7}]}), all),
        (json!({"resources": [{"key": "shard", "value": 7}, {"key": "host"}]}), ""),
        (json!({"libraries": [{"name": "lib"}]}), all),
        (json!({"libraries": [{"name": "lib", "version": ""}]}), "login logout"),
        (json!({"libraries": [{"name": "x"}, {"name": "lib", "version": "1.2"}]}), "check odd"),
        (json!({"services": ["cart"], "span_names": ["login", "check"]}), "login"),
    ] {
        let mut strict = json!({"include": {"match_type": "strict"}});
        strict["include"].as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        assert_eq!(selected(strict.clone(), &spans), included, "include {properties}");
        let excluded = json!({"exclude": strict["include"]});
        let others: Vec<_> =
            all.split(' ').filter(|name| !included.split(' ').any(|other| other == *name)).collect();
        assert_eq!(selected(excluded, &spans), others.join(" "), "exclude {properties}");
    }
    let both = json!({
        "include": {"match_type": "regexp", "span_names": ["^log"]},
        "exclude": {"match_type": "strict", "attributes": [{"key": "env", "value": "dev"}]},
    });
    assert_eq!(selected(both, &spans), "login");
}

#[test]
fn regular_expressions() {
    let spans = four_spans();
    for (properties, included) in [
        (json!({"services": ["^au"]}), "check odd"),
        (json!({"span_names": ["ck$", "^o"]}), "check odd"),
        (json!({"span_kinds": ["SERVER|CLIENT"]}), "login logout check"),
        (json!({"attributes": [{"key": "env", "value": "^(1|true)$"}]}), "check odd"),
        (json!({"resources": [{"key": "shard", "value": "^7$"}]}), "login logout check odd"),
        (json!({"libraries": [{"name": "^l", "version": "^1"}]}), "check odd"),
    ] {
        let mut include = json!({"match_type": "regexp"});
        include.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        assert_eq!(selected(json!({"include": include}), &spans), included, "{properties}");
    }
}

#[test]
fn log_records() {
    let record = |name: &str, severity: i32, body: Option<Value>| LogRecord {
        severity_number: severity,
        severity_text: ["", "debug", "warning"][usize::try_from(severity).unwrap() / 5 % 3].into(),
        body: body.map(|value| AnyValue { value: Some(value) }),
        attributes: vec![text("name", name)],
        ..LogRecord::default()
    };
    let log_records = vec![
        record("none", 0, None),
        record("debug", 5, Some(Value::StringValue("AUTH ok".into()))),
        record("warn", 13, Some(Value::IntValue(42))),
    ];
    let scope_logs = vec![ScopeLogs { scope: scope("1"), log_records, ..ScopeLogs::default() }];
    let resource_logs =
        vec![ResourceLogs { resource: resource("cart"), scope_logs, ..ResourceLogs::default() }];
    let logs = Request::encode_logs(&ExportLogsServiceRequest { resource_logs });
    for (include, included) in [
        (json!({"match_type": "strict", "log_bodies": ["AUTH ok", "42"]}), "debug warn"),
        (json!({"match_type": "regexp", "log_bodies": ["^AUTH"]}), "debug"),
        (json!({"match_type": "strict", "log_severity_texts": ["warning"]}), "warn"),
        (json!({"match_type": "regexp", "log_severity_texts": ["^deb"]}), "debug"),
        (json!({"match_type": "strict", "log_severity_number": {"min": 6}}), "warn"),
        (json!({"match_type": "strict", "log_severity_number": {"min": 5}}), "debug warn"),
        (
            json!({"match_type": "strict", "log_severity_number": {"min": 6, "match_undefined": true}}),
            "none warn",
        ),
        (json!({"match_type": "strict", "attributes": [{"key": "name", "value": "none"}]}), "none"),
        (json!({"match_type": "strict", "libraries": [{"name": "lib", "version": "1"}]}), "none debug warn"),
    ] {
        assert_eq!(selected(json!({"include": include}), &logs), included, "{include}");
    }
}

#[test]
fn metrics() {
    let metric = |name: &str| Metric {
        name: name.into(),
        data: Some(Data::Gauge(Gauge {
            data_points: vec![NumberDataPoint {
                attributes: vec![text("name", name)],
                ..NumberDataPoint::default()
            }],
        })),
        ..Metric::default()
    };
    let metrics = vec![metric("cpu.load"), metric("disk.used")];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource("cart"), scope_metrics, ..ResourceMetrics::default() }];
    let metrics = Request::encode_metrics(&ExportMetricsServiceRequest { resource_metrics });
    for (include, included) in [
        (json!({"match_type": "strict", "metric_names": ["cpu.load"]}), "cpu.load"),
        (json!({"match_type": "regexp", "metric_names": ["used$"]}), "disk.used"),
        (json!({"match_type": "strict", "resources": [{"key": "shard", "value": 7}]}), "cpu.load disk.used"),
        (json!({"match_type": "strict", "resources": [{"key": "shard", "value": 8}]}), ""),
    ] {
        assert_eq!(selected(json!({"include": include}), &metrics), included, "{include}");
    }
}

#[test]
fn items_that_cannot_have_a_property_do_not_match_it() {
    let names = |config: Json| realistic().map(|request| is_any_selected(config.clone(), &request));
    let spans_only = json!({"match_type": "regexp", "span_names": ["."]});
    assert_eq!(names(json!({"include": spans_only})), [true, false, false]);
    assert_eq!(names(json!({"exclude": spans_only})), [false, true, true]);
    let by_resource =
        json!({"match_type": "strict", "resources": [{"key": "service.name", "value": "orders"}]});
    assert_eq!(names(json!({"include": by_resource})), [true, true, true]);
    let both =
        json!({"include": by_resource, "exclude": {"match_type": "regexp", "log_bodies": ["accepted"]}});
    assert_eq!(names(both), [true, true, false]);
}

/// Whether anything is acted on.
fn is_any_selected(config: Json, request: &Request) -> bool {
    let mut config = config;
    config["actions"] = json!([{"key": "hit", "action": "insert", "value": "x"}]);
    let processor = processor(config);
    let handled = processor.handles().contains(data_type(request.signal()));
    handled && processed(&processor, request.clone()) != *request
}

#[test]
fn lists_and_maps_are_equal_whatever_the_order_of_keys() {
    let log = |value: Json| {
        let mut logs = realistic_logs(1);
        let record = &mut logs.resource_logs[0].scope_logs[0].log_records[0];
        let value = prost::Message::decode(&crate::actions::any_value(&value)[..]).unwrap();
        record.attributes.push(KeyValue { key: "k".into(), value: Some(value), ..KeyValue::default() });
        Request::encode_logs(&logs)
    };
    for (wanted, there, equal) in [
        (json!([1, "a"]), json!([1, "a"]), true),
        (json!([1, "a"]), json!(["a", 1]), false),
        (json!([1]), json!([1, 2]), false),
        (json!({"a": 1, "b": [2.5]}), json!({"b": [2.5], "a": 1}), true),
        (json!({"a": 1}), json!({"a": 1, "b": 2}), false),
        (json!(1), json!(1.0), false),
        (json!(1.5), json!(1.5), true),
        (json!(false), json!(false), true),
    ] {
        let include = json!({"match_type": "strict", "attributes": [{"key": "k", "value": wanted}]});
        assert_eq!(
            is_any_selected(json!({"include": include}), &log(there.clone())),
            equal,
            "{wanted} {there}"
        );
    }
}
