//! Fields to values.

use super::{Context, field::Field};
use crate::{Item, Point, Record, Value};
use tidewatch_otlp::{
    edit::Arena,
    views::{
        ArrayView, DataView, EventView, LogRecordView, MetricView, Number, ResourceView, ScopeView, SpanView,
        Temporality,
    },
    write::ListWriter,
};

const KINDS: [&str; 6] = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];

impl Field {
    /// Its value in what of the record `owner` names.
    pub(super) fn read<'a>(self, owner: Context, record: &Record<'_, 'a>) -> Value<'a> {
        if self == Self::Cache {
            return Value::Map(record.cache);
        }
        let value = match (owner, record.item) {
            (Context::Resource, _) => self.of_resource(record.resource),
            (Context::Scope, _) => self.of_scope(record.scope),
            (Context::Log | Context::Fields, Item::Log(log)) => self.of_log(log, record.arena),
            (Context::Span, Item::Span(span) | Item::SpanEvent(span, _)) => self.of_span(span, record.arena),
            (Context::SpanEvent, Item::SpanEvent(_, event)) => self.of_event(event),
            (Context::Metric, Item::Metric(metric) | Item::DataPoint(metric, _)) => self.of_metric(metric),
            (Context::DataPoint, Item::DataPoint(_, point)) => self.of_point(point, record.arena),
            _ => None,
        };
        value.unwrap_or_default()
    }

