//! The OTLP messages as data: what each field is called, how it travels, what it holds.
//!
//! One table serves the check of incoming bytes and the JSON codec. It follows the OTLP 1.10 protos; profiles are
//! not part of it.

mod common;
mod logs;
mod metrics;
mod traces;

pub(crate) use common::RPC_STATUS;
pub(crate) use logs::{LOGS_REQUEST, LOGS_RESPONSE};
pub(crate) use metrics::{METRICS_REQUEST, METRICS_RESPONSE};
pub(crate) use traces::{TRACES_REQUEST, TRACES_RESPONSE};

/// How deep messages may nest; the request itself is at depth 1.
pub(crate) const MAX_DEPTH: usize = 64;

/// One message type.
#[derive(Debug)]
pub(crate) struct Descriptor {
    /// The name in the proto file, without its package.
    pub(crate) name: &'static str,
    /// The fields, by number.
    pub(crate) fields: &'static [Field],
}

/// One field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    /// The name in JSON, in lowerCamelCase.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) label: Label,
}

/// How often a field may occur, and whether its absence differs from its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// Once; a scalar that holds its default is as good as absent.
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
pub(crate) enum Kind {
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
    /// A trace or span id of `length` bytes; if not `required`, it may also be empty.
    Id {
        length: usize,
        required: bool,
    },
    Message(&'static Descriptor),
}

impl Descriptor {
    /// The field with this number, if the message has it.
    pub(crate) fn field(&self, number: u32) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.number == number)
    }
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
