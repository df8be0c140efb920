//! Values as text, as OTTL converts them.

use crate::{Failure, Value, limits::fits};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write;
use tidewatch_otlp::{edit::Arena, views::ValueView};

/// The text of a value; none for nil. Bytes become hexadecimal, lists and maps JSON.
pub(crate) fn text_of<'a>(value: &Value<'a>, arena: &'a Arena) -> Result<Option<&'a str>, Failure> {
    match value {
        Value::Nil => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        other => {
            let mut text = String::new();
            put(other, &mut text)?;
            Ok(Some(arena.text(&text)))
        }
    }
}

/// Adds the text of a value; nothing for nil.
pub(crate) fn put(value: &Value<'_>, out: &mut String) -> Result<(), Failure> {
    let written = match value {
        Value::Nil => Ok(()),
        Value::Text(text) => {
            fits(out.len() + text.len())?;
            out.write_str(text)
        }
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Float(number) => write!(out, "{}", ValueView::Double(*number)),
        Value::Bytes(bytes) => {
            fits(out.len() + bytes.len() * 2)?;
            out.write_str(&hex::encode(bytes))
        }
        Value::List(list) => write!(out, "{}", ValueView::Array(*list)),
        Value::Map(map) => write!(out, "{}", ValueView::KvList(*map)),
        Value::Time(nanos) => write!(out, "{}", timestamp(*nanos)),
        Value::Duration(nanos) => write!(out, "{:#}", SignedDuration::from_nanos(*nanos)),
    };
    written.map_err(|_| Failure::new("the value cannot be written as text"))?;
    fits(out.len())
}

/// Nanoseconds of 64 bits are within its range.
pub(crate) fn timestamp(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanos.into()).unwrap_or_default()
}

/// The text that a value is.
pub(crate) fn text<'a>(value: &Value<'a>) -> Result<&'a str, Failure> {
    value.as_str().ok_or_else(|| Failure::expected("text", value))
}
