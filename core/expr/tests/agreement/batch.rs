//! Random batches: arbitrary ones, ones in which statements find what they look for, and ones that no encoder writes.

use crate::generate::{KEYS, TEXTS};
use crate::record::{Item, Message, Point, Record};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value as Any,
};
use tidewatch_expr::Context;
use tidewatch_otlp::testing::{Source, arb_request, rearrange};
use tidewatch_otlp::{Request, Signal};

pub(crate) fn signal(context: Context) -> Signal {
    match context {
        Context::Span | Context::SpanEvent => Signal::Traces,
        Context::Metric | Context::DataPoint => Signal::Metrics,
        Context::Resource | Context::Scope | Context::Log | Context::Fields => Signal::Logs,
    }
}

/// A request for statements of this context.
pub(crate) fn request(context: Context, source: &mut Source<'static>) -> Request {
    let signal = signal(context);
    let choices: Vec<u8> = (0..source.below(1_500)).map(|_| source.byte()).collect();
    let mut request = check(signal, arb_request(signal, &mut Source::from_bytes(&choices))).unwrap();
    if !source.one_in(3) {
        let mut message = Message::decode(&request);
        for context in [Context::Resource, Context::Scope, context] {
            message.walk(context, &mut |record| fill(record, source));
        }
        request = check(signal, message.encode()).unwrap();
    }
    if source.one_in(3) {
        let mut bytes = rearrange(request.bytes(), source);
        while source.one_in(2) {
            bytes = rearrange(&bytes, source);
        }
        request = check(signal, bytes).filter(is_modelled).unwrap_or(request);
    }
    request
}

pub(crate) fn check(signal: Signal, bytes: Vec<u8>) -> Option<Request> {
    Request::check(signal, bytes.into()).ok().map(|checked| checked.request)
}

/// Indices into string tables belong to profiles, and are read as nothing.
fn is_modelled(request: &Request) -> bool {
    let shown = format!("{:?}", Message::decode(request));
    !shown.contains("StringValueStrindex")
        && shown.matches("key_strindex: 0").count() == shown.matches("key_strindex").count()
}

/// Puts what statements look for into a record.
fn fill(record: &mut Record<'_>, source: &mut Source<'static>) {
    let text = |source: &mut Source<'_>| source.pick(&TEXTS).to_owned();
    match &mut record.item {
        Item::None if record.scope.name.is_empty() => {
            record.resource.attributes = attributes(source, 2);
            *record.resource_schema = text(source);
            record.scope.attributes = attributes(source, 2);
        }
        Item::None => {
            record.scope.attributes = attributes(source, 2);
            record.scope.name = text(source);
        }
        Item::Log(log) => {
            log.attributes = attributes(source, 2);
            log.body = Some(value(source, 3));
            log.severity_number = source.below(25) as i32;
            log.severity_text = text(source);
        }
        Item::Span(span) => {
            span.attributes = attributes(source, 2);
            span.name = text(source);
        }
        Item::Event(span, event) => {
            span.attributes = attributes(source, 2);
            event.attributes = attributes(source, 2);
            event.name = text(source);
        }
        Item::Metric(metric) => {
            metric.metadata = attributes(source, 2);
            metric.name = text(source);
        }
        Item::Point(metric, point) => {
            metric.unit = text(source);
            let attributes = attributes(source, 2);
            match point {
                Point::Number(point) => point.attributes = attributes,
                Point::Histogram(point) => point.attributes = attributes,
                Point::Exponential(point) => point.attributes = attributes,
                Point::Summary(point) => point.attributes = attributes,
            }
        }
    }
}

/// Keys repeat.
fn attributes(source: &mut Source<'static>, depth: usize) -> Vec<KeyValue> {
    let entry = |source: &mut Source<'static>| KeyValue {
        key: source.pick(&KEYS).to_owned(),
        value: Some(value(source, depth)),
        key_strindex: 0,
    };
    (0..source.below(6)).map(|_| entry(source)).collect()
}

fn value(source: &mut Source<'static>, depth: usize) -> AnyValue {
    let value = match source.below(if depth == 0 { 7 } else { 9 }) {
        0..=2 => Any::StringValue(source.pick(&TEXTS).to_owned()),
        3 => Any::IntValue(source.below(20) as i64 - 2),
        4 => Any::DoubleValue(source.pick(&[0.5, 2.0, -3.5, f64::NAN])),
        5 => Any::BoolValue(source.one_in(2)),
        6 => Any::BytesValue(source.several(3, Source::byte)),
        7 => Any::ArrayValue(ArrayValue {
            values: (0..source.below(4)).map(|_| value(source, depth - 1)).collect(),
        }),
        _ => Any::KvlistValue(KeyValueList { values: attributes(source, depth - 1) }),
    };
    AnyValue { value: Some(value) }
}
