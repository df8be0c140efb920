//! Damage of two kinds: to the bytes as they lie there, and to fields anywhere in the tree of messages.

use super::Source;
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};

/// Flips, cuts, inserts and repeats bytes of a message.
pub fn damage(mut bytes: Vec<u8>, source: &mut Source<'_>) -> Vec<u8> {
    for _ in 0..=source.below(3) {
        let at = source.below(bytes.len() + 1);
        match source.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << source.below(8),
            1 if at < bytes.len() => bytes[at] = source.byte(),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, source.byte()),
            _ => {
                let end = (at + source.below(40)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

/// What [`rearrange_at`] can do to a field.
pub const WAYS: usize = 7;

/// Does something to a field anywhere in a message; see [`rearrange_at`].
pub fn rearrange(message: &[u8], source: &mut Source<'_>) -> Vec<u8> {
    match count(message) {
        0 => unknown(source),
        count => rearrange_at(message, source.below(count), source.below(WAYS), source),
    }
}

/// How many fields there are in a message and all messages inside it.
pub fn count(message: &[u8]) -> usize {
    let inner = |field: &Field| field.inner.as_deref().map_or(0, count);
    fields(message).iter().flatten().map(|field| 1 + inner(field)).sum()
}

/// Repeats, removes, renumbers, damages or extends the field that comes at this place when all fields at all depths
/// are counted through; lengths stay right around it.
pub fn rearrange_at(message: &[u8], mut place: usize, way: usize, source: &mut Source<'_>) -> Vec<u8> {
    let mut fields = fields(message).unwrap_or_default();
    for index in 0..fields.len() {
        let field = &mut fields[index];
        let inside = field.inner.as_deref().map_or(0, count);
        match (place, &field.inner) {
            (0, _) => {
                change(&mut fields, index, way, source);
                break;
            }
            (_, Some(inner)) if place <= inside => {
                field.bytes = block(field.number, &rearrange_at(inner, place - 1, way, source));
                break;
            }
            _ => place -= 1 + inside,
        }
    }
    fields.into_iter().flat_map(|field| field.bytes).collect()
}

fn change(fields: &mut Vec<Field>, index: usize, way: usize, source: &mut Source<'_>) {
    let mut field = fields[index].clone();
    match (way, field.inner.clone()) {
        (0, _) => fields.insert(index, field),
        (1, _) => {
            field.renumber(1 + source.below(13) as u32);
            fields.insert(index, field);
        }
        (2, _) => drop(fields.remove(index)),
        (3, _) => fields[index].bytes[0] = source.byte(),
        (4, _) => fields[index].bytes.extend(unknown(source)),
        (5, Some(mut inner)) => {
            inner.pop();
            fields[index].bytes = block(field.number, &inner);
        }
        (_, Some(inner)) => fields[index].bytes = block(field.number, &damage(inner, source)),
        (_, None) => fields[index].bytes = damage(field.bytes, source),
    }
}

/// A field of a message on the wire.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its number.
    pub number: u32,
    wire_type: WireType,
    /// All of it, key included.
    pub bytes: Vec<u8>,
    /// What is inside, if it has a length: a message perhaps, or text.
    pub inner: Option<Vec<u8>>,
}

impl Field {
    fn renumber(&mut self, number: u32) {
        let mut value = &self.bytes[..];
        decode_key(&mut value).expect("it was decoded before");
        let mut bytes = Vec::new();
        encode_key(number, self.wire_type, &mut bytes);
        bytes.extend_from_slice(value);
        self.bytes = bytes;
    }
}

/// The fields of a message, in order. None: it is no message.
pub fn fields(message: &[u8]) -> Option<Vec<Field>> {
    let mut rest = message;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let start = rest;
        let (number, wire_type) = decode_key(&mut rest).ok()?;
        let mut value = rest;
        skip_field(wire_type, number, &mut rest, DecodeContext::default()).ok()?;
        let inner = (wire_type == WireType::LengthDelimited).then(|| {
            let length = decode_varint(&mut value).unwrap_or_default() as usize;
            value[..length].to_vec()
        });
        let bytes = start[..start.len() - rest.len()].to_vec();
        fields.push(Field { number, wire_type, bytes, inner });
    }
    Some(fields)
}

/// A field that OTLP does not have, or that is out of place here.
fn unknown(source: &mut Source<'_>) -> Vec<u8> {
    let number = 1 + source.below(30) as u32;
    let mut bytes = Vec::new();
    match source.below(5) {
        0 => {
            encode_key(number, WireType::Varint, &mut bytes);
            bytes.push(source.byte() & 0x7f);
        }
        1 => {
            encode_key(number, WireType::SixtyFourBit, &mut bytes);
            bytes.extend(source.word().to_le_bytes());
        }
        2 => {
            encode_key(number, WireType::StartGroup, &mut bytes);
            encode_key(number, WireType::EndGroup, &mut bytes);
        }
        _ => bytes = block(number, &source.several(8, Source::byte)),
    }
    bytes
}

/// A field that holds these bytes.
fn block(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 12);
    encode_key(number, WireType::LengthDelimited, &mut out);
    encode_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}
