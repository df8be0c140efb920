//! JSON, read into wire bytes as it comes.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::{AttributesView, ValueView};
use tidewatch_otlp::write::{MapWriter, Slot};

use crate::ParseFailure;

/// What becomes of numbers without a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// They stay integers; those beyond 64 bits become doubles.
    AsWritten,
    /// All numbers become doubles.
    Doubles,
}

/// The members of a JSON object; the last value of a name counts. What is nested deeper than
/// [`MAX_LEVELS`](tidewatch_otlp::write::MAX_LEVELS) becomes its JSON text.
///
/// # Errors
/// The text is no JSON, is nested more than 127 levels deep, or is something else than an object.
pub fn object<'a>(
    text: &str,
    numbers: Numbers,
    arena: &'a Arena,
) -> Result<AttributesView<'a>, ParseFailure> {
    let mut result = Ok(());
    let bytes = arena.write(|out| result = put_object(text, numbers, &mut MapWriter::new(1, out)));
    result.map(|()| AttributesView::of_map(bytes))
}

/// Any JSON value; as [`object`] for the rest.
///
/// # Errors
/// The text is no JSON, or is nested more than 127 levels deep.
pub fn value<'a>(text: &str, numbers: Numbers, arena: &'a Arena) -> Result<ValueView<'a>, ParseFailure> {
    let mut result = Ok(());
    let bytes = arena.write(|out| result = put_value(text, numbers, Slot::new(out)));
    result.map(|()| ValueView::of_any_value(bytes))
}

/// Writes the members of a JSON object behind what the map has; see [`object`].
///
/// # Errors
/// As [`object`]. What has been written until then is to be thrown away.
pub fn put_object(text: &str, numbers: Numbers, map: &mut MapWriter<'_>) -> Result<(), ParseFailure> {
    run(text, |json| json.deserialize_map(Members { map, numbers }))
}

/// Writes any JSON value; see [`value`].
///
/// # Errors
/// As [`value`]. What has been written until then is to be thrown away.
pub fn put_value(text: &str, numbers: Numbers, slot: Slot<'_>) -> Result<(), ParseFailure> {
    run(text, |json| Place { slot, numbers }.deserialize(json))
}

type Json<'t> = serde_json::Deserializer<serde_json::de::StrRead<'t>>;

fn run<'t>(
    text: &'t str,
    read: impl FnOnce(&mut Json<'t>) -> serde_json::Result<()>,
) -> Result<(), ParseFailure> {
    let mut json = serde_json::Deserializer::from_str(text);
    read(&mut json).and_then(|()| json.end()).map_err(|error| failure(text, &error))
}

fn failure(text: &str, error: &serde_json::Error) -> ParseFailure {
    let lines_before = memchr::memchr_iter(b'\n', text.as_bytes()).take(error.line().saturating_sub(1));
    let line_start = lines_before.last().map_or(0, |newline| newline + 1);
    let offset = line_start + error.column().saturating_sub(1);
    if error.is_data() {
        // The message would quote what stands there instead.
        return ParseFailure::at(text, offset, "this is no JSON object");
    }
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default();
    ParseFailure::at(text, offset, reason.to_owned())
}

