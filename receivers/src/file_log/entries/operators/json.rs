//! `json_parser`.

use super::{Mistakes, config::JsonParserConfig, parser::Parser};
use crate::file_log::entries::record::Record;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, fmt};
use tidewatch_otlp::write::{Map, Value};

#[derive(Debug)]
pub(super) struct JsonParser {
    parser: Parser,
    numbers: Numbers,
}

impl JsonParser {
    pub(super) fn build(config: &JsonParserConfig, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let numbers = if config.parse_ints { Numbers::AsWritten } else { Numbers::Doubles };
        Some(Self { parser: Parser::build(&config.parser, path, mistakes)?, numbers })
    }

    pub(super) fn run(&self, record: &mut Record<'_>, now: u64) -> Result<(), String> {
        self.parser.run(record, now, |text| object(text, self.numbers))
    }
}

/// What becomes of numbers without a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    Doubles,
    AsWritten,
}

/// The members of a JSON object. Strings without escapes are borrowed from the text.
///
/// # Errors
/// The text is no JSON object.
pub(super) fn object(text: Cow<'_, str>, numbers: Numbers) -> Result<Map<'_>, String> {
    match text {
        Cow::Borrowed(text) => parse(text, numbers),
        Cow::Owned(text) => parse(&text, numbers).map(Map::into_owned),
    }
}

fn parse(text: &str, numbers: Numbers) -> Result<Map<'_>, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = numbers.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    match value {
        Ok(Value::Map(map)) => Ok(map),
        Ok(_) => Err("the text is no JSON object".into()),
        // The message may quote what stands there, which is nobody's business.
        Err(error) => Err(format!("the text is no JSON at column {}", error.column())),
    }
}

impl<'de> DeserializeSeed<'de> for Numbers {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Numbers {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(match self {
            Self::AsWritten => Value::Int(number),
            Self::Doubles => Value::Double(number as f64),
        })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'de>, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Ok(Value::Double(number as f64)),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Value::Double(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::from(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::from(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value<'de>, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let mut entries = Vec::with_capacity(8);
        while let Some(key) = members.next_key_seed(Key)? {
            entries.push((key, members.next_value_seed(self)?));
        }
        Ok(Value::Map(entries.into_iter().collect()))
    }
}

/// A member's name.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
