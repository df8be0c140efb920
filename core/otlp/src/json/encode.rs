//! Wire bytes to JSON text.

use super::error::{JsonError, Path};
use super::schema::{Descriptor, Field, Kind, Label};
use super::{number, put, text};
use crate::MAX_DEPTH;
use crate::wire::{Reader, Value};

pub(super) fn encode(message: &'static Descriptor, wire: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut encoder = Encoder { json: Vec::with_capacity(wire.len() * 2), path: Path::default(), depth: 0 };
    match encoder.message(message, wire) {
        Ok(()) => Ok(encoder.json),
        Err(reason) => Err(JsonError::in_message(&encoder.path, reason)),
    }
}

struct Encoder {
    json: Vec<u8>,
    path: Path,
    /// How many messages there are around the one at hand.
    depth: usize,
}

/// On failure: what is wrong with the field that the path leads to.
type Outcome = Result<(), String>;

const MALFORMED: &str = "the protobuf is malformed or cut off";
const WRONG_TYPE: &str = "the wire type is not the field's";

/// What occurs in a message: the index of a known field, and one of its values.
type Occurrences<'a> = Vec<(usize, Value<'a>)>;

impl Encoder {
    fn message(&mut self, message: &'static Descriptor, wire: &[u8]) -> Outcome {
        self.json.push(b'{');
        for occurrences in occurrences(message, wire)?.chunk_by(|one, next| one.0 == next.0) {
            let field = &message.0[occurrences[0].0];
            self.path.field(field.name);
            self.field(field, occurrences)?;
            self.path.back();
        }
        self.json.push(b'}');
        Ok(())
    }

    fn field(&mut self, field: &'static Field, occurrences: &[(usize, Value<'_>)]) -> Outcome {
        let Some((_, last)) = occurrences.last() else { return Ok(()) };
        match field.kind {
            _ if field.label == Label::Repeated => {
                self.key(field);
                self.array(field.kind, occurrences)
            }
            Kind::Message(inner) => {
                self.key(field);
                // A message that occurs again is merged with what came before, which is what joining the bytes means.
                match occurrences {
                    [(_, only)] => self.nested(inner, block(*only)?),
                    _ => {
                        let parts: Result<Vec<_>, _> =
                            occurrences.iter().map(|(_, part)| block(*part)).collect();
                        self.nested(inner, &parts?.concat())
                    }
                }
            }
            _ if field.label == Label::Implicit && is_default(*last) => Ok(()),
            _ => {
                self.key(field);
                self.scalar(field.kind, *last)
            }
        }
    }

    fn key(&mut self, field: &Field) {
        if self.json.last() != Some(&b'{') {
            self.json.push(b',');
        }
        text::write(&mut self.json, field.name);
        self.json.push(b':');
    }

    fn array(&mut self, kind: Kind, occurrences: &[(usize, Value<'_>)]) -> Outcome {
        self.json.push(b'[');
        let mut index = 0;
        for (_, value) in occurrences {
            match (kind, *value) {
                (Kind::Message(inner), value) => {
                    let wire = block(value)?;
                    self.element(&mut index, |encoder| encoder.nested(inner, wire))?;
                }
                (Kind::String | Kind::Bytes | Kind::Id, value) => {
                    self.element(&mut index, |encoder| encoder.scalar(kind, value))?;
                }
                (_, Value::Block(packed)) => {
                    let mut packed = Reader::new(packed);
                    while !packed.is_empty() {
                        let value = packed.value(put::wire_type(kind)).ok_or(MALFORMED)?;
                        self.element(&mut index, |encoder| encoder.scalar(kind, value))?;
                    }
                }
                (_, value) => self.element(&mut index, |encoder| encoder.scalar(kind, value))?,
            }
        }
        self.json.push(b']');
        Ok(())
    }

    fn element(&mut self, index: &mut usize, write: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        if *index > 0 {
            self.json.push(b',');
        }
        self.path.element(*index);
        write(self)?;
        self.path.back();
        *index += 1;
        Ok(())
    }

    fn nested(&mut self, message: &'static Descriptor, wire: &[u8]) -> Outcome {
        if self.depth == MAX_DEPTH {
            return Err(format!("messages are nested more than {MAX_DEPTH} deep"));
        }
        self.depth += 1;
        self.message(message, wire)?;
        self.depth -= 1;
        Ok(())
    }

    fn scalar(&mut self, kind: Kind, value: Value<'_>) -> Outcome {
        let json = &mut self.json;
        match kind {
            Kind::String => {
                let string =
                    simdutf8::basic::from_utf8(block(value)?).map_err(|_| "the text is not UTF-8")?;
                text::write(json, string);
            }
            Kind::Bytes => text::write_base64(json, block(value)?),
            Kind::Id => text::write_hex(json, block(value)?),
            _ => number::write(json, kind, bits(kind, value)?),
        }
        Ok(())
    }
}

/// The known fields of a message in the order of the schema, each with its values in the order they came. Of a
/// choice, only the last alternative is kept.
fn occurrences<'a>(message: &'static Descriptor, wire: &'a [u8]) -> Result<Occurrences<'a>, String> {
    let mut found: Occurrences<'a> = Vec::new();
    let mut chosen = None;
    let mut chosen_from = 0;
    let mut reader = Reader::new(wire);
    while !reader.is_empty() {
        let (number, wire_type) = reader.key().ok_or(MALFORMED)?;
        let value = reader.value(wire_type).ok_or(MALFORMED)?;
        let Some(index) = message.0.iter().position(|field| field.number == number) else { continue };
        if message.0[index].label == Label::OneOf && chosen != Some(index) {
            chosen = Some(index);
            chosen_from = found.len();
        }
        found.push((index, value));
    }
    let mut place = 0;
    found.retain(|(index, _)| {
        place += 1;
        message.0[*index].label != Label::OneOf || place > chosen_from
    });
    found.sort_by_key(|(index, _)| *index);
    Ok(found)
}

fn is_default(value: Value<'_>) -> bool {
    match value {
        Value::Varint(bits) | Value::Fixed64(bits) => bits == 0,
        Value::Fixed32(bits) => bits == 0,
        Value::Block(bytes) => bytes.is_empty(),
    }
}

fn block(value: Value<'_>) -> Result<&[u8], String> {
    match value {
        Value::Block(bytes) => Ok(bytes),
        _ => Err(WRONG_TYPE.to_owned()),
    }
}

/// The raw bits of a number, if it came in the wire type of its kind.
fn bits(kind: Kind, value: Value<'_>) -> Result<u64, String> {
    use crate::wire::{FIXED32, FIXED64, VARINT};
    match (put::wire_type(kind), value) {
        (VARINT, Value::Varint(bits)) | (FIXED64, Value::Fixed64(bits)) => Ok(bits),
        (FIXED32, Value::Fixed32(bits)) => Ok(bits.into()),
        _ => Err(WRONG_TYPE.to_owned()),
    }
}
