use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use super::Map;
use crate::views::ValueView;
use crate::wire::{self, block_len, put_block_header};

/// How deep lists and maps are nested in what is written. Deeper ones become their JSON text: requests are not
/// to nest more than [`MAX_DEPTH`](crate::MAX_DEPTH) messages, and a map takes three.
pub const MAX_LEVELS: usize = 16;

/// An `AnyValue` that may borrow its texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value<'a> {
    /// No value.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Raw bytes.
    Bytes(Cow<'a, [u8]>),
    /// A list of values.
    List(Vec<Value<'a>>),
    /// Values by key.
    Map(Map<'a>),
}

impl<'a> Value<'a> {
    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same value, which borrows its texts from this one.
    pub fn reborrow(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(number) => Value::Int(*number),
            Self::Double(number) => Value::Double(*number),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            Self::List(values) => Value::List(values.iter().map(Self::reborrow).collect()),
            Self::Map(map) => Value::Map(map.reborrow()),
        }
    }

    /// A value that borrows from nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(number) => Value::Int(number),
            Self::Double(number) => Value::Double(number),
            Self::Text(text) => Value::Text(text.into_owned().into()),
            Self::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
            Self::List(values) => Value::List(values.into_iter().map(Self::into_owned).collect()),
            Self::Map(map) => Value::Map(map.into_owned()),
        }
    }

    /// The value as a view, unless it is a list or a map: these have no bytes yet.
    pub fn as_view(&self) -> Option<ValueView<'_>> {
        Some(match self {
            Self::Null => ValueView::Empty,
            Self::Bool(value) => ValueView::Bool(*value),
            Self::Int(number) => ValueView::Int(*number),
            Self::Double(number) => ValueView::Double(*number),
            Self::Text(text) => ValueView::Str(text),
            Self::Bytes(bytes) => ValueView::Bytes(bytes),
            Self::List(_) | Self::Map(_) => return None,
        })
    }

    /// The value as JSON text. Bytes become base64; numbers that JSON does not have become null.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// How many bytes the `AnyValue` takes, without its header.
    fn len(&self, levels: usize) -> usize {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 2,
            Self::Int(number) => 1 + integer_len(*number),
            Self::Double(_) => 9,
            Self::Text(text) => block_len(text.len()),
            Self::Bytes(bytes) => block_len(bytes.len()),
            Self::List(_) | Self::Map(_) if levels == 0 => block_len(self.to_json().len()),
            Self::List(values) => block_len(list_len(values, levels)),
            Self::Map(map) => block_len(entries_len(map, levels)),
        }
    }

    /// Writes the `AnyValue`, without its header.
    fn put(&self, levels: usize, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Bool(value) => out.extend([2 << 3, u8::from(*value)]),
            Self::Int(number) => {
                out.push(3 << 3);
                put_integer(*number, out);
            }
            Self::Double(number) => {
                out.push((4 << 3 | wire::FIXED64) as u8);
                out.extend(number.to_le_bytes());
            }
            Self::Text(text) => put_block(1, text.as_bytes(), out),
            Self::Bytes(bytes) => put_block(7, bytes, out),
            Self::List(_) | Self::Map(_) if levels == 0 => put_block(1, self.to_json().as_bytes(), out),
            Self::List(values) => {
                put_block_header(5, list_len(values, levels), out);
                for value in values {
                    value.put_as(1, levels - 1, out);
                }
            }
            Self::Map(map) => {
                put_block_header(6, entries_len(map, levels), out);
                put_entries(1, map, levels - 1, out);
            }
        }
    }

    fn put_as(&self, number: u32, levels: usize, out: &mut Vec<u8>) {
        put_block_header(number, self.len(levels), out);
        self.put(levels, out);
    }

    /// How many bytes it takes as a field of a record, header and all.
    pub(super) fn field_len(&self) -> usize {
        block_len(self.len(MAX_LEVELS))
    }

    /// Writes it as a field of a record.
    pub(super) fn put_field(&self, number: u32, out: &mut Vec<u8>) {
        self.put_as(number, MAX_LEVELS, out);
    }
}

fn list_len(values: &[Value<'_>], levels: usize) -> usize {
    values.iter().map(|value| block_len(value.len(levels - 1))).sum()
}

fn entries_len(map: &Map<'_>, levels: usize) -> usize {
    map.iter().map(|(key, value)| block_len(entry_len(key, value, levels - 1))).sum()
}

fn entry_len(key: &str, value: &Value<'_>, levels: usize) -> usize {
    let key = if key.is_empty() { 0 } else { block_len(key.len()) };
    key + block_len(value.len(levels))
}

fn put_entries(number: u32, map: &Map<'_>, levels: usize, out: &mut Vec<u8>) {
    for (key, value) in map.iter() {
        put_block_header(number, entry_len(key, value, levels), out);
        if !key.is_empty() {
            put_block(1, key.as_bytes(), out);
        }
        value.put_as(2, levels, out);
    }
}

/// How many bytes an integer takes as a varint; negative ones take ten.
fn integer_len(number: i64) -> usize {
    (u64::BITS - (number as u64 | 1).leading_zeros()).div_ceil(7) as usize
}

fn put_integer(number: i64, out: &mut Vec<u8>) {
    let mut rest = number as u64;
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(super) fn put_block(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    put_block_header(number, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// How many bytes a record's attributes take.
pub(super) fn attributes_len(map: &Map<'_>) -> usize {
    map.iter().map(|(key, value)| block_len(entry_len(key, value, MAX_LEVELS))).sum()
}

/// Writes a record's attributes.
pub(super) fn put_attributes(number: u32, map: &Map<'_>, out: &mut Vec<u8>) {
    put_entries(number, map, MAX_LEVELS, out);
}

/// Attributes that many records or resources have, written once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// As fields of a record.
    pub(super) of_record: Vec<u8>,
    /// As fields of a resource.
    pub(super) of_resource: Vec<u8>,
}

impl Attributes {
    /// Writes them.
    pub fn new(map: &Map<'_>) -> Self {
        let mut attributes = Self::default();
        put_attributes(6, map, &mut attributes.of_record);
        put_attributes(1, map, &mut attributes.of_resource);
        attributes
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Double(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            Self::List(values) => serializer.collect_seq(values),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl Serialize for Map<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<serde_json::Value> for Value<'static> {
    /// Numbers that are integers of 64 bits become such, others doubles.
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(number) => Self::Int(number),
                None => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Self::from(text),
            serde_json::Value::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(map) => {
                Self::Map(map.into_iter().map(|(key, value)| (key, Self::from(value))).collect())
            }
        }
    }
}
