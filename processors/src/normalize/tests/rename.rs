//! Names of attributes.

use super::*;
use tidewatch_otlp::{
    proto::{
        collector::trace::v1::ExportTraceServiceRequest,
        common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value as Any},
        resource::v1::Resource,
        trace::v1::{ResourceSpans, ScopeSpans, Span, span::Event},
    },
    views::AttributesView,
};

fn attributes(names: &[&str]) -> Vec<KeyValue> {
    let text = |text: &str| Some(AnyValue { value: Some(Any::StringValue(text.into())) });
    let pair = |name: &&str| KeyValue { key: (*name).into(), value: text(name), ..KeyValue::default() };
    names.iter().map(pair).collect()
}

/// A span with the same attributes everywhere.
fn traces(names: &[&str], schema_url: &str) -> Request {
    let resource = Resource { attributes: attributes(names), ..Resource::default() };
    let scope = InstrumentationScope { attributes: attributes(names), ..InstrumentationScope::default() };
    let event = Event { attributes: attributes(names), ..Event::default() };
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        attributes: attributes(names),
        events: vec![event],
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource), scope_spans, schema_url: schema_url.into() }];
    Request::encode_traces(&ExportTraceServiceRequest { resource_spans })
}

/// Names of the attributes of resource, scope, span and event, and the schema.
fn names(request: &Request) -> ([Vec<String>; 4], String) {
    let canonical = request.canonical();
    let resource = canonical.resources().next().unwrap();
    let scope = resource.scopes().next().unwrap();
    let span = scope.spans().next().unwrap();
    let event = span.events().next().unwrap();
    let names = |attributes: AttributesView<'_>| attributes.iter().map(|(name, _)| name.to_owned()).collect();
    let all = [resource.attributes(), scope.attributes(), span.attributes(), event.attributes()];
    (all.map(names), resource.schema_url().to_owned())
}

#[test]
fn names_are_changed_wherever_they_occur() {
    let bench = Bench::new(json!({"rename": {"a": "b", "c": "d"}}));
    let out = bench.take(traces(&["x", "a", "c"], ""));
    assert_eq!(names(&out.requests[0]).0, [["x", "b", "d"]; 4].map(|all| all.map(str::to_owned).to_vec()));
    let untouched = traces(&["x", "y"], "");
    assert_eq!(bench.take(untouched.clone()).requests, [untouched]);
}

#[test]
fn where_both_names_are_there_the_new_one_stays() {
    let bench = Bench::new(json!({"rename": {"a": "b", "c": "b", "x": "y", "y": "z"}}));
    for (before, after) in [
        (&["a", "b"][..], &["b"][..]),
        (&["b", "a", "c"], &["b"]),
        (&["a", "c"], &["b"]),
        (&["x", "y"], &["y", "z"]),
    ] {
        let (made, _) = names(&bench.take(traces(before, "")).requests[0]);
        assert_eq!(made[2], after, "{before:?}");
    }
    let out = bench.take(traces(&["a", "b"], ""));
    let value =
        out.requests[0].decode_traces().resource_spans[0].scope_spans[0].spans[0].attributes[0].clone();
    assert_eq!(value, attributes(&["b"])[0]);
}

#[test]
fn published_renames_go_by_the_version_of_the_data() {
    let bench = Bench::new(json!({"rename": {"semantic_conventions": true, "http.url": "url"}}));
    let before = ["http.method", "http.url", "deployment.environment"];
    let renamed = ["http.request.method", "url", "deployment.environment.name"];
    let made = |schema_url: &str| names(&bench.take(traces(&before, schema_url)).requests[0]);
    let (all, schema_url) = made("");
    assert_eq!(all[0], ["http.method", "url", "deployment.environment.name"], "of a resource");
    assert_eq!(all[1], ["http.method", "url", "deployment.environment"], "of a scope, nothing is published");
    assert_eq!((&all[2][..], schema_url.as_str()), (&renamed.map(str::to_owned)[..], ""));
    let (all, schema_url) = made("https://opentelemetry.io/schemas/1.24.0");
    assert_eq!(
        all[2],
        ["http.method", "url", "deployment.environment.name"],
        "1.24 has another `http.method`"
    );
    assert_eq!(schema_url, "https://opentelemetry.io/schemas/1.44.0");
    let (all, schema_url) = made("https://opentelemetry.io/schemas/1.99.0");
    assert_eq!(
        (all[2][2].as_str(), schema_url.as_str()),
        ("deployment.environment", "https://opentelemetry.io/schemas/1.99.0")
    );
    let (all, schema_url) = made("https://example.com/1.0.0");
    assert_eq!((all[2][0].as_str(), schema_url.as_str()), ("http.method", "https://example.com/1.0.0"));
    assert_eq!(all[2][1], "url", "names of one's own apply in any case");
}
