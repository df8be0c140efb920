//! Fields to values.

use crate::record::{Item, Point, Record};
use crate::value::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    exponential_histogram_data_point::Buckets, metric::Data, number_data_point::Value as Number,
};
use tidewatch_expr::Context;

fn unsigned(number: u64) -> i64 {
    number.min(i64::MAX as u64) as i64
}

fn counts(numbers: &[u64]) -> Value {
    Value::List(numbers.iter().map(|number| Value::Int(unsigned(*number)).store().unwrap()).collect())
}

fn time(number: u64) -> Value {
    Value::Time(unsigned(number))
}

fn int(number: impl Into<i64>) -> Value {
    Value::Int(number.into())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn float(number: Option<f64>) -> Value {
    number.map_or(Value::Nil, Value::Float)
}

/// The value of a field. Where the record does not have it: nil.
pub(crate) fn read(record: &Record<'_>, owner: Context, field: &str) -> Value {
    if field == "cache" || field == "fields" {
        return Value::Map(record.cache.clone());
    }
    let message = record;
    match (owner, &record.item) {
        (Context::Resource, _) => match field {
            "attributes" => Value::Map(message.resource.attributes.clone()),
            "dropped_attributes_count" => int(message.resource.dropped_attributes_count),
            "schema_url" => text(message.resource_schema),
            other => panic!("{other}"),
        },
        (Context::Scope, _) => match field {
            "attributes" => Value::Map(message.scope.attributes.clone()),
            "name" => text(&message.scope.name),
            "version" => text(&message.scope.version),
            "dropped_attributes_count" => int(message.scope.dropped_attributes_count),
            "schema_url" => text(message.scope_schema),
            other => panic!("{other}"),
        },
        (_, Item::Log(log)) => match field {
            "attributes" => Value::Map(log.attributes.clone()),
            "body" => Value::of(log.body.as_ref()),
            "dropped_attributes_count" => int(log.dropped_attributes_count),
            "flags" => int(log.flags),
            "time" => time(log.time_unix_nano),
            "time_unix_nano" => Value::Int(unsigned(log.time_unix_nano)),
            "observed_time" => time(log.observed_time_unix_nano),
            "observed_time_unix_nano" => Value::Int(unsigned(log.observed_time_unix_nano)),
            "severity_number" => int(log.severity_number),
            "severity_text" => text(&log.severity_text),
            "trace_id" => Value::Bytes(log.trace_id.clone()),
            "trace_id.string" => Value::Text(hex::encode(&log.trace_id)),
            "span_id" => Value::Bytes(log.span_id.clone()),
            "span_id.string" => Value::Text(hex::encode(&log.span_id)),
            "event_name" => text(&log.event_name),
            other => panic!("{other}"),
        },
        (Context::Span, Item::Span(span) | Item::Event(span, _)) => match field {
            "attributes" => Value::Map(span.attributes.clone()),
            "dropped_attributes_count" => int(span.dropped_attributes_count),
            "flags" => int(span.flags),
            "start_time" => time(span.start_time_unix_nano),
            "start_time_unix_nano" => Value::Int(unsigned(span.start_time_unix_nano)),
            "end_time" => time(span.end_time_unix_nano),
            "end_time_unix_nano" => Value::Int(unsigned(span.end_time_unix_nano)),
            "trace_id" => Value::Bytes(span.trace_id.clone()),
            "trace_id.string" => Value::Text(hex::encode(&span.trace_id)),
            "span_id" => Value::Bytes(span.span_id.clone()),
            "span_id.string" => Value::Text(hex::encode(&span.span_id)),
            "parent_span_id" => Value::Bytes(span.parent_span_id.clone()),
            "parent_span_id.string" => Value::Text(hex::encode(&span.parent_span_id)),
            "trace_state" => text(&span.trace_state),
            "name" => text(&span.name),
            "kind" => int(span.kind),
            "status.code" => int(span.status.as_ref().map_or(0, |status| status.code)),
            "status.message" => text(span.status.as_ref().map_or("", |status| &status.message)),
            "dropped_events_count" => int(span.dropped_events_count),
            "dropped_links_count" => int(span.dropped_links_count),
            other => panic!("{other}"),
        },
        (Context::SpanEvent, Item::Event(_, event)) => match field {
            "attributes" => Value::Map(event.attributes.clone()),
            "name" => text(&event.name),
            "dropped_attributes_count" => int(event.dropped_attributes_count),
            "time" => time(event.time_unix_nano),
            "time_unix_nano" => Value::Int(unsigned(event.time_unix_nano)),
            other => panic!("{other}"),
        },
        (Context::Metric, Item::Metric(metric) | Item::Point(metric, _)) => match field {
            "metadata" => Value::Map(metric.metadata.clone()),
            "name" => text(&metric.name),
            "description" => text(&metric.description),
            "unit" => text(&metric.unit),
            "type" => int(match metric.data {
                None => 0,
                Some(Data::Gauge(_)) => 1,
                Some(Data::Sum(_)) => 2,
                Some(Data::Histogram(_)) => 3,
                Some(Data::ExponentialHistogram(_)) => 4,
                Some(Data::Summary(_)) => 5,
            }),
            "aggregation_temporality" => match &metric.data {
                Some(Data::Sum(data)) => temporality(data.aggregation_temporality),
                Some(Data::Histogram(data)) => temporality(data.aggregation_temporality),
                Some(Data::ExponentialHistogram(data)) => temporality(data.aggregation_temporality),
                _ => Value::Nil,
            },
            "is_monotonic" => match &metric.data {
                Some(Data::Sum(data)) => Value::Bool(data.is_monotonic),
                _ => Value::Nil,
            },
            other => panic!("{other}"),
        },
        (Context::DataPoint, Item::Point(_, point)) => read_point(point, field),
        other => panic!("no {field} in {:?}", other.0),
    }
}

/// Those that are not known are unspecified.
fn temporality(number: i32) -> Value {
    int(if matches!(number, 1 | 2) { number } else { 0 })
}

fn read_point(point: &Point<'_>, field: &str) -> Value {
    match field {
        "attributes" => return Value::Map(of_any!(point, attributes).clone()),
        "flags" => return int(*of_any!(point, flags)),
        "time" => return time(*of_any!(point, time_unix_nano)),
        "time_unix_nano" => return Value::Int(unsigned(*of_any!(point, time_unix_nano))),
        "start_time" => return time(*of_any!(point, start_time_unix_nano)),
        "start_time_unix_nano" => return Value::Int(unsigned(*of_any!(point, start_time_unix_nano))),
        _ => {}
    }
    let offset = |buckets: &Option<Buckets>| int(buckets.as_ref().map_or(0, |buckets| buckets.offset));
    let bucket_counts =
        |buckets: &Option<Buckets>| counts(buckets.as_ref().map_or(&[], |buckets| &buckets.bucket_counts));
    match (point, field) {
        (Point::Number(point), "value_double") => match point.value {
            Some(Number::AsDouble(value)) => Value::Float(value),
            _ => Value::Nil,
        },
        (Point::Number(point), "value_int") => match point.value {
            Some(Number::AsInt(value)) => Value::Int(value),
            _ => Value::Nil,
        },
        (Point::Histogram(point), "count") => Value::Int(unsigned(point.count)),
        (Point::Histogram(point), "sum") => float(point.sum),
        (Point::Histogram(point), "min") => float(point.min),
        (Point::Histogram(point), "max") => float(point.max),
        (Point::Histogram(point), "bucket_counts") => counts(&point.bucket_counts),
        (Point::Histogram(point), "explicit_bounds") => {
            let bounds = point.explicit_bounds.iter();
            Value::List(bounds.map(|bound| Value::Float(*bound).store().unwrap()).collect())
        }
        (Point::Exponential(point), "count") => Value::Int(unsigned(point.count)),
        (Point::Exponential(point), "sum") => float(point.sum),
        (Point::Exponential(point), "min") => float(point.min),
        (Point::Exponential(point), "max") => float(point.max),
        (Point::Exponential(point), "scale") => int(point.scale),
        (Point::Exponential(point), "zero_count") => Value::Int(unsigned(point.zero_count)),
        (Point::Exponential(point), "zero_threshold") => Value::Float(point.zero_threshold),
        (Point::Exponential(point), "positive.offset") => offset(&point.positive),
        (Point::Exponential(point), "positive.bucket_counts") => bucket_counts(&point.positive),
        (Point::Exponential(point), "negative.offset") => offset(&point.negative),
        (Point::Exponential(point), "negative.bucket_counts") => bucket_counts(&point.negative),
        (Point::Summary(point), "count") => Value::Int(unsigned(point.count)),
        (Point::Summary(point), "sum") => Value::Float(point.sum),
        _ => Value::Nil,
    }
}
