//! Values to fields.

use super::{Context, field::Field, keys::storable};
use crate::{Failure, ItemMut, RecordMut, Value};
use tidewatch_otlp::edit::{
    Arena, EventDraft, LogDraft, MetricDraft, PointDraft, ResourceDraft, ScopeDraft, SpanDraft,
};
use tidewatch_otlp::views::{AttributesView, Number, Temporality, ValueView};

type Written = Result<(), Failure>;

impl Field {
    /// Sets it in what of the record `owner` names.
    ///
    /// # Errors
    /// Where the value is not of the field's type, or the record has no such field.
    pub(super) fn write<'a>(
        self,
        owner: Context,
        record: &mut RecordMut<'_, 'a>,
        value: Value<'a>,
    ) -> Written {
        if !self.fits(owner, value) {
            return Err(Failure::new("the value is nested too deeply"));
        }
        if self == Self::Cache {
            *record.cache = map(value)?;
            return Ok(());
        }
        let arena = record.arena;
        match (owner, &mut record.item) {
            (Context::Resource, _) => self.to_resource(record.owner.resource, value, arena),
            (Context::Scope, _) => self.to_scope(record.owner.scope, value, arena),
            (Context::Log | Context::Fields, ItemMut::Log(log)) => self.to_log(log, value, arena),
            (Context::Span, ItemMut::Span(span) | ItemMut::SpanEvent(span, _)) => {
                self.to_span(span, value, arena)
            }
            (Context::SpanEvent, ItemMut::SpanEvent(_, event)) => self.to_event(event, value, arena),
            (Context::Metric, ItemMut::Metric(metric) | ItemMut::DataPoint(metric, _)) => {
                self.to_metric(metric, value, arena)
            }
            (Context::DataPoint, ItemMut::DataPoint(_, point)) => self.to_point(point, value, arena),
            _ => Err(absent()),
        }
    }

    /// Whether a request with this value is within the depth that all are held to. What has come with a request is.
    fn fits(self, owner: Context, value: Value<'_>) -> bool {
        // How many messages are around the value of an attribute, itself included.
        let depth = match owner {
            Context::Resource => 4,
            Context::Scope | Context::Log | Context::Fields | Context::Span | Context::Metric => 5,
            Context::SpanEvent => 6,
            Context::DataPoint => 7,
        };
        match (self, value) {
            (Self::Body, Value::List(list)) => ValueView::Array(list).fits(4),
            (Self::Body, Value::Map(map)) => ValueView::KvList(map).fits(4),
            (_, Value::Map(map)) => map.values_fit(depth),
            _ => true,
        }
    }

    fn to_resource<'a>(
        self,
        resource: &mut ResourceDraft<'a>,
        value: Value<'a>,
        arena: &'a Arena,
    ) -> Written {
        match self {
            Self::Attributes => resource.set_attributes(map(value)?, arena),
            Self::DroppedAttributesCount => resource.set_dropped_attributes_count(number(value)?, arena),
            Self::SchemaUrl => resource.set_schema_url(text(value)?),
            _ => return Err(absent()),
        }
        Ok(())
    }

    fn to_scope<'a>(self, scope: &mut ScopeDraft<'a>, value: Value<'a>, arena: &'a Arena) -> Written {
        match self {
            Self::Name => scope.set_name(text(value)?, arena),
            Self::Version => scope.set_version(text(value)?, arena),
            Self::Attributes => scope.set_attributes(map(value)?, arena),
            Self::DroppedAttributesCount => scope.set_dropped_attributes_count(number(value)?, arena),
            Self::SchemaUrl => scope.set_schema_url(text(value)?),
            _ => return Err(absent()),
        }
        Ok(())
    }

    fn to_log<'a>(self, log: &mut LogDraft<'a>, value: Value<'a>, arena: &'a Arena) -> Written {
        match self {
            Self::Attributes => log.set_attributes(map(value)?, arena),
            Self::DroppedAttributesCount => log.set_dropped_attributes_count(number(value)?),
            Self::Flags => log.set_flags(number(value)?),
            Self::Time | Self::TimeUnixNano => log.set_time_unix_nano(time(value)?),
            Self::ObservedTime | Self::ObservedTimeUnixNano => log.set_observed_time_unix_nano(time(value)?),
            Self::SeverityNumber => log.set_severity_number(number(value)?),
            Self::SeverityText => log.set_severity_text(text(value)?),
            Self::Body => log.set_body(storable(value)?, arena),
            Self::TraceId => return id(value, |id| log.set_trace_id(id)),
            Self::TraceIdString => return hexadecimal(value, arena, |id| log.set_trace_id(id)),
            Self::SpanId => return id(value, |id| log.set_span_id(id)),
            Self::SpanIdString => return hexadecimal(value, arena, |id| log.set_span_id(id)),
            Self::EventName => log.set_event_name(text(value)?),
            _ => return Err(absent()),
        }
        Ok(())
    }

    fn to_span<'a>(self, span: &mut SpanDraft<'a>, value: Value<'a>, arena: &'a Arena) -> Written {
        match self {
            Self::Attributes => span.set_attributes(map(value)?, arena),
            Self::DroppedAttributesCount => span.set_dropped_attributes_count(number(value)?),
            Self::Flags => span.set_flags(number(value)?),
            Self::StartTime | Self::StartTimeUnixNano => span.set_start_time_unix_nano(time(value)?),
            Self::EndTime | Self::EndTimeUnixNano => span.set_end_time_unix_nano(time(value)?),
            // A span without them would be refused wherever it arrives.
            Self::TraceId => return full_id(value, |id| span.set_trace_id(id)),
            Self::TraceIdString => {
                return hexadecimal(value, arena, |id| !id.is_empty() && span.set_trace_id(id));
            }
            Self::SpanId => return full_id(value, |id| span.set_span_id(id)),
            Self::SpanIdString => {
                return hexadecimal(value, arena, |id| !id.is_empty() && span.set_span_id(id));
            }
            Self::ParentSpanId => return id(value, |id| span.set_parent_span_id(id)),
            Self::ParentSpanIdString => return hexadecimal(value, arena, |id| span.set_parent_span_id(id)),
            Self::TraceState => span.set_trace_state(text(value)?),
            Self::Name => span.set_name(text(value)?),
            Self::Kind => span.set_kind(number(value)?),
            Self::StatusCode => span.set_status_code(number(value)?, arena),
            Self::StatusMessage => span.set_status_message(text(value)?, arena),
            Self::DroppedEventsCount => span.set_dropped_events_count(number(value)?),
            Self::DroppedLinksCount => span.set_dropped_links_count(number(value)?),
            _ => return Err(absent()),
        }
        Ok(())
    }

    fn to_event<'a>(self, event: &mut EventDraft<'a>, value: Value<'a>, arena: &'a Arena) -> Written {
        match self {
            Self::Name => event.set_name(text(value)?),
            Self::Attributes => event.set_attributes(map(value)?, arena),
            Self::DroppedAttributesCount => event.set_dropped_attributes_count(number(value)?),
            Self::Time | Self::TimeUnixNano => event.set_time_unix_nano(time(value)?),
            _ => return Err(absent()),
        }
        Ok(())
    }

    fn to_metric<'a>(self, metric: &mut MetricDraft<'a>, value: Value<'a>, arena: &'a Arena) -> Written {
        let has_it = match self {
            Self::Name => {
                metric.set_name(text(value)?);
                true
            }
            Self::Description => {
                metric.set_description(text(value)?);
                true
            }
            Self::Unit => {
                metric.set_unit(text(value)?);
                true
            }
            Self::Attributes => {
                metric.set_metadata(map(value)?, arena);
                true
            }
            Self::AggregationTemporality => metric.set_temporality(temporality(value)?, arena),
            Self::IsMonotonic => match value {
                Value::Bool(monotonic) => metric.set_monotonic(monotonic, arena),
                other => return Err(Failure::expected("a boolean", &other)),
            },
            _ => false,
        };
        if has_it { Ok(()) } else { Err(absent()) }
    }

    fn to_point<'a>(self, point: &mut PointDraft<'a>, value: Value<'a>, arena: &'a Arena) -> Written {
        use PointDraft::{ExponentialHistogram, Histogram, Number as NumberPoint, Summary};
        match (self, point) {
            (Self::Attributes, point) => point.set_attributes(map(value)?, arena),
            (Self::Flags, point) => point.set_flags(number(value)?),
            (Self::Time | Self::TimeUnixNano, point) => point.set_time_unix_nano(time(value)?),
            (Self::StartTime | Self::StartTimeUnixNano, point) => {
                point.set_start_time_unix_nano(time(value)?);
            }
            (Self::ValueDouble, NumberPoint(point)) => point.set_value(Number::Double(double(value)?)),
            (Self::ValueInt, NumberPoint(point)) => point.set_value(Number::Int(number(value)?)),
            (Self::Count, Histogram(point)) => point.set_count(number(value)?),
            (Self::Count, ExponentialHistogram(point)) => point.set_count(number(value)?),
            (Self::Count, Summary(point)) => point.set_count(number(value)?),
            (Self::Sum, Histogram(point)) => point.set_sum(Some(double(value)?)),
            (Self::Sum, ExponentialHistogram(point)) => point.set_sum(Some(double(value)?)),
            (Self::Sum, Summary(point)) => point.set_sum(double(value)?),
            (Self::Min, Histogram(point)) => point.set_min(Some(double(value)?)),
            (Self::Min, ExponentialHistogram(point)) => point.set_min(Some(double(value)?)),
            (Self::Max, Histogram(point)) => point.set_max(Some(double(value)?)),
            (Self::Max, ExponentialHistogram(point)) => point.set_max(Some(double(value)?)),
            (Self::Scale, ExponentialHistogram(point)) => point.set_scale(number(value)?),
            (Self::ZeroCount, ExponentialHistogram(point)) => point.set_zero_count(number(value)?),
            (Self::ZeroThreshold, ExponentialHistogram(point)) => point.set_zero_threshold(double(value)?),
            _ => return Err(absent()),
        }
        Ok(())
    }
}

