use super::*;
use crate::Signal;
use crate::schema as wire;

/// Holds a message and all below it against the table for the wire.
fn compare(message: &'static Descriptor, on_wire: &'static wire::Message, seen: &mut Vec<*const Descriptor>) {
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
        (Kind::String, wire::Kind::Text)
        | (Kind::Bytes, wire::Kind::Bytes)
        | (Kind::Fixed32, wire::Kind::Fixed32) => {}
        (Kind::Id, wire::Kind::Id(length)) => {
            assert_eq!(length, if name.ends_with("raceId") { 16 } else { 8 }, "{name}");
        }
        (Kind::Fixed64 | Kind::Sfixed64 | Kind::Double, wire::Kind::Fixed64) => {
            assert!(!repeated, "{name}");
        }
        (Kind::Fixed64 | Kind::Sfixed64 | Kind::Double, wire::Kind::Fixed64s) => {
            assert!(repeated, "{name}");
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
    for other in ["string_value", "string_value_strindex_", "stringvaluestrindex", "_string_value_strindex"] {
        assert!(!is_snake_case_of(other, "stringValueStrindex"), "{other}");
    }
}
