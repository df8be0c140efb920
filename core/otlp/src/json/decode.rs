//! JSON text to wire bytes: the parser calls back for each value, which is written where it belongs at once.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::error::{JsonError, Path};
use super::schema::{Descriptor, Field, Label};
use super::skip::Skip;
use super::value::{Place, Value};

pub(super) fn decode(message: &'static Descriptor, json: &[u8]) -> Result<Vec<u8>, JsonError> {
    let json = simdutf8::compat::from_utf8(json).map_err(|error| {
        JsonError::in_text(format!("the text is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    if !json.trim_ascii_start().starts_with('{') {
        return Err(JsonError::in_text("the text is not a JSON object".to_owned()));
    }
    let mut decoder = Decoder { wire: Vec::with_capacity(json.len() / 4), path: Path::default(), depth: 0 };
    let mut parser = serde_json::Deserializer::from_str(json);
    Root { decoder: &mut decoder, message }
        .deserialize(&mut parser)
        .and_then(|()| parser.end())
        .map_err(|error| JsonError::from_parser(&decoder.path, &error))?;
    Ok(decoder.wire)
}

/// What has been written so far, and where the parser is.
pub(super) struct Decoder {
    pub(super) wire: Vec<u8>,
    pub(super) path: Path,
    /// How many messages there are around the one at hand.
    pub(super) depth: usize,
}

/// A field that has been written, and where it starts.
struct Written {
    field: &'static Field,
    start: usize,
}

impl Decoder {
    /// Reads the fields of one message.
    pub(super) fn message<'de, A: MapAccess<'de>>(
        &mut self,
        message: &'static Descriptor,
        mut object: A,
    ) -> Result<(), A::Error> {
        let mut written: Vec<Written> = Vec::new();
        while let Some(field) = object.next_key_seed(Key(message))? {
            let Some(field) = field else {
                object.next_value_seed(Skip)?;
                continue;
            };
            self.path.field(field.name);
            self.forget(&mut written, field);
            let start = self.wire.len();
            object.next_value_seed(Value { decoder: self, field, place: Place::Field })?;
            if self.wire.len() > start {
                if let Some(other) = written.iter().find(|other| chosen(other.field) && chosen(field)) {
                    let other = other.field.name;
                    return Err(A::Error::custom(format_args!(
                        "{other} is set already, and only one may be"
                    )));
                }
                written.push(Written { field, start });
            }
            self.path.back();
        }
        Ok(())
    }

    /// Takes back what an earlier occurrence of this key has written: the last one wins.
    fn forget(&mut self, written: &mut Vec<Written>, field: &'static Field) {
        let Some(index) = written.iter().position(|earlier| earlier.field.number == field.number) else {
            return;
        };
        let start = written.remove(index).start;
        let end = written.get(index).map_or(self.wire.len(), |next| next.start);
        self.wire.drain(start..end);
        for later in &mut written[index..] {
            later.start -= end - start;
        }
    }
}

fn chosen(field: &Field) -> bool {
    field.label == Label::OneOf
}

/// The outermost object.
struct Root<'a> {
    decoder: &'a mut Decoder,
    message: &'static Descriptor,
}

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.decoder.message(self.message, object)
    }
}

/// The key of a field, or of something unknown.
struct Key(&'static Descriptor);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.field_named(name))
    }
}
