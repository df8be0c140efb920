//! Views as JSON text, and plain values as views.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::value::not_finite;
use super::{ArrayView, AttributesView, ValueView};

impl ValueView<'_> {
    /// Writes the value as JSON text without building a tree of it: the same as [`ValueView::to_json`].
    pub fn write_json(&self, out: &mut Vec<u8>) {
        // Writing to memory does not fail, and every key is text.
        serde_json::to_writer(out, self).unwrap_or_default();
    }

    /// The value as JSON text; see [`ValueView::write_json`].
    pub fn to_json_text(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

impl Serialize for ValueView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_unit(),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Double(number) if number.is_finite() => serializer.serialize_f64(*number),
            Self::Double(number) => serializer.serialize_str(not_finite(*number)),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            Self::Array(values) => values.serialize(serializer),
            Self::KvList(values) => values.serialize(serializer),
        }
    }
}

impl Serialize for ArrayView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Up to as many entries, looking at each of them is the fastest way to find one.
const FEW: usize = 32;

impl Serialize for AttributesView<'_> {
    /// Of a key that repeats, the first value counts.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut few = [""; FEW];
        let mut many = HashSet::new();
        for (index, (key, value)) in self.iter().enumerate() {
            if index == FEW {
                many.extend(few);
            }
            let repeats = match few.get_mut(index) {
                Some(place) => {
                    *place = key;
                    few[..index].contains(&key)
                }
                None => !many.insert(key),
            };
            if !repeats {
                map.serialize_entry(key, &value)?;
            }
        }
        map.end()
    }
}

impl<'a> From<&'a str> for ValueView<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for ValueView<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for ValueView<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for ValueView<'_> {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl<'a> From<&'a [u8]> for ValueView<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<()> for ValueView<'_> {
    /// No value.
    fn from((): ()) -> Self {
        Self::Empty
    }
}

impl<'a> From<ArrayView<'a>> for ValueView<'a> {
    fn from(values: ArrayView<'a>) -> Self {
        Self::Array(values)
    }
}

impl<'a> From<AttributesView<'a>> for ValueView<'a> {
    fn from(values: AttributesView<'a>) -> Self {
        Self::KvList(values)
    }
}
