//! Values to fields.

use crate::record::{Item, Point, Record};
use crate::value::{Fault, Result, Value};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point::Value as Number};
use tidewatch_expr::Context;

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
    if field == "cache" || field == "fields" {
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
