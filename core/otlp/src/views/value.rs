use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::repeated::Repeated;
use super::text;
use crate::wire::{BLOCK, Fields, Value};

/// An `AnyValue`.
#[derive(Debug, Clone, Copy, Default)]
pub enum ValueView<'a> {
    /// No value, or one of a kind this version does not know.
    #[default]
    Empty,
    /// Text.
    Str(&'a str),
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// A list of values.
    Array(ArrayView<'a>),
    /// Values by key.
    KvList(AttributesView<'a>),
}

impl<'a> ValueView<'a> {
    pub(crate) fn new(any_value: &'a [u8]) -> Self {
        for field in Fields::new(any_value) {
            return match (field.number, field.value) {
                (1, Value::Block(bytes)) => Self::Str(text(bytes)),
                (2, Value::Varint(number)) => Self::Bool(number != 0),
                (3, Value::Varint(number)) => Self::Int(number as i64),
                (4, Value::Fixed64(bits)) => Self::Double(f64::from_bits(bits)),
                (5, Value::Block(bytes)) => Self::Array(ArrayView(Repeated::whole(1, bytes))),
                (6, Value::Block(bytes)) => Self::KvList(Repeated::whole(1, bytes).into()),
                (7, Value::Block(bytes)) => Self::Bytes(bytes),
                _ => continue,
            };
        }
        Self::Empty
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is an integer or a double.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Int(number) => Some(number as f64),
            Self::Double(number) => Some(number),
            _ => None,
        }
    }

    /// The value as JSON. Bytes become base64; what JSON has no number for becomes `"NaN"`, `"Infinity"` or
    /// `"-Infinity"`; of a key that repeats, the first value counts.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Empty => Json::Null,
            Self::Str(text) => Json::from(*text),
            Self::Bool(value) => Json::from(*value),
            Self::Int(number) => Json::from(*number),
            Self::Double(number) if number.is_finite() => Json::from(*number),
            Self::Double(number) => Json::from(not_finite(*number)),
            Self::Bytes(bytes) => Json::from(STANDARD.encode(bytes)),
            Self::Array(values) => values.iter().map(|value| value.to_json()).collect(),
            Self::KvList(values) => values.to_json(),
        }
    }
}

pub(super) fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// The value as text: text as it is, lists and maps as JSON, bytes in base64, nothing for an empty value.
impl fmt::Display for ValueView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Str(text) => f.pad(text),
            Self::Bool(value) => value.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Double(number) if number.is_finite() => number.fmt(f),
            Self::Double(number) => f.pad(not_finite(*number)),
            Self::Bytes(bytes) => f.pad(&STANDARD.encode(bytes)),
            Self::Array(_) | Self::KvList(_) => f.pad(&self.to_json().to_string()),
        }
    }
}

/// An `ArrayValue`.
#[derive(Debug, Clone, Copy)]
pub struct ArrayView<'a>(pub(crate) Repeated<'a>);

impl<'a> ArrayView<'a> {
    /// The values, in order.
    pub fn iter(&self) -> impl Iterator<Item = ValueView<'a>> + Clone + use<'a> {
        self.0.messages().map(ValueView::new)
    }

    /// The array's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.0.bytes()
    }
}

/// Attributes, or any other list of `KeyValue`.
#[derive(Debug, Clone, Copy)]
pub struct AttributesView<'a>(pub(crate) Repeated<'a>);

/// An empty map.
impl Default for AttributesView<'_> {
    fn default() -> Self {
        Self(Repeated::whole(1, &[]))
    }
}

impl<'a> From<Repeated<'a>> for AttributesView<'a> {
    fn from(attributes: Repeated<'a>) -> Self {
        Self(attributes)
    }
}

impl<'a> AttributesView<'a> {
    /// Keys and values, in order. A key may repeat.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, ValueView<'a>)> + Clone + use<'a> {
        self.0.messages().map(Self::entry)
    }

    pub(crate) fn entry(entry: &'a [u8]) -> (&'a str, ValueView<'a>) {
        let (key, value) = key_value(entry);
        (text(key), ValueView::new(value))
    }

    /// The value of a key, the first one if the key repeats.
    pub fn get(&self, key: &str) -> Option<ValueView<'a>> {
        let mut entries = self.0.messages().map(key_value);
        let (_, value) = entries.find(|(candidate, _)| *candidate == key.as_bytes())?;
        Some(ValueView::new(value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.messages().next().is_none()
    }

    /// The attributes as a JSON object; see [`ValueView::to_json`].
    pub fn to_json(&self) -> Json {
        let mut object = Map::new();
        for (key, value) in self.iter() {
            object.entry(key).or_insert_with(|| value.to_json());
        }
        Json::Object(object)
    }

    /// The stretch of the owner's message from the first attribute to the last.
    pub fn bytes(&self) -> &'a [u8] {
        self.0.bytes()
    }
}

/// Key and value of a `KeyValue`, both in their bytes.
#[inline]
pub(crate) fn key_value(entry: &[u8]) -> (&[u8], &[u8]) {
    if let Some(both) = short_key_value(entry) {
        return both;
    }
    let mut key: &[u8] = &[];
    let mut value: &[u8] = &[];
    for field in Fields::new(entry) {
        match (field.number, field.value) {
            (1, Value::Block(bytes)) => key = bytes,
            (2, Value::Block(bytes)) => value = bytes,
            _ => {}
        }
    }
    (key, value)
}

/// The same of one as most are: the key, then the value, each with a length of one byte, and nothing else.
#[inline]
fn short_key_value(entry: &[u8]) -> Option<(&[u8], &[u8])> {
    const KEY: u8 = (1 << 3 | BLOCK) as u8;
    const VALUE: u8 = (2 << 3 | BLOCK) as u8;
    let &[KEY, length @ 0..0x80, ref rest @ ..] = entry else { return None };
    let (key, rest) = rest.split_at_checked(length.into())?;
    let &[VALUE, length @ 0..0x80, ref value @ ..] = rest else { return None };
    (value.len() == usize::from(length)).then_some((key, value))
}
