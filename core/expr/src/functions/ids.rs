//! Ids of traces and spans, and new ones.

use super::{Converter, Function, plain, special};
use crate::{Context, Failure, Item, Record, Value};
use std::{sync::Arc, time::SystemTime};
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[
    special("IsRootSpan", &[], |arguments| {
        arguments.only_in(&[Context::Span, Context::SpanEvent])?;
        Ok(Arc::new(IsRootSpan))
    }),
    plain("SpanID", &["value"], |values, arena| id::<8>(&values[0], arena)),
    plain("TraceID", &["value"], |values, arena| id::<16>(&values[0], arena)),
    plain("UUID", &[], |_, arena| Ok(uuid(rand::random(), 4, arena))),
    plain("UUIDv7", &[], |_, arena| Ok(uuid_v7(arena))),
];

/// Whether the span has no parent.
#[derive(Debug)]
struct IsRootSpan;

impl Converter for IsRootSpan {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        match record.item {
            Item::Span(span) | Item::SpanEvent(span, _) => {
                Ok(Value::Bool(span.parent_span_id().iter().all(|byte| *byte == 0)))
            }
            _ => Err(Failure::new("`IsRootSpan` is for spans")),
        }
    }
}

/// An id of so many bytes, given as such or in hexadecimal.
fn id<'a, const LENGTH: usize>(value: &Value<'a>, arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let wrong = || Failure::new(format!("an id is {LENGTH} bytes, or {} hexadecimal digits", LENGTH * 2));
    match value {
        Value::Bytes(bytes) if bytes.len() == LENGTH => Ok(Value::Bytes(bytes)),
        Value::Text(text) if text.len() == LENGTH * 2 => {
            let bytes = hex::decode(text).map_err(|_| wrong())?;
            Ok(Value::Bytes(arena.bytes(&bytes)))
        }
        Value::Bytes(_) | Value::Text(_) => Err(wrong()),
        other => Err(Failure::expected("an id in bytes or text", other)),
    }
}

/// Milliseconds since the epoch in front, so that later ones are greater.
fn uuid_v7(arena: &Arena) -> Value<'_> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let random = rand::random::<u128>() & (u128::MAX >> 48);
    uuid((since.as_millis() << 80) | random, 7, arena)
}

/// With version and variant set in the bits.
fn uuid(bits: u128, version: u128, arena: &Arena) -> Value<'_> {
    let bits = (bits & !(0xf << 76)) | (version << 76);
    let bits = (bits & !(0b11 << 62)) | (0b10 << 62);
    let mut digits = [0; 32];
    // The lengths are right.
    hex::encode_to_slice(bits.to_be_bytes(), &mut digits).ok();
    let mut text = [b'-'; 36];
    for (to, from) in [(0..8, 0..8), (9..13, 8..12), (14..18, 12..16), (19..23, 16..20), (24..36, 20..32)] {
        text[to].copy_from_slice(&digits[from]);
    }
    Value::Text(arena.text(str::from_utf8(&text).unwrap_or_default()))
}
