//! What paths name in messages.

use crate::record::{Item, Point, Record};
use crate::value::{Fault, Result, Value};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    exponential_histogram_data_point::Buckets, metric::Data, number_data_point::Value as Number,
};
use tidewatch_expr::Context;

/// What a field holds, for the choice of what it is compared with and set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Text,
    Time,
    Bool,
    Id,
    Hexadecimal,
    Map,
    Any,
    /// It can only be read.
    Fixed,
}

type Fields = &'static [(&'static str, Kind)];

/// The fields of a context's own message.
pub(crate) fn fields(owner: Context) -> Fields {
    use Kind::{Any, Bool, Fixed, Float, Hexadecimal, Id, Int, Map, Text, Time};
    match owner {
        Context::Resource => {
            &[("attributes", Map), ("dropped_attributes_count", Int), ("schema_url", Text), ("cache", Map)]
        }
        Context::Scope => &[
            ("attributes", Map),
            ("name", Text),
            ("version", Text),
            ("dropped_attributes_count", Int),
            ("schema_url", Text),
            ("cache", Map),
        ],
        Context::Log | Context::Fields => &[
            ("attributes", Map),
            ("attributes", Map),
            ("body", Any),
            ("body", Any),
            ("dropped_attributes_count", Int),
            ("flags", Int),
            ("time", Time),
            ("time_unix_nano", Int),
            ("observed_time", Time),
            ("observed_time_unix_nano", Int),
            ("severity_number", Int),
            ("severity_text", Text),
            ("trace_id", Id),
            ("trace_id.string", Hexadecimal),
            ("span_id", Id),
            ("span_id.string", Hexadecimal),
            ("event_name", Text),
            ("cache", Map),
        ],
        Context::Span => &[
            ("attributes", Map),
            ("attributes", Map),
            ("dropped_attributes_count", Int),
            ("flags", Int),
            ("start_time", Time),
            ("start_time_unix_nano", Int),
            ("end_time", Time),
            ("end_time_unix_nano", Int),
            ("trace_id", Id),
            ("trace_id.string", Hexadecimal),
            ("span_id", Id),
            ("span_id.string", Hexadecimal),
            ("parent_span_id", Id),
            ("parent_span_id.string", Hexadecimal),
            ("trace_state", Text),
            ("name", Text),
            ("kind", Int),
            ("status.code", Int),
            ("status.message", Text),
            ("dropped_events_count", Int),
            ("dropped_links_count", Int),
            ("cache", Map),
        ],
        Context::SpanEvent => &[
            ("attributes", Map),
            ("name", Text),
            ("dropped_attributes_count", Int),
            ("time", Time),
            ("time_unix_nano", Int),
            ("cache", Map),
        ],
        Context::Metric => &[
            ("metadata", Map),
            ("name", Text),
            ("description", Text),
            ("unit", Text),
            ("type", Fixed),
            ("aggregation_temporality", Int),
            ("is_monotonic", Bool),
            ("cache", Map),
        ],
        Context::DataPoint => &[
            ("attributes", Map),
            ("attributes", Map),
            ("flags", Int),
            ("time", Time),
            ("time_unix_nano", Int),
            ("start_time", Time),
            ("start_time_unix_nano", Int),
            ("value_double", Float),
            ("value_int", Int),
            ("count", Int),
            ("sum", Float),
            ("min", Float),
            ("max", Float),
            ("bucket_counts", Fixed),
            ("explicit_bounds", Fixed),
            ("scale", Int),
            ("zero_count", Int),
            ("zero_threshold", Float),
            ("positive.offset", Fixed),
            ("positive.bucket_counts", Fixed),
            ("negative.offset", Fixed),
            ("negative.bucket_counts", Fixed),
            ("cache", Map),
        ],
    }
}

