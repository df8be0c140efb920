//! The OTLP messages as tables: what each field is called in JSON, how it travels, what it holds.

mod common;
mod logs;
mod metrics;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signal;
    use crate::schema as wire;

    /// The names of the fields of `message` and of all below it, each checked against the table for the wire.
    fn compare(
        message: &'static Descriptor,
        on_wire: &'static wire::Message,
        seen: &mut Vec<*const Descriptor>,
    ) {
        if seen.contains(&std::ptr::from_ref(message)) {
            return;
        }
        seen.push(message);
        for number in 0..100 {
            let field = message.0.iter().find(|field| field.number == number);
            let expected = on_wire.field(number);
            let Some(field) = field else {
                assert!(matches!(expected.kind, wire::Kind::Unknown), "{} field {number}", on_wire.name);
                continue;
            };
            let name = format!("{}.{}", on_wire.name, field.name);
            let once = match field.label {
                Label::Repeated => 0,
                Label::OneOf => 1,
                Label::Implicit | Label::Optional => 1 << number,
            };
            assert_eq!(once, expected.once, "{name}");
            compare_kinds(&name, field, expected.kind, seen);
        }
    }

    fn compare_kinds(name: &str, field: &Field, expected: wire::Kind, seen: &mut Vec<*const Descriptor>) {
        let repeated = field.label == Label::Repeated;
        match (field.kind, expected) {
            (Kind::Message(message), wire::Kind::Message(on_wire)) => compare(message, on_wire, seen),
            (Kind::Message(message), wire::Kind::KeyValue) => compare(message, &wire::KEY_VALUE, seen),
            (Kind::String, wire::Kind::Text) | (Kind::Bytes, wire::Kind::Bytes) => {}
            (Kind::Id, wire::Kind::Id(length)) => {
                assert_eq!(length, if name.ends_with("raceId") { 16 } else { 8 }, "{name}");
            }
            (Kind::Fixed32, wire::Kind::Fixed32) => {}
            (Kind::Fixed64 | Kind::Sfixed64 | Kind::Double, wire::Kind::Fixed64) => {
                assert!(!repeated, "{name}")
            }
            (Kind::Fixed64 | Kind::Sfixed64 | Kind::Double, wire::Kind::Fixed64s) => {
                assert!(repeated, "{name}")
            }
            (Kind::Uint64, wire::Kind::Varints) => assert!(repeated, "{name}"),
            (
                Kind::Bool
                | Kind::Int32
                | Kind::Int64
                | Kind::Uint32
                | Kind::Uint64
                | Kind::Sint32
                | Kind::Enum(_),
                wire::Kind::Varint,
            ) => assert!(!repeated, "{name}"),
            (kind, expected) => panic!("{name} is {kind:?} here and {expected:?} on the wire"),
        }
    }

    #[test]
    fn the_tables_for_json_and_for_the_wire_agree() {
        let mut seen = Vec::new();
        compare(&TRACES_REQUEST, wire::request(Signal::Traces), &mut seen);
        compare(&METRICS_REQUEST, wire::request(Signal::Metrics), &mut seen);
        compare(&LOGS_REQUEST, wire::request(Signal::Logs), &mut seen);
        assert_eq!(seen.len(), 34, "messages of OTLP");
    }

    #[test]
    fn snake_case_names_are_told_from_others() {
        assert!(is_snake_case_of("string_value_strindex", "stringValueStrindex"));
        for other in
            ["string_value", "string_value_strindex_", "stringvaluestrindex", "_string_value_strindex"]
        {
            assert!(!is_snake_case_of(other, "stringValueStrindex"), "{other}");
        }
    }
}