    fn of_resource<'a>(self, resource: &ResourceView<'a>) -> Option<Value<'a>> {
        Some(match self {
            Self::Attributes => Value::Map(resource.attributes()),
            Self::DroppedAttributesCount => Value::Int(resource.dropped_attributes_count().into()),
            Self::SchemaUrl => resource.schema_url().into(),
            _ => return None,
        })
    }

    fn of_scope<'a>(self, scope: &ScopeView<'a>) -> Option<Value<'a>> {
        Some(match self {
            Self::Name => scope.name().into(),
            Self::Version => scope.version().into(),
            Self::Attributes => Value::Map(scope.attributes()),
            Self::DroppedAttributesCount => Value::Int(scope.dropped_attributes_count().into()),
            Self::SchemaUrl => scope.schema_url().into(),
            _ => return None,
        })
    }

    fn of_log<'a>(self, log: &LogRecordView<'a>, arena: &'a Arena) -> Option<Value<'a>> {
        Some(match self {
            Self::Attributes => Value::Map(log.attributes()),
            Self::DroppedAttributesCount => Value::Int(log.dropped_attributes_count().into()),
            Self::Flags => Value::Int(log.flags().into()),
            Self::Time => Value::Time(count(log.time_unix_nano())),
            Self::TimeUnixNano => Value::Int(count(log.time_unix_nano())),
            Self::ObservedTime => Value::Time(count(log.observed_time_unix_nano())),
            Self::ObservedTimeUnixNano => Value::Int(count(log.observed_time_unix_nano())),
            Self::SeverityNumber => Value::Int(log.severity_number().into()),
            Self::SeverityText => log.severity_text().into(),
            Self::Body => log.body().into(),
            Self::BodyString => match Value::from(log.body()) {
                text @ Value::Text(_) => text,
                _ => Value::Text(arena.text(&log.body().unwrap_or_default().to_string())),
            },
            Self::TraceId => Value::Bytes(log.trace_id()),
            Self::TraceIdString => hexadecimal(log.trace_id(), arena),
            Self::SpanId => Value::Bytes(log.span_id()),
            Self::SpanIdString => hexadecimal(log.span_id(), arena),
            Self::EventName => log.event_name().into(),
            _ => return None,
        })
    }

    fn of_span<'a>(self, span: &SpanView<'a>, arena: &'a Arena) -> Option<Value<'a>> {
        Some(match self {
            Self::Attributes => Value::Map(span.attributes()),
            Self::DroppedAttributesCount => Value::Int(span.dropped_attributes_count().into()),
            Self::Flags => Value::Int(span.flags().into()),
            Self::StartTime => Value::Time(count(span.start_time_unix_nano())),
            Self::StartTimeUnixNano => Value::Int(count(span.start_time_unix_nano())),
            Self::EndTime => Value::Time(count(span.end_time_unix_nano())),
            Self::EndTimeUnixNano => Value::Int(count(span.end_time_unix_nano())),
            Self::TraceId => Value::Bytes(span.trace_id()),
            Self::TraceIdString => hexadecimal(span.trace_id(), arena),
            Self::SpanId => Value::Bytes(span.span_id()),
            Self::SpanIdString => hexadecimal(span.span_id(), arena),
            Self::ParentSpanId => Value::Bytes(span.parent_span_id()),
            Self::ParentSpanIdString => hexadecimal(span.parent_span_id(), arena),
            Self::TraceState => span.trace_state().into(),
            Self::Name => span.name().into(),
            Self::Kind => Value::Int(span.kind().into()),
            Self::KindString => {
                let name = usize::try_from(span.kind()).ok().and_then(|kind| KINDS.get(kind));
                Value::Text(name.copied().unwrap_or_default())
            }
            Self::StatusCode => Value::Int(span.status_code().into()),
            Self::StatusMessage => span.status_message().into(),
            Self::DroppedEventsCount => Value::Int(span.dropped_events_count().into()),
            Self::DroppedLinksCount => Value::Int(span.dropped_links_count().into()),
            _ => return None,
        })
    }

    fn of_event<'a>(self, event: &EventView<'a>) -> Option<Value<'a>> {
        Some(match self {
            Self::Name => event.name().into(),
            Self::Attributes => Value::Map(event.attributes()),
            Self::DroppedAttributesCount => Value::Int(event.dropped_attributes_count().into()),
            Self::Time => Value::Time(count(event.time_unix_nano())),
            Self::TimeUnixNano => Value::Int(count(event.time_unix_nano())),
            _ => return None,
        })
    }

    fn of_metric<'a>(self, metric: &MetricView<'a>) -> Option<Value<'a>> {
        Some(match (self, metric.data()) {
            (Self::Name, _) => metric.name().into(),
            (Self::Description, _) => metric.description().into(),
            (Self::Unit, _) => metric.unit().into(),
            (Self::Attributes, _) => Value::Map(metric.metadata()),
            (Self::Type, data) => Value::Int(match data {
                DataView::Empty => 0,
                DataView::Gauge(_) => 1,
                DataView::Sum { .. } => 2,
                DataView::Histogram { .. } => 3,
                DataView::ExponentialHistogram { .. } => 4,
                DataView::Summary(_) => 5,
            }),
            (
                Self::AggregationTemporality,
                DataView::Sum { temporality, .. }
                | DataView::Histogram { temporality, .. }
                | DataView::ExponentialHistogram { temporality, .. },
            ) => Value::Int(match temporality {
                Temporality::Unspecified => 0,
                Temporality::Delta => 1,
                Temporality::Cumulative => 2,
            }),
            (Self::IsMonotonic, DataView::Sum { monotonic, .. }) => Value::Bool(monotonic),
            _ => return None,
        })
    }

    fn of_point<'a>(self, point: Point<'_, 'a>, arena: &'a Arena) -> Option<Value<'a>> {
        Some(match (self, point) {
            (Self::Attributes, _) => Value::Map(point.attributes()),
            (Self::Flags, _) => Value::Int(point.flags().into()),
            (Self::Time, _) => Value::Time(count(point.time_unix_nano())),
            (Self::TimeUnixNano, _) => Value::Int(count(point.time_unix_nano())),
            (Self::StartTime, _) => Value::Time(count(point.start_time_unix_nano())),
            (Self::StartTimeUnixNano, _) => Value::Int(count(point.start_time_unix_nano())),
            (Self::ValueDouble | Self::ValueInt, Point::Number(point)) => match (self, point.value()?) {
                (Self::ValueDouble, Number::Double(number)) => Value::Float(number),
                (Self::ValueInt, Number::Int(number)) => Value::Int(number),
                _ => return None,
            },
            (Self::Count, Point::Histogram(point)) => Value::Int(count(point.count())),
            (Self::Count, Point::ExponentialHistogram(point)) => Value::Int(count(point.count())),
            (Self::Count, Point::Summary(point)) => Value::Int(count(point.count())),
            (Self::Sum, Point::Histogram(point)) => Value::Float(point.sum()?),
            (Self::Sum, Point::ExponentialHistogram(point)) => Value::Float(point.sum()?),
            (Self::Sum, Point::Summary(point)) => Value::Float(point.sum()),
            (Self::Min, Point::Histogram(point)) => Value::Float(point.min()?),
            (Self::Min, Point::ExponentialHistogram(point)) => Value::Float(point.min()?),
            (Self::Max, Point::Histogram(point)) => Value::Float(point.max()?),
            (Self::Max, Point::ExponentialHistogram(point)) => Value::Float(point.max()?),
            (Self::BucketCounts, Point::Histogram(point)) => counts(point.bucket_counts(), arena),
            (Self::ExplicitBounds, Point::Histogram(point)) => {
                list(arena, |list| point.explicit_bounds().for_each(|bound| list.put(bound)))
            }
            (Self::Scale, Point::ExponentialHistogram(point)) => Value::Int(point.scale().into()),
            (Self::ZeroCount, Point::ExponentialHistogram(point)) => Value::Int(count(point.zero_count())),
            (Self::ZeroThreshold, Point::ExponentialHistogram(point)) => Value::Float(point.zero_threshold()),
            (Self::PositiveOffset, Point::ExponentialHistogram(point)) => {
                Value::Int(point.positive().offset().into())
            }
            (Self::PositiveBucketCounts, Point::ExponentialHistogram(point)) => {
                counts(point.positive().counts(), arena)
            }
            (Self::NegativeOffset, Point::ExponentialHistogram(point)) => {
                Value::Int(point.negative().offset().into())
            }
            (Self::NegativeBucketCounts, Point::ExponentialHistogram(point)) => {
                counts(point.negative().counts(), arena)
            }
            _ => return None,
        })
    }
}

/// Nanoseconds since the epoch fit until the year 2262.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn counts<'a>(counts: impl Iterator<Item = u64>, arena: &'a Arena) -> Value<'a> {
    list(arena, |list| counts.for_each(|number| list.put(count(number))))
}

fn list<'a>(arena: &'a Arena, fill: impl FnOnce(&mut ListWriter<'_>)) -> Value<'a> {
    Value::List(ArrayView::of_list(arena.write(|out| fill(&mut ListWriter::new(out)))))
}

fn hexadecimal<'a>(id: &[u8], arena: &'a Arena) -> Value<'a> {
    Value::Text(arena.text(&hex::encode(id)))
}
