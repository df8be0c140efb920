//! Values of attributes: hashed, converted, and from the configuration.

use super::config::ConvertedType;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tidewatch_otlp::{edit::Arena, views::ValueView, write::Slot};

/// The bytes of an `AnyValue`.
pub(crate) fn any_value(json: &Json) -> Vec<u8> {
    let mut out = Vec::new();
    Slot::new(&mut out).json(json);
    out
}

/// The `AnyValue` of a value.
pub(super) fn encoded<'a>(value: ValueView<'_>, arena: &'a Arena) -> &'a [u8] {
    arena.write(|out| value.put(out))
}

/// The `AnyValue` of a value's SHA-256, in hexadecimal digits. As in the Collector, numbers are hashed in their eight
/// bytes, the lowest first, and an empty text, bytes, lists and maps become an empty text.
pub(super) fn hashed<'a>(value: ValueView<'a>, arena: &'a Arena) -> &'a [u8] {
    let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let hash = match value {
        ValueView::Str("")
        | ValueView::Empty
        | ValueView::Bytes(_)
        | ValueView::Array(_)
        | ValueView::KvList(_) => String::new(),
        ValueView::Str(text) => sha256(text.as_bytes()),
        ValueView::Bool(value) => sha256(&[u8::from(value)]),
        ValueView::Int(number) => sha256(&number.to_le_bytes()),
        ValueView::Double(number) => sha256(&number.to_le_bytes()),
    };
    encoded(ValueView::Str(&hash), arena)
}

/// The `AnyValue` of a value made into another type. None: it stays, as it has this type, or cannot have it.
pub(super) fn converted<'a>(value: ValueView<'a>, to: ConvertedType, arena: &'a Arena) -> Option<&'a [u8]> {
    match to {
        ConvertedType::String => match value {
            ValueView::Str(_) => None,
            other => Some(encoded(ValueView::Str(&other.to_string()), arena)),
        },
        ConvertedType::Int => {
            let number = match value {
                ValueView::Double(number) => number as i64,
                ValueView::Bool(value) => value.into(),
                ValueView::Str(text) => text.parse().ok()?,
                _ => return None,
            };
            Some(encoded(ValueView::Int(number), arena))
        }
        ConvertedType::Double => {
            let number = match value {
                ValueView::Int(number) => number as f64,
                ValueView::Bool(value) => value.into(),
                ValueView::Str(text) => double(text)?,
                _ => return None,
            };
            Some(encoded(ValueView::Double(number), arena))
        }
    }
}

/// The number that a text is; none, if it is too large.
fn double(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    let overflown = number.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit());
    (!overflown).then_some(number)
}
