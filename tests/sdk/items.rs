//! Items in the form of the SDK programs' records, from what arrived.

use serde_json::{Map, Value, json};
use std::fmt::Display;
use tidewatch_otlp::proto::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    logs::v1::LogRecord,
    metrics::v1::{
        AggregationTemporality, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric,
        NumberDataPoint, exemplar, exponential_histogram_data_point::Buckets, metric::Data,
        number_data_point,
    },
    resource::v1::Resource,
    trace::v1::{Span, Status, span, status::StatusCode},
};

pub(crate) fn spans(requests: &[ExportTraceServiceRequest]) -> Vec<Value> {
    let mut items = Vec::new();
    for resource in requests.iter().flat_map(|request| &request.resource_spans) {
        for scope in &resource.scope_spans {
            let origin = origin(&resource.resource, &resource.schema_url, &scope.scope, &scope.schema_url);
            items.extend(scope.spans.iter().map(|each| joined(&origin, span(each))));
        }
    }
    items
}

pub(crate) fn points(requests: &[ExportMetricsServiceRequest]) -> Vec<Value> {
    let mut items = Vec::new();
    for resource in requests.iter().flat_map(|request| &request.resource_metrics) {
        for scope in &resource.scope_metrics {
            let origin = origin(&resource.resource, &resource.schema_url, &scope.scope, &scope.schema_url);
            for metric in &scope.metrics {
                let (description, points) = metric_and_points(metric);
                let origin = joined(&origin, json!({"metric": description}));
                items.extend(points.into_iter().map(|point| joined(&origin, point)));
            }
        }
    }
    items
}

pub(crate) fn logs(requests: &[ExportLogsServiceRequest]) -> Vec<Value> {
    let mut items = Vec::new();
    for resource in requests.iter().flat_map(|request| &request.resource_logs) {
        for scope in &resource.scope_logs {
            let origin = origin(&resource.resource, &resource.schema_url, &scope.scope, &scope.schema_url);
            items.extend(scope.log_records.iter().map(|each| joined(&origin, log(each))));
        }
    }
    items
}

fn origin(
    resource: &Option<Resource>,
    resource_schema: &str,
    scope: &Option<InstrumentationScope>,
    scope_schema: &str,
) -> Value {
    let resource = resource.clone().unwrap_or_default();
    let scope = scope.clone().unwrap_or_default();
    json!({
        "resource": {"attributes": attributes(&resource.attributes), "schema_url": resource_schema},
        "scope": {
            "name": scope.name,
            "version": scope.version,
            "attributes": attributes(&scope.attributes),
            "schema_url": scope_schema,
        },
    })
}

fn joined(first: &Value, second: Value) -> Value {
    let (Value::Object(mut both), Value::Object(second)) = (first.clone(), second) else {
        unreachable!("items are maps")
    };
    both.extend(second);
    Value::Object(both)
}

fn attributes(list: &[KeyValue]) -> Value {
    let mut map = Map::new();
    for KeyValue { key, value: each, .. } in list {
        let known = map.insert(key.clone(), value(each));
        assert!(known.is_none(), "twice: {key}");
    }
    Value::Object(map)
}

fn value(any: &Option<AnyValue>) -> Value {
    use any_value::Value::{
        ArrayValue, BoolValue, BytesValue, DoubleValue, IntValue, KvlistValue, StringValue,
    };
    match any.as_ref().and_then(|any| any.value.as_ref()) {
        None => json!({}),
        Some(BoolValue(value)) => json!({"bool": value}),
        Some(StringValue(value)) => json!({"string": value}),
        Some(IntValue(value)) => json!({"int": value}),
        Some(DoubleValue(value)) => double(*value),
        Some(BytesValue(value)) => json!({"bytes": hex(value)}),
        Some(ArrayValue(array)) => {
            let values = array.values.iter().map(|each| value(&Some(each.clone())));
            json!({"array": values.collect::<Vec<_>>()})
        }
        Some(KvlistValue(map)) => json!({"map": attributes(&map.values)}),
        Some(other) => panic!("no SDK sends {other:?}"),
    }
}

fn double(number: impl Display) -> Value {
    json!({"double": number.to_string()})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of an enum's value without its common beginning.
fn short<'a>(name: &'a str, beginning: &str) -> &'a str {
    name.strip_prefix(beginning).expect("a name of this enum")
}

fn span(span: &Span) -> Value {
    let status = span.status.clone().unwrap_or_default();
    json!({
        "trace_id": hex(&span.trace_id),
        "span_id": hex(&span.span_id),
        "parent_span_id": hex(&span.parent_span_id),
        "trace_state": span.trace_state,
        "flags": span.flags,
        "name": span.name,
        "kind": short(span.kind().as_str_name(), "SPAN_KIND_"),
        "start": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
        "attributes": attributes(&span.attributes),
        "events": span.events.iter().map(event).collect::<Vec<_>>(),
        "links": span.links.iter().map(link).collect::<Vec<_>>(),
        "status": {"code": short(code(&status).as_str_name(), "STATUS_CODE_"), "message": status.message},
        "dropped": [span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count],
    })
}