fn absent() -> Failure {
    Failure::new("this item has no such field")
}

fn map(value: Value<'_>) -> Result<AttributesView<'_>, Failure> {
    match value {
        Value::Map(map) => Ok(map),
        other => Err(Failure::expected("a map", &other)),
    }
}

fn text(value: Value<'_>) -> Result<&str, Failure> {
    value.as_str().ok_or_else(|| Failure::expected("text", &value))
}

/// An integer that fits the field.
fn number<T: TryFrom<i64>>(value: Value<'_>) -> Result<T, Failure> {
    match value {
        Value::Int(number) => {
            T::try_from(number).map_err(|_| Failure::new(format!("{number} does not fit the field")))
        }
        other => Err(Failure::expected("an integer", &other)),
    }
}

fn double(value: Value<'_>) -> Result<f64, Failure> {
    value.as_f64().ok_or_else(|| Failure::expected("a number", &value))
}

/// A time, or nanoseconds since the epoch.
fn time(value: Value<'_>) -> Result<u64, Failure> {
    match value {
        Value::Time(nanos) | Value::Int(nanos) => {
            u64::try_from(nanos).map_err(|_| Failure::new("the time is before 1970"))
        }
        other => Err(Failure::expected("a time", &other)),
    }
}

fn temporality(value: Value<'_>) -> Result<Temporality, Failure> {
    Ok(match number::<i64>(value)? {
        0 => Temporality::Unspecified,
        1 => Temporality::Delta,
        2 => Temporality::Cumulative,
        other => return Err(Failure::new(format!("{other} is no aggregation temporality"))),
    })
}

fn id<'a>(value: Value<'a>, set: impl FnOnce(&'a [u8]) -> bool) -> Written {
    match value {
        Value::Bytes(bytes) if set(bytes) => Ok(()),
        Value::Bytes(bytes) => {
            Err(Failure::new(format!("an id of {} bytes is of the wrong length", bytes.len())))
        }
        other => Err(Failure::expected("an id in bytes", &other)),
    }
}

fn full_id<'a>(value: Value<'a>, set: impl FnOnce(&'a [u8]) -> bool) -> Written {
    id(value, |bytes| !bytes.is_empty() && set(bytes))
}

fn hexadecimal<'a>(value: Value<'a>, arena: &'a Arena, set: impl FnOnce(&'a [u8]) -> bool) -> Written {
    let text = text(value)?;
    let bytes = hex::decode(text).map_err(|_| Failure::new("the text is not a hexadecimal id"))?;
    id(Value::Bytes(arena.bytes(&bytes)), set)
}
