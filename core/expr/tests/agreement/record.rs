//! Requests as messages, and the records in them.

use crate::batch::signal;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value as Any},
    logs::v1::LogRecord,
    metrics::v1::{
        ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
        metric::Data,
    },
    resource::v1::Resource,
    trace::v1::{Span, span::Event},
};
use prost::Message as _;
use std::mem::take;
use tidewatch_expr::Context;
use tidewatch_otlp::{Request, Signal};

/// A decoded request.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

/// One record, and what it belongs to.
pub(crate) struct Record<'m> {
    pub(crate) resource: &'m mut Resource,
    pub(crate) resource_schema: &'m mut String,
    pub(crate) scope: &'m mut InstrumentationScope,
    pub(crate) scope_schema: &'m mut String,
    pub(crate) item: Item<'m>,
    pub(crate) cache: Vec<KeyValue>,
}

pub(crate) enum Item<'m> {
    None,
    Log(&'m mut LogRecord),
    Span(&'m mut Span),
    Event(&'m mut Span, &'m mut Event),
    Metric(&'m mut Metric),
    Point(&'m mut Metric, Point<'m>),
}

pub(crate) enum Point<'m> {
    Number(&'m mut NumberDataPoint),
    Histogram(&'m mut HistogramDataPoint),
    Exponential(&'m mut ExponentialHistogramDataPoint),
    Summary(&'m mut SummaryDataPoint),
}

/// What is called for each record.
type Each<'f> = &'f mut dyn FnMut(&mut Record<'_>);

/// Walks groups of any signal. `$item` is what is done with an item.
macro_rules! walk {
    ($entries:expr, $scopes:ident, $items:ident, $context:expr, $each:expr, $item:expr) => {
        for entry in $entries {
            let resource = entry.resource.get_or_insert_default();
            if $context == Context::Resource {
                let (mut scope, mut schema) = (InstrumentationScope::default(), String::new());
                $each(&mut Record {
                    resource,
                    resource_schema: &mut entry.schema_url,
                    scope: &mut scope,
                    scope_schema: &mut schema,
                    item: Item::None,
                    cache: Vec::new(),
                });
                continue;
            }
            for inner in &mut entry.$scopes {
                let mut record = Record {
                    resource: &mut *resource,
                    resource_schema: &mut entry.schema_url,
                    scope: inner.scope.get_or_insert_default(),
                    scope_schema: &mut inner.schema_url,
                    item: Item::None,
                    cache: Vec::new(),
                };
                if $context == Context::Scope {
                    $each(&mut record);
                    continue;
                }
                for item in &mut inner.$items {
                    $item(&mut record, item, $each);
                }
            }
        }
    };
}

impl Message {
    pub(crate) fn decode(request: &Request) -> Self {
        match request.signal() {
            Signal::Traces => Self::Traces(request.decode_traces()),
            Signal::Metrics => Self::Metrics(request.decode_metrics()),
            Signal::Logs => Self::Logs(request.decode_logs()),
        }
    }

    pub(crate) fn signal(&self) -> Signal {
        match self {
            Self::Traces(_) => Signal::Traces,
            Self::Metrics(_) => Signal::Metrics,
            Self::Logs(_) => Signal::Logs,
        }
    }

    pub(crate) fn walk(&mut self, context: Context, each: Each<'_>) {
        match self {
            Self::Logs(request) => {
                walk!(&mut request.resource_logs, scope_logs, log_records, context, each, log)
            }
            Self::Traces(request) => {
                let spans = if context == Context::SpanEvent { events } else { span };
                walk!(&mut request.resource_spans, scope_spans, spans, context, each, spans);
            }
            Self::Metrics(request) => {
                let metrics = if context == Context::DataPoint { points } else { metric };
                walk!(&mut request.resource_metrics, scope_metrics, metrics, context, each, metrics);
            }
        }
    }

    /// The request as prost writes it. A message without fields is the same as none, so is an empty value.
    pub(crate) fn encode(mut self) -> Vec<u8> {
        for context in Context::ALL {
            if signal(context) == self.signal() {
                self.walk(context, &mut |record| record.maps().into_iter().for_each(complete));
            }
        }
        match &mut self {
            Self::Logs(request) => {
                for entry in &mut request.resource_logs {
                    absent(&mut entry.resource);
                    entry.scope_logs.iter_mut().for_each(|entry| absent(&mut entry.scope));
                }
                request.encode_to_vec()
            }
            Self::Traces(request) => {
                for entry in &mut request.resource_spans {
                    absent(&mut entry.resource);
                    for entry in &mut entry.scope_spans {
                        absent(&mut entry.scope);
                        entry.spans.iter_mut().for_each(|span| absent(&mut span.status));
                    }
                }
                request.encode_to_vec()
            }
            Self::Metrics(request) => {
                for entry in &mut request.resource_metrics {
                    absent(&mut entry.resource);
                    entry.scope_metrics.iter_mut().for_each(|entry| absent(&mut entry.scope));
                }
                request.encode_to_vec()
            }
        }
    }
}

/// Gives every entry a value, if only an empty one.
fn complete(map: &mut Vec<KeyValue>) {
    for entry in map {
        if let Some(Any::KvlistValue(inner)) = &mut entry.value.get_or_insert_default().value {
            complete(&mut inner.values);
        }
    }
}

impl Record<'_> {
    /// All its attributes, and its body if it is a map.
    fn maps(&mut self) -> Vec<&mut Vec<KeyValue>> {
        let mut maps = vec![&mut self.resource.attributes, &mut self.scope.attributes];
        match &mut self.item {
            Item::None => {}
            Item::Log(log) => {
                maps.push(&mut log.attributes);
                if let Some(AnyValue { value: Some(Any::KvlistValue(body)) }) = &mut log.body {
                    maps.push(&mut body.values);
                }
            }
            Item::Span(span) => maps.push(&mut span.attributes),
            Item::Event(span, event) => maps.extend([&mut span.attributes, &mut event.attributes]),
            Item::Metric(metric) => maps.push(&mut metric.metadata),
            Item::Point(metric, point) => {
                maps.push(&mut metric.metadata);
                maps.push(match point {
                    Point::Number(point) => &mut point.attributes,
                    Point::Histogram(point) => &mut point.attributes,
                    Point::Exponential(point) => &mut point.attributes,
                    Point::Summary(point) => &mut point.attributes,
                });
            }
        }
        maps
    }
}

fn absent<M: Default + PartialEq>(message: &mut Option<M>) {
    message.take_if(|message| *message == M::default());
}

/// Calls `each` with another item in the record, and a new cache.
fn with(record: &mut Record<'_>, item: Item<'_>, each: Each<'_>) {
    each(&mut Record {
        resource: &mut *record.resource,
        resource_schema: &mut *record.resource_schema,
        scope: &mut *record.scope,
        scope_schema: &mut *record.scope_schema,
        item,
        cache: Vec::new(),
    });
}

fn log(record: &mut Record<'_>, log: &mut LogRecord, each: Each<'_>) {
    with(record, Item::Log(log), each);
}

fn span(record: &mut Record<'_>, span: &mut Span, each: Each<'_>) {
    with(record, Item::Span(span), each);
}

/// Events are taken out, so that their span can be changed from them.
fn events(record: &mut Record<'_>, span: &mut Span, each: Each<'_>) {
    let mut events = take(&mut span.events);
    events.iter_mut().for_each(|event| with(record, Item::Event(span, event), each));
    span.events = events;
}

fn metric(record: &mut Record<'_>, metric: &mut Metric, each: Each<'_>) {
    with(record, Item::Metric(metric), each);
}

/// As events. No statement changes the kind of data.
fn points(record: &mut Record<'_>, metric: &mut Metric, each: Each<'_>) {
    macro_rules! points {
        ($kind:ident, $point:ident) => {
            if let Some(Data::$kind(data)) = &mut metric.data {
                let mut points = take(&mut data.data_points);
                for point in &mut points {
                    with(record, Item::Point(metric, Point::$point(point)), each);
                }
                if let Some(Data::$kind(data)) = &mut metric.data {
                    data.data_points = points;
                }
            }
        };
    }
    points!(Gauge, Number);
    points!(Sum, Number);
    points!(Histogram, Histogram);
    points!(ExponentialHistogram, Exponential);
    points!(Summary, Summary);
}
