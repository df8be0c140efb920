//! JSON text to wire bytes: the parser calls back for each value, which is written where it belongs at once.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::{JsonError, Path};
use super::schema::{Descriptor, Field, Kind, Label};
use super::skip::Skip;
use super::{number, put, text};
use crate::MAX_DEPTH;
use crate::wire::BLOCK;

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

struct Decoder {
    wire: Vec<u8>,
    path: Path,
    /// How many messages there are around the one at hand.
    depth: usize,
}

/// A field that has been written, and where it starts.
struct Written {
    field: &'static Field,
    start: usize,
}

impl Decoder {
    /// Reads the fields of one message.
    fn message<'de, A: MapAccess<'de>>(
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

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind the field's key.
    Field,
    /// In the array of a repeated field.
    Element,
    /// In the array of a repeated field of numbers, which share one key on the wire.
    Packed,
}

/// The value of a field, or one of its elements.
struct Value<'a> {
    decoder: &'a mut Decoder,
    field: &'static Field,
    place: Place,
}

impl Value<'_> {
    /// Whether a default need not be written.
    fn implicit(&self) -> bool {
        self.place == Place::Field && self.field.label == Label::Implicit
    }

    fn is_array(&self) -> bool {
        self.place == Place::Field && self.field.label == Label::Repeated
    }

    fn put_number<E: Error>(self, bits: Option<u64>, found: fmt::Arguments<'_>) -> Result<(), E> {
        let bits = match bits {
            Some(bits) if !self.is_array() => bits,
            _ => return Err(self.unexpected(found)),
        };
        if bits == 0 && self.implicit() {
            return Ok(());
        }
        let (field, wire) = (self.field, &mut self.decoder.wire);
        if self.place != Place::Packed {
            put::key(wire, field.number, put::wire_type(field.kind));
        }
        put::number(wire, field.kind, bits);
        Ok(())
    }

    fn put_bytes(self, bytes: &[u8]) {
        if !(bytes.is_empty() && self.implicit()) {
            put::block(&mut self.decoder.wire, self.field.number, bytes);
        }
    }

    fn unexpected<E: Error>(&self, found: impl fmt::Display) -> E {
        let expected = if self.is_array() { "an array" } else { self.field.kind.expected() };
        E::custom(format_args!("expected {expected}, found {found}"))
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field.kind.expected())
    }

    /// `null` is as good as absent; in an array it holds the place of a default.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match (self.place, put::wire_type(self.field.kind)) {
            (Place::Field, _) => Ok(()),
            (Place::Element, BLOCK) => {
                self.put_bytes(&[]);
                Ok(())
            }
            (Place::Element | Place::Packed, _) => self.put_number(Some(0), format_args!("null")),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        let bits = matches!(self.field.kind, Kind::Bool).then_some(u64::from(value));
        self.put_number(bits, format_args!("a boolean"))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        let bits = number::from_integer(self.field.kind, value.into());
        self.put_number(bits, format_args!("{value}"))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        let bits = number::from_integer(self.field.kind, value.into());
        self.put_number(bits, format_args!("{value}"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        let bits = number::from_double(self.field.kind, value);
        self.put_number(bits, format_args!("{value}"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        let kind = self.field.kind;
        if self.is_array() {
            return Err(self.unexpected("a string"));
        }
        match kind {
            Kind::String => self.put_bytes(value.as_bytes()),
            Kind::Bytes => match text::from_base64(value) {
                Some(bytes) => self.put_bytes(&bytes),
                None => return Err(self.unexpected("a string that is not")),
            },
            Kind::Id => match hex::decode(value) {
                Ok(bytes) => self.put_bytes(&bytes),
                Err(error) => return Err(E::custom(format_args!("the id is not hexadecimal: {error}"))),
            },
            _ => return self.put_number(number::from_text(kind, value), format_args!("a string")),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        if !self.is_array() {
            return Err(self.unexpected("an array"));
        }
        let Self { decoder, field, .. } = self;
        let packed = put::wire_type(field.kind) != BLOCK;
        let place = if packed { Place::Packed } else { Place::Element };
        let start = decoder.wire.len();
        let opened = packed.then(|| put::open(&mut decoder.wire, field.number));
        for index in 0.. {
            decoder.path.element(index);
            if array.next_element_seed(Value { decoder, field, place })?.is_none() {
                decoder.path.back();
                break;
            }
            decoder.path.back();
        }
        match opened {
            Some(opened) if decoder.wire.len() == opened + 1 => decoder.wire.truncate(start),
            Some(opened) => put::close(&mut decoder.wire, opened),
            None => {}
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        let Kind::Message(message) = self.field.kind else { return Err(self.unexpected("an object")) };
        if self.is_array() {
            return Err(self.unexpected("an object"));
        }
        let Self { decoder, field, .. } = self;
        if decoder.depth == MAX_DEPTH {
            return Err(A::Error::custom(format_args!("messages are nested more than {MAX_DEPTH} deep")));
        }
        decoder.depth += 1;
        let opened = put::open(&mut decoder.wire, field.number);
        decoder.message(message, object)?;
        put::close(&mut decoder.wire, opened);
        decoder.depth -= 1;
        Ok(())
    }
}
