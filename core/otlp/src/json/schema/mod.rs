//! The OTLP messages as tables: what each field is called in JSON, how it travels, what it holds.

mod common;
mod logs;
mod metrics;
#[cfg(test)]
mod tests;
mod traces;

pub(super) use common::RPC_STATUS;
pub(super) use logs::{LOGS_REQUEST, LOGS_RESPONSE};
pub(super) use metrics::{METRICS_REQUEST, METRICS_RESPONSE};
pub(super) use traces::{TRACES_REQUEST, TRACES_RESPONSE};

/// One message type: its fields, by number.
#[derive(Debug)]
pub(in crate::json) struct Descriptor(pub(in crate::json) &'static [Field]);

/// One field of a message.
#[derive(Debug)]
pub(in crate::json) struct Field {
    pub(in crate::json) number: u32,
    /// The name in JSON, in lowerCamelCase.
    pub(in crate::json) name: &'static str,
    pub(in crate::json) kind: Kind,
    pub(in crate::json) label: Label,
}

/// How often a field may occur, and whether its absence differs from its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::json) enum Label {
    /// Once; a scalar that holds its default is as good as absent, an empty message is not.
    Implicit,
    /// Once; a default that was written is kept.
    Optional,
    /// One of the message's alternatives: no message here has more than one such choice.
    OneOf,
    /// Any number of times; numbers are packed.
    Repeated,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(in crate::json) enum Kind {
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    /// The names of the values 0, 1, 2 and so on.
    Enum(&'static [&'static str]),
    String,
    Bytes,
    /// A trace or span id: bytes that are hex in JSON.
    Id,
    Message(&'static Descriptor),
}

impl Descriptor {
    /// The field of this name, in lowerCamelCase or in the proto file's `snake_case`.
    pub(in crate::json) fn field_named(&self, name: &str) -> Option<&'static Field> {
        let exact = self.0.iter().find(|field| field.name == name);
        exact.or_else(|| self.0.iter().find(|field| name.contains('_') && is_snake_case_of(name, field.name)))
    }
}

impl Kind {
    /// What JSON must hold for this kind, to be told when it does not.
    pub(in crate::json) fn expected(self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Int32 | Self::Sint32 => "a signed 32-bit integer",
            Self::Uint32 | Self::Fixed32 => "an unsigned 32-bit integer",
            Self::Int64 | Self::Sfixed64 => "a signed 64-bit integer",
            Self::Uint64 | Self::Fixed64 => "an unsigned 64-bit integer",
            Self::Double => "a number",
            Self::Enum(_) => "the number or name of an enum value",
            Self::String => "a string",
            Self::Bytes => "a base64 string",
            Self::Id => "a hexadecimal string",
            Self::Message(_) => "an object",
        }
    }
}

/// Whether `snake` is `camel` with every upper case letter as an underscore and its lower case.
fn is_snake_case_of(snake: &str, camel: &str) -> bool {
    let mut rest = snake.chars();
    let matches = camel.chars().all(|letter| match letter {
        'A'..='Z' => rest.next() == Some('_') && rest.next() == Some(letter.to_ascii_lowercase()),
        _ => rest.next() == Some(letter),
    });
    matches && rest.next().is_none()
}

const fn one(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Implicit }
}

const fn optional(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Optional }
}

const fn one_of(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::OneOf }
}

const fn many(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Repeated }
}