fn code(status: &Status) -> StatusCode {
    StatusCode::try_from(status.code).expect("a status")
}

fn event(event: &span::Event) -> Value {
    json!({"name": event.name, "time": event.time_unix_nano, "attributes": attributes(&event.attributes)})
}

fn link(link: &span::Link) -> Value {
    json!({
        "trace_id": hex(&link.trace_id),
        "span_id": hex(&link.span_id),
        "trace_state": link.trace_state,
        "flags": link.flags,
        "attributes": attributes(&link.attributes),
    })
}

fn log(record: &LogRecord) -> Value {
    json!({
        "time": record.time_unix_nano,
        "observed": record.observed_time_unix_nano,
        "severity": {"number": record.severity_number, "text": record.severity_text},
        "body": value(&record.body),
        "event_name": record.event_name,
        "attributes": attributes(&record.attributes),
        "trace_id": hex(&record.trace_id),
        "span_id": hex(&record.span_id),
        "flags": record.flags,
        "dropped": record.dropped_attributes_count,
    })
}

fn metric_and_points(metric: &Metric) -> (Value, Vec<Value>) {
    let (kind, monotonic, temporality, points) = match metric.data.as_ref().expect("data") {
        Data::Gauge(gauge) => ("gauge", false, None, gauge.data_points.iter().map(number).collect()),
        Data::Sum(sum) => {
            let points = sum.data_points.iter().map(number).collect();
            ("sum", sum.is_monotonic, Some(sum.aggregation_temporality()), points)
        }
        Data::Histogram(histogram) => {
            let points = histogram.data_points.iter().map(histogram_point).collect();
            ("histogram", false, Some(histogram.aggregation_temporality()), points)
        }
        Data::ExponentialHistogram(histogram) => {
            let points = histogram.data_points.iter().map(exponential_point).collect();
            ("exponential_histogram", false, Some(histogram.aggregation_temporality()), points)
        }
        Data::Summary(_) => panic!("no SDK sends summaries"),
    };
    let description = json!({
        "name": metric.name,
        "description": metric.description,
        "unit": metric.unit,
        "type": kind,
        "monotonic": monotonic,
        "temporality": temporality.map_or("", temporality_name),
    });
    (description, points)
}

fn temporality_name(temporality: AggregationTemporality) -> &'static str {
    short(temporality.as_str_name(), "AGGREGATION_TEMPORALITY_")
}

fn number(point: &NumberDataPoint) -> Value {
    let value = match point.value {
        Some(number_data_point::Value::AsInt(value)) => json!({"int": value}),
        Some(number_data_point::Value::AsDouble(value)) => double(value),
        None => json!({}),
    };
    json!({
        "attributes": attributes(&point.attributes),
        "start": point.start_time_unix_nano,
        "time": point.time_unix_nano,
        "flags": point.flags,
        "exemplars": exemplars(&point.exemplars),
        "value": value,
    })
}

fn histogram_point(point: &HistogramDataPoint) -> Value {
    json!({
        "attributes": attributes(&point.attributes),
        "start": point.start_time_unix_nano,
        "time": point.time_unix_nano,
        "flags": point.flags,
        "exemplars": exemplars(&point.exemplars),
        "count": point.count,
        "sum": optional(point.sum),
        "min": optional(point.min),
        "max": optional(point.max),
        "bounds": point.explicit_bounds.iter().map(double).collect::<Vec<_>>(),
        "buckets": point.bucket_counts,
    })
}

fn exponential_point(point: &ExponentialHistogramDataPoint) -> Value {
    json!({
        "attributes": attributes(&point.attributes),
        "start": point.start_time_unix_nano,
        "time": point.time_unix_nano,
        "flags": point.flags,
        "exemplars": exemplars(&point.exemplars),
        "count": point.count,
        "sum": optional(point.sum),
        "min": optional(point.min),
        "max": optional(point.max),
        "scale": point.scale,
        "zero_count": point.zero_count,
        "positive": buckets(&point.positive),
        "negative": buckets(&point.negative),
    })
}

fn optional(number: Option<f64>) -> Value {
    number.map_or(json!({}), double)
}

fn buckets(buckets: &Option<Buckets>) -> Value {
    let buckets = buckets.clone().unwrap_or_default();
    json!({"offset": buckets.offset, "buckets": buckets.bucket_counts})
}

fn exemplars(list: &[Exemplar]) -> Value {
    list.iter()
        .map(|each| {
            let value = match each.value {
                Some(exemplar::Value::AsInt(value)) => json!({"int": value}),
                Some(exemplar::Value::AsDouble(value)) => double(value),
                None => json!({}),
            };
            json!({
                "value": value,
                "time": each.time_unix_nano,
                "attributes": attributes(&each.filtered_attributes),
                "trace_id": hex(&each.trace_id),
                "span_id": hex(&each.span_id),
            })
        })
        .collect()
}
