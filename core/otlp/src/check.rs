//! One walk over a request's bytes: is it well formed, how many items, is any of it unusual.

use crate::schema::{Field, KEY_VALUE, Kind, Message};
use crate::wire::{self, Reader};
use crate::{Signal, schema};

/// How many messages may be nested in a request, which itself does not count.
pub const MAX_DEPTH: usize = 64;

/// A request that is not valid protobuf, or not of the shape OTLP prescribes. Nothing of it can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed at byte {offset}: {what}")]
pub struct Malformed {
    /// Where in the request the trouble was noticed.
    pub offset: usize,
    /// What is wrong there, naming the message and field.
    pub what: String,
}

/// What the walk learned about a well-formed request.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) items: usize,
    /// No field that may occur once occurs twice.
    pub(crate) canonical: bool,
    /// Every trace and span id has its length.
    pub(crate) ids: bool,
}

pub(crate) fn check(signal: Signal, bytes: &[u8]) -> Result<Findings, Malformed> {
    let mut findings = Findings { items: 0, canonical: true, ids: true };
    match findings.walk(bytes, schema::request(signal), 0) {
        Ok(()) => Ok(findings),
        Err(fault) => Err(fault.explain(bytes)),
    }
}

/// Boxed, so that success costs a register.
type Walk = Result<(), Box<Fault>>;

struct Fault {
    /// Where in memory, to be told as an offset.
    at: *const u8,
    message: &'static str,
    field: u32,
    what: &'static str,
}

impl Fault {
    fn explain(&self, request: &[u8]) -> Malformed {
        let offset = self.at as usize - request.as_ptr() as usize;
        let what = match self.field {
            0 => format!("{}: {}", self.message, self.what),
            field => format!("{} field {field}: {}", self.message, self.what),
        };
        Malformed { offset, what }
    }
}

#[cold]
#[inline(never)]
fn fault(rest: &[u8], message: &Message, field: u32, what: &'static str) -> Walk {
    Err(Box::new(Fault { at: rest.as_ptr(), message: message.name, field, what }))
}

impl Findings {
    /// Checks one message; `depth` counts the messages around it.
    fn walk(&mut self, bytes: &[u8], message: &'static Message, depth: usize) -> Walk {
        let mut reader = Reader::new(bytes);
        let mut seen = 0;
        while !reader.is_empty() {
            let start = reader.rest();
            let Some((number, wire_type)) = reader.key() else {
                return fault(start, message, 0, "the field key is malformed");
            };
            let Field { kind, once } = message.field(number);
            self.canonical &= seen & once == 0;
            seen |= once;

            if matches!(kind, Kind::Unknown) {
                if let Some(what) = unknown(&mut reader, wire_type, depth) {
                    return fault(start, message, number, what);
                }
                continue;
            }
            let complete = match (kind, wire_type) {
                (Kind::KeyValue, wire::BLOCK) => match reader.block() {
                    // The attribute and its value are two levels.
                    Some(block) if depth + 2 <= MAX_DEPTH && plain_attribute(block) => true,
                    Some(block) => {
                        self.enter(start, block, message, number, &KEY_VALUE, depth)?;
                        true
                    }
                    None => false,
                },
                (Kind::Message(inner), wire::BLOCK) => match reader.block() {
                    Some(block) => {
                        self.enter(start, block, message, number, inner, depth)?;
                        true
                    }
                    None => false,
                },
                (Kind::Text, wire::BLOCK) => match reader.block() {
                    Some(text) if is_utf8(text) => true,
                    Some(text) => return fault(text, message, number, "the text is not UTF-8"),
                    None => false,
                },
                (Kind::Id(length), wire::BLOCK) => match reader.block() {
                    Some(id) => {
                        self.ids &= id.len() == length || (id.is_empty() && message.required & once == 0);
                        true
                    }
                    None => false,
                },
                (Kind::Varints, wire::BLOCK) => reader.block().is_some_and(are_varints),
                (Kind::Fixed64s, wire::BLOCK) => reader.block().is_some_and(|packed| packed.len() % 8 == 0),
                (Kind::Varint | Kind::Varints, wire::VARINT) => reader.varint().is_some(),
                (Kind::Fixed64 | Kind::Fixed64s, wire::FIXED64) => reader.fixed64().is_some(),
                (Kind::Fixed32, wire::FIXED32) => reader.fixed32().is_some(),
                (Kind::Bytes, wire::BLOCK) => reader.block().is_some(),
                _ => return fault(start, message, number, "the wire type is not the field's"),
            };
            if !complete {
                return fault(start, message, number, "the value is malformed or cut off");
            }
        }
        self.items += usize::from(message.item);
        self.ids &= seen & message.required == message.required;
        Ok(())
    }

    #[inline]
    fn enter(
        &mut self,
        start: &[u8],
        block: &[u8],
        outer: &'static Message,
        number: u32,
        inner: &'static Message,
        depth: usize,
    ) -> Walk {
        if depth >= MAX_DEPTH {
            return fault(start, outer, number, "messages are nested too deeply");
        }
        self.walk(block, inner, depth + 1)
    }
}

/// Steps over a field we do not know; says what is wrong with it, if anything.
#[cold]
fn unknown(reader: &mut Reader<'_>, wire_type: u32, depth: usize) -> Option<&'static str> {
    match wire_type {
        wire::START_GROUP | wire::END_GROUP => Some("groups are not supported"),
        // What we do not know may be a message, too.
        _ if depth >= MAX_DEPTH => Some("messages are nested too deeply"),
        _ if reader.value(wire_type).is_none() => Some("the value is malformed or cut off"),
        _ => None,
    }
}

/// Whether this is an attribute of the usual form: a key and one scalar value, in this order, without a
/// multi-byte length and all ASCII where it is text. Says no in doubt.
#[inline]
fn plain_attribute(block: &[u8]) -> bool {
    let [0x0a, key_length, rest @ ..] = block else { return false };
    let Some((key, [0x12, value_length, value @ ..])) = rest.split_at_checked(usize::from(*key_length))
    else {
        return false;
    };
    // A length of 0x80 and more is a varint of two bytes.
    if *key_length >= 0x80 || *value_length >= 0x80 || value.len() != usize::from(*value_length) {
        return false;
    }
    let scalar = match value {
        [0x0a, length, text @ ..] => text.len() == usize::from(*length) && is_ascii(text),
        [0x10 | 0x18, byte] => *byte < 0x80,
        [0x18, number @ ..] => is_varint(number),
        [0x21, number @ ..] => number.len() == 8,
        _ => false,
    };
    scalar && is_ascii(key)
}

fn is_varint(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    reader.varint().is_some() && reader.is_empty()
}

fn are_varints(packed: &[u8]) -> bool {
    let mut reader = Reader::new(packed);
    while !reader.is_empty() {
        if reader.varint().is_none() {
            return false;
        }
    }
    true
}

#[inline]
fn is_utf8(text: &[u8]) -> bool {
    is_ascii(text) || simdutf8::basic::from_utf8(text).is_ok()
}

/// Most texts are short: eight bytes at a time, the last eight overlapping what came before.
#[inline]
fn is_ascii(text: &[u8]) -> bool {
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let Some(last) = text.last_chunk::<8>() else {
        return text.iter().fold(0, |bits, byte| bits | byte) < 0x80;
    };
    let words = text.as_chunks::<8>().0;
    let bits = words.iter().fold(u64::from_ne_bytes(*last), |bits, word| bits | u64::from_ne_bytes(*word));
    bits & HIGH_BITS == 0
}
