//! How fields are read.

use super::field::Field;
use crate::{Item, Point, Record, Value};
use tidewatch_otlp::views::{DataView, LogRecordView, MetricView, Number, SpanView, Temporality};

impl Field {
    pub(super) fn read<'a>(self, record: &Record<'a>) -> Value<'a> {
        let (resource, scope) = (record.resource, record.scope);
        match self {
            Self::ResourceDroppedAttributesCount => Value::Int(resource.dropped_attributes_count().into()),
            Self::ResourceSchemaUrl => resource.schema_url().into(),
            Self::ScopeName => scope.name().into(),
            Self::ScopeVersion => scope.version().into(),
            Self::ScopeDroppedAttributesCount => Value::Int(scope.dropped_attributes_count().into()),
            Self::ScopeSchemaUrl => scope.schema_url().into(),
            _ => match record.item {
                Item::Log(log) => self.read_log(log),
                Item::Span(span) => self.read_span(span),
                Item::DataPoint(metric, point) => {
                    self.read_metric(metric).or_else(|| self.read_point(point)).unwrap_or(Value::Nil)
                }
            },
        }
    }

    fn read_log<'a>(self, log: &'a LogRecordView<'a>) -> Value<'a> {
        match self {
            Self::DroppedAttributesCount => Value::Int(log.dropped_attributes_count().into()),
            Self::Flags => Value::Int(log.flags().into()),
            Self::TimeUnixNano => time(log.time_unix_nano()),
            Self::ObservedTimeUnixNano => time(log.observed_time_unix_nano()),
            Self::SeverityNumber => Value::Int(log.severity_number().into()),
            Self::SeverityText => log.severity_text().into(),
            Self::BodyString => Value::Text(log.body().unwrap_or_default().to_string().into()),
            Self::TraceId => Value::Bytes(log.trace_id()),
            Self::TraceIdString => hexadecimal(log.trace_id()),
            Self::SpanId => Value::Bytes(log.span_id()),
            Self::SpanIdString => hexadecimal(log.span_id()),
            Self::EventName => log.event_name().into(),
            _ => Value::Nil,
        }
    }

    fn read_span<'a>(self, span: &'a SpanView<'a>) -> Value<'a> {
        match self {
            Self::DroppedAttributesCount => Value::Int(span.dropped_attributes_count().into()),
            Self::Flags => Value::Int(span.flags().into()),
            Self::StartTimeUnixNano => time(span.start_time_unix_nano()),
            Self::EndTimeUnixNano => time(span.end_time_unix_nano()),
            Self::TraceId => Value::Bytes(span.trace_id()),
            Self::TraceIdString => hexadecimal(span.trace_id()),
            Self::SpanId => Value::Bytes(span.span_id()),
            Self::SpanIdString => hexadecimal(span.span_id()),
            Self::ParentSpanId => Value::Bytes(span.parent_span_id()),
            Self::ParentSpanIdString => hexadecimal(span.parent_span_id()),
            Self::TraceState => span.trace_state().into(),
            Self::Name => span.name().into(),
            Self::SpanKind => Value::Int(span.kind().into()),
            Self::SpanKindString => {
                let names = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];
                usize::try_from(span.kind())
                    .ok()
                    .and_then(|kind| names.get(kind))
                    .map_or("", |name| name)
                    .into()
            }
            Self::StatusCode => Value::Int(span.status_code().into()),
            Self::StatusMessage => span.status_message().into(),
            Self::DroppedEventsCount => Value::Int(span.dropped_events_count().into()),
            Self::DroppedLinksCount => Value::Int(span.dropped_links_count().into()),
            _ => Value::Nil,
        }
    }

    fn read_metric<'a>(self, metric: &'a MetricView<'a>) -> Option<Value<'a>> {
        Some(match (self, metric.data()) {
            (Self::MetricName, _) => metric.name().into(),
            (Self::MetricDescription, _) => metric.description().into(),
            (Self::MetricUnit, _) => metric.unit().into(),
            (Self::MetricType, data) => Value::Int(match data {
                DataView::Empty => 0,
                DataView::Gauge(_) => 1,
                DataView::Sum { .. } => 2,
                DataView::Histogram { .. } => 3,
                DataView::ExponentialHistogram { .. } => 4,
                DataView::Summary(_) => 5,
            }),
            (
                Self::MetricTemporality,
                DataView::Sum { temporality, .. }
                | DataView::Histogram { temporality, .. }
                | DataView::ExponentialHistogram { temporality, .. },
            ) => Value::Int(match temporality {
                Temporality::Unspecified => 0,
                Temporality::Delta => 1,
                Temporality::Cumulative => 2,
            }),
            (Self::MetricIsMonotonic, DataView::Sum { monotonic, .. }) => Value::Bool(monotonic),
            _ => return None,
        })
    }

    fn read_point<'a>(self, point: Point<'a>) -> Option<Value<'a>> {
        Some(match (self, point) {
            (Self::Flags, _) => Value::Int(point.flags().into()),
            (Self::TimeUnixNano, _) => time(point.time_unix_nano()),
            (Self::StartTimeUnixNano, _) => time(point.start_time_unix_nano()),
            (Self::ValueDouble | Self::ValueInt, Point::Number(point)) => match (self, point.value()?) {
                (Self::ValueDouble, Number::Double(number)) => Value::Float(number),
                (Self::ValueInt, Number::Int(number)) => Value::Int(number),
                _ => return None,
            },
            (Self::Count, Point::Histogram(point)) => count(point.count()),
            (Self::Count, Point::ExponentialHistogram(point)) => count(point.count()),
            (Self::Count, Point::Summary(point)) => count(point.count()),
            (Self::Sum, Point::Histogram(point)) => Value::Float(point.sum()?),
            (Self::Sum, Point::ExponentialHistogram(point)) => Value::Float(point.sum()?),
            (Self::Sum, Point::Summary(point)) => Value::Float(point.sum()),
            (Self::Scale, Point::ExponentialHistogram(point)) => Value::Int(point.scale().into()),
            (Self::ZeroCount, Point::ExponentialHistogram(point)) => count(point.zero_count()),
            (Self::PositiveOffset, Point::ExponentialHistogram(point)) => {
                Value::Int(point.positive().offset().into())
            }
            (Self::NegativeOffset, Point::ExponentialHistogram(point)) => {
                Value::Int(point.negative().offset().into())
            }
            _ => return None,
        })
    }
}

/// Nanoseconds since the epoch; until the year 2262 they fit.
fn time(nanos: u64) -> Value<'static> {
    count(nanos)
}

fn count(number: u64) -> Value<'static> {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn hexadecimal(id: &[u8]) -> Value<'static> {
    Value::Text(hex::encode(id).into())
}