/// A context's own fields, then those of what its records belong to.
pub(crate) fn owners(context: Context) -> &'static [Context] {
    match context {
        Context::Resource => &[Context::Resource],
        Context::Scope => &[Context::Scope, Context::Resource],
        Context::Log | Context::Fields => &[Context::Log, Context::Scope, Context::Resource],
        Context::Span => &[Context::Span, Context::Scope, Context::Resource],
        Context::SpanEvent => &[Context::SpanEvent, Context::Span, Context::Scope, Context::Resource],
        Context::Metric => &[Context::Metric, Context::Scope, Context::Resource],
        Context::DataPoint => &[Context::DataPoint, Context::Metric, Context::Scope, Context::Resource],
    }
}

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
    if field == "cache" {
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

/// The same of every kind of point.
macro_rules! of_any {
    ($point:expr, $field:ident) => {
        match $point {
            Point::Number(point) => &point.$field,
            Point::Histogram(point) => &point.$field,
            Point::Exponential(point) => &point.$field,
            Point::Summary(point) => &point.$field,
        }
    };
    (mut $point:expr, $field:ident) => {
        match $point {
            Point::Number(point) => &mut point.$field,
            Point::Histogram(point) => &mut point.$field,
            Point::Exponential(point) => &mut point.$field,
            Point::Summary(point) => &mut point.$field,
        }
    };
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

fn fit<T: TryFrom<i64>>(value: &Value) -> Result<T> {
    T::try_from(value.int()?).map_err(|_| Fault::Fails)
}

fn moment(value: &Value) -> Result<u64> {
    match value {
        Value::Int(nanos) | Value::Time(nanos) => u64::try_from(*nanos).map_err(|_| Fault::Fails),
        _ => Err(Fault::Fails),
    }
}

fn double(value: &Value) -> Result<f64> {
    value.number().ok_or(Fault::Fails)
}

fn id(value: Value, lengths: &[usize]) -> Result<Vec<u8>> {
    match value {
        Value::Bytes(id) if lengths.contains(&id.len()) => Ok(id),
        _ => Err(Fault::Fails),
    }
}

fn hexadecimal(value: Value, lengths: &[usize]) -> Result<Vec<u8>> {
    id(Value::Bytes(hex::decode(value.text()?).map_err(|_| Fault::Fails)?), lengths)
}

/// Sets a field. Nothing is changed where that fails.
pub(crate) fn write(record: &mut Record<'_>, owner: Context, field: &str, value: Value) -> Result<()> {
    if field == "cache" {
        record.cache = value.map()?;
        return Ok(());
    }
    match (owner, &mut record.item) {
        (Context::Resource, _) => match field {
            "attributes" => record.resource.attributes = value.map()?,
            "dropped_attributes_count" => record.resource.dropped_attributes_count = fit(&value)?,
            "schema_url" => *record.resource_schema = value.text()?,
            other => panic!("{other}"),
        },
        (Context::Scope, _) => match field {
            "attributes" => record.scope.attributes = value.map()?,
            "name" => record.scope.name = value.text()?,
            "version" => record.scope.version = value.text()?,
            "dropped_attributes_count" => record.scope.dropped_attributes_count = fit(&value)?,
            "schema_url" => *record.scope_schema = value.text()?,
            other => panic!("{other}"),
        },
        (_, Item::Log(log)) => match field {
            "attributes" => log.attributes = value.map()?,
            "body" => {
                let body: AnyValue = value.store()?;
                log.body = Some(body).filter(|body| body.value.is_some());
            }
            "dropped_attributes_count" => log.dropped_attributes_count = fit(&value)?,
            "flags" => log.flags = fit(&value)?,
            "time" | "time_unix_nano" => log.time_unix_nano = moment(&value)?,
            "observed_time" | "observed_time_unix_nano" => log.observed_time_unix_nano = moment(&value)?,
            "severity_number" => log.severity_number = fit(&value)?,
            "severity_text" => log.severity_text = value.text()?,
            "trace_id" => log.trace_id = id(value, &[0, 16])?,
            "trace_id.string" => log.trace_id = hexadecimal(value, &[0, 16])?,
            "span_id" => log.span_id = id(value, &[0, 8])?,
            "span_id.string" => log.span_id = hexadecimal(value, &[0, 8])?,
            "event_name" => log.event_name = value.text()?,
            other => panic!("{other}"),
        },
        (Context::Span, Item::Span(span) | Item::Event(span, _)) => match field {
            "attributes" => span.attributes = value.map()?,
            "dropped_attributes_count" => span.dropped_attributes_count = fit(&value)?,
            "flags" => span.flags = fit(&value)?,
            "start_time" | "start_time_unix_nano" => span.start_time_unix_nano = moment(&value)?,
            "end_time" | "end_time_unix_nano" => span.end_time_unix_nano = moment(&value)?,
            "trace_id" => span.trace_id = id(value, &[16])?,
            "trace_id.string" => span.trace_id = hexadecimal(value, &[16])?,
            "span_id" => span.span_id = id(value, &[8])?,
            "span_id.string" => span.span_id = hexadecimal(value, &[8])?,
            "parent_span_id" => span.parent_span_id = id(value, &[0, 8])?,
            "parent_span_id.string" => span.parent_span_id = hexadecimal(value, &[0, 8])?,
            "trace_state" => span.trace_state = value.text()?,
            "name" => span.name = value.text()?,
            "kind" => span.kind = fit(&value)?,
            "status.code" => span.status.get_or_insert_default().code = fit(&value)?,
            "status.message" => span.status.get_or_insert_default().message = value.text()?,
            "dropped_events_count" => span.dropped_events_count = fit(&value)?,
            "dropped_links_count" => span.dropped_links_count = fit(&value)?,
            other => panic!("{other}"),
        },
        (Context::SpanEvent, Item::Event(_, event)) => match field {
            "attributes" => event.attributes = value.map()?,
            "name" => event.name = value.text()?,
            "dropped_attributes_count" => event.dropped_attributes_count = fit(&value)?,
            "time" | "time_unix_nano" => event.time_unix_nano = moment(&value)?,
            other => panic!("{other}"),
        },
        (Context::Metric, Item::Metric(metric) | Item::Point(metric, _)) => match field {
            "metadata" => metric.metadata = value.map()?,
            "name" => metric.name = value.text()?,
            "description" => metric.description = value.text()?,
            "unit" => metric.unit = value.text()?,
            "aggregation_temporality" => {
                let temporality = i32::try_from(value.int()?).map_err(|_| Fault::Fails)?;
                if !(0..=2).contains(&temporality) {
                    return Err(Fault::Fails);
                }
                match &mut metric.data {
                    Some(Data::Sum(data)) => data.aggregation_temporality = temporality,
                    Some(Data::Histogram(data)) => data.aggregation_temporality = temporality,
                    Some(Data::ExponentialHistogram(data)) => data.aggregation_temporality = temporality,
                    _ => return Err(Fault::Fails),
                }
            }
            "is_monotonic" => match (&mut metric.data, value) {
                (Some(Data::Sum(data)), Value::Bool(monotonic)) => data.is_monotonic = monotonic,
                _ => return Err(Fault::Fails),
            },
            other => panic!("{other}"),
        },
        (Context::DataPoint, Item::Point(_, point)) => return write_point(point, field, value),
        other => panic!("no {field} in {:?}", other.0),
    }
    Ok(())
}

fn write_point(point: &mut Point<'_>, field: &str, value: Value) -> Result<()> {
    match field {
        "attributes" => *of_any!(mut point, attributes) = value.map()?,
        "flags" => *of_any!(mut point, flags) = fit(&value)?,
        "time" | "time_unix_nano" => *of_any!(mut point, time_unix_nano) = moment(&value)?,
        "start_time" | "start_time_unix_nano" => {
            *of_any!(mut point, start_time_unix_nano) = moment(&value)?;
        }
        _ => match (point, field) {
            (Point::Number(point), "value_double") => point.value = Some(Number::AsDouble(double(&value)?)),
            (Point::Number(point), "value_int") => point.value = Some(Number::AsInt(value.int()?)),
            (Point::Histogram(point), "count") => point.count = fit(&value)?,
            (Point::Histogram(point), "sum") => point.sum = Some(double(&value)?),
            (Point::Histogram(point), "min") => point.min = Some(double(&value)?),
            (Point::Histogram(point), "max") => point.max = Some(double(&value)?),
            (Point::Exponential(point), "count") => point.count = fit(&value)?,
            (Point::Exponential(point), "sum") => point.sum = Some(double(&value)?),
            (Point::Exponential(point), "min") => point.min = Some(double(&value)?),
            (Point::Exponential(point), "max") => point.max = Some(double(&value)?),
            (Point::Exponential(point), "scale") => point.scale = fit(&value)?,
            (Point::Exponential(point), "zero_count") => point.zero_count = fit(&value)?,
            (Point::Exponential(point), "zero_threshold") => point.zero_threshold = double(&value)?,
            (Point::Summary(point), "count") => point.count = fit(&value)?,
            (Point::Summary(point), "sum") => point.sum = double(&value)?,
            _ => return Err(Fault::Fails),
        },
    }
    Ok(())
}
