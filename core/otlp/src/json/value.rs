//! One JSON value, and the field of the wire that it becomes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::decode::Decoder;
use super::schema::{Field, Kind, Label};
use super::{number, put, text};
use crate::MAX_DEPTH;
use crate::wire::BLOCK;

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind the field's key.
    Field,
    /// In the array of a repeated field.
    Element,
    /// In the array of a repeated field of numbers, which share one key on the wire.
    Packed,
}

/// The value of a field, or one of its elements.
pub(super) struct Value<'a> {
    pub(super) decoder: &'a mut Decoder,
    pub(super) field: &'static Field,
    pub(super) place: Place,
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