/// Writes a value where it belongs.
struct Place<'w> {
    slot: Slot<'w>,
    numbers: Numbers,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.slot.put(());
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.slot.put(value);
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        match self.numbers {
            Numbers::AsWritten => self.slot.put(number),
            Numbers::Doubles => self.slot.put(number as f64),
        }
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => self.visit_f64(number as f64),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.slot.put(number);
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.slot.put(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let numbers = self.numbers;
        self.slot.list(|list| {
            loop {
                let read = items.next_element_seed(Place { slot: list.item(), numbers })?;
                if read.is_none() {
                    return Ok(());
                }
            }
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        let numbers = self.numbers;
        self.slot.map(|map| Members { map, numbers }.visit_map(members))
    }
}

/// Writes the members of an object.
struct Members<'w, 'o> {
    map: &'w mut MapWriter<'o>,
    numbers: Numbers,
}

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = members.next_key()? {
            members.next_value_seed(Place { slot: self.map.at(&name), numbers: self.numbers })?;
        }
        self.map.keep_last();
        Ok(())
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn read(text: &str) -> Result<Json, String> {
        let arena = Arena::new();
        object(text, Numbers::AsWritten, &arena)
            .map(|fields| fields.to_json())
            .map_err(|failure| format!("{failure} ({})", failure.offset))
    }

    #[test]
    fn objects_become_maps() {
        for (text, expected) in [
            ("{}", json!({})),
            (
                r#" {"a": 1, "b": -2.5, "c": null, "d": true} "#,
                json!({"a": 1, "b": -2.5, "c": null, "d": true}),
            ),
            (r#"{"a": {"b": [1, "x", {}, []]}}"#, json!({"a": {"b": [1, "x", {}, []]}})),
            (r#"{"\u00e4\n": "\ud83d\ude00"}"#, json!({"ä\n": "😀"})),
            (r#"{"": ""}"#, json!({"": ""})),
            (r#"{"a": 1, "b": 2, "a": 3}"#, json!({"a": 3, "b": 2})),
            (r#"{"x": {"a": 1, "\u0061": [2]}}"#, json!({"x": {"a": [2]}})),
        ] {
            assert_eq!(read(text).as_ref().map(Json::to_string), Ok(expected.to_string()), "{text}");
        }
    }

    #[test]
    fn numbers_beyond_64_bits_become_doubles() {
        let arena = Arena::new();
        let text = "[9223372036854775807, -9223372036854775808, 9223372036854775808, 1e3, 1.0, 2]";
        let shown = |numbers| value(text, numbers, &arena).unwrap().to_json_text();
        assert_eq!(
            shown(Numbers::AsWritten),
            "[9223372036854775807,-9223372036854775808,9.223372036854776e+18,1000.0,1.0,2]"
        );
        assert!(shown(Numbers::Doubles).ends_with(",1000.0,1.0,2.0]"));
    }

    #[test]
    fn mistakes_are_told_by_their_place_and_quote_nothing() {
        for (text, failure) in [
            ("", "EOF while parsing a value at line 1, column 1 (0)"),
            (r#"{"a" 1}"#, "expected `:` at line 1, column 6 (5)"),
            ("{\"a\": 1,\n\n \"secret\": x}", "expected value at line 3, column 12 (21)"),
            (r#"{"a": 1} x"#, "trailing characters at line 1, column 10 (9)"),
            (r#""secret""#, "this is no JSON object at line 1, column 8 (7)"),
            ("12", "this is no JSON object at line 1, column 2 (1)"),
            (r#"{"a": 1e999}"#, "number out of range at line 1, column 11 (10)"),
            (r#"{"a": "x"#, "EOF while parsing a string at line 1, column 8 (7)"),
        ] {
            assert_eq!(read(text), Err(failure.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_becomes_text_or_is_refused() {
        let nested = |levels: usize| format!("{}{{\"k\":[1]}}{}", "[".repeat(levels), "]".repeat(levels));
        let arena = Arena::new();
        let deep = value(&nested(100), Numbers::AsWritten, &arena).unwrap();
        assert!(deep.is_within(tidewatch_otlp::write::MAX_LEVELS));
        let text = deep.to_json_text();
        assert!(text.contains(&format!("\"{}", "[".repeat(84))), "{text}");
        assert!(text.contains(r#"{\"k\":[1]}"#), "{text}");
        let failure = value(&nested(200), Numbers::AsWritten, &arena).unwrap_err();
        assert_eq!(failure.reason, "recursion limit exceeded");
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            ".{0,40}".prop_map(Json::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
                prop::collection::vec((".{0,4}", inner), 0..8)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_comes_back(json in any_json()) {
            for text in [json.to_string(), format!("{json:#}")] {
                let arena = Arena::new();
                let value = value(&text, Numbers::AsWritten, &arena).unwrap();
                prop_assert_eq!(value.to_json_text(), json.to_string());
            }
        }

        #[test]
        fn nothing_makes_it_panic(text in r#"([\[\]{}:,"\\0-9eE.+-]|true|null|ä|\n| ){0,40}"#) {
            let arena = Arena::new();
            let expected = serde_json::from_str::<Json>(&text);
            let found = value(&text, Numbers::AsWritten, &arena);
            prop_assert_eq!(found.is_ok(), expected.is_ok());
            if let Err(failure) = found {
                prop_assert!(failure.offset <= text.len());
            }
        }
    }
}
