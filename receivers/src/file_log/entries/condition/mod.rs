//! `if` of operators: the part of the Collector's expressions that looks at fields.
//!
//! Fields (`body`, `attributes.a`, `attributes["a.b"]`, `resource.x`), texts, numbers, `true`, `false`, `nil` and lists
//! of them; `== != < <= > >= in matches contains startsWith endsWith`, `and or not` (`&& || !`) and parentheses. An
//! absent field is `nil`. Comparisons of values of different kinds do not hold, and neither does a test for text of
//! what is none.

mod lexer;
mod parser;

use super::{field::Field, record::Record};
use std::cmp::Ordering;
use tidewatch_otlp::write::Value;

/// Something that holds for a record, or does not.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    /// A value that is `true`.
    Is(Operand),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare(Operand, Comparison, Operand),
    Text(Operand, TextTest, Operand),
    Matches(Operand, regex::Regex),
    In(Operand, Operand),
}

/// What is compared.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Literal(Value<'static>),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// What is wrong with a condition, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) problem: String,
    pub(super) at: usize,
}

impl Condition {
    /// Compiles a condition.
    ///
    /// # Errors
    /// Where it is none, or uses what is not supported.
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        parser::parse(text)
    }

    pub(super) fn holds(&self, record: &Record<'_>) -> bool {
        match self {
            Self::Is(operand) => *operand.value(record) == Value::Bool(true),
            Self::Not(condition) => !condition.holds(record),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(record)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(record)),
            Self::Compare(left, comparison, right) => {
                comparison.holds(left.value(record), right.value(record))
            }
            Self::Text(left, test, right) => match (left.value(record), right.value(record)) {
                (Value::Text(left), Value::Text(right)) => test.holds(left, right),
                _ => false,
            },
            Self::Matches(operand, regex) => {
                operand.value(record).as_str().is_some_and(|text| regex.is_match(text))
            }
            Self::In(left, right) => match (left.value(record), right.value(record)) {
                (left, Value::List(values)) => values.iter().any(|value| equal(left, value)),
                (Value::Text(key), Value::Map(map)) => map.get(key).is_some(),
                (Value::Text(key), Value::Null) => right.has_key(record, key),
                _ => false,
            },
        }
    }
}

const NIL: &Value<'static> = &Value::Null;

impl Operand {
    fn value<'r, 'a>(&'r self, record: &'r Record<'a>) -> &'r Value<'a> {
        match self {
            Self::Literal(value) => value,
            Self::Field(field) => field.get(record).unwrap_or(NIL),
        }
    }

    /// Whether it is all attributes, or the whole resource, and one is called `key`.
    fn has_key(&self, record: &Record<'_>, key: &str) -> bool {
        match self {
            Self::Field(field) => field.whole_map(record).is_some_and(|map| map.get(key).is_some()),
            Self::Literal(_) => false,
        }
    }
}

impl Comparison {
    fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        let order = || order(left, right);
        match self {
            Self::Equal => equal(left, right),
            Self::NotEqual => !equal(left, right),
            Self::Less => order().is_some_and(Ordering::is_lt),
            Self::LessOrEqual => order().is_some_and(Ordering::is_le),
            Self::Greater => order().is_some_and(Ordering::is_gt),
            Self::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
        }
    }
}

fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    left == right || order(left, right).is_some_and(Ordering::is_eq)
}

/// Numbers and texts have an order.
fn order(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        _ => number(left)?.partial_cmp(&number(right)?),
    }
}

fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Double(number) => Some(*number),
        _ => None,
    }
}

impl TextTest {
    fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Contains => left.contains(right),
            Self::StartsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_log::entries::record::SharedMap;
    use proptest::prelude::*;
    use tidewatch_otlp::write::Map;

    #[test]
    fn conditions_hold_or_not() {
        let resource = SharedMap::new(Map::from_iter([("host", Value::from("a"))]));
        let attributes = Map::from_iter([
            ("level", Value::from("error")),
            ("log.file.name", Value::from("app.log")),
            ("code", Value::Double(404.0)),
            ("ok", Value::Bool(true)),
            ("nested", Value::Map(Map::from_iter([("k", Value::Int(1))]))),
        ]);
        let record = Record::new(Value::from("{\"a\": 1}"), attributes, &resource);
        for (text, holds) in [
            (r#"body matches "^[{]""#, true),
            (r#"body matches '^\\d+$'"#, false),
            (r#"not (body matches "^x")"#, true),
            (r#"body not matches "^x""#, true),
            (r#"body startsWith "{" and body endsWith "}""#, true),
            (r#"body contains "b" or attributes.level == "error""#, true),
            (r#"attributes["log.file.name"] == 'app.log' && resource.host == "a""#, true),
            (r#"attributes.level in ["warn", "error"]"#, true),
            (r#"attributes.level not in ["warn", "error"]"#, false),
            (r#"attributes.code in [403, 404]"#, true),
            ("attributes.code >= 400 and attributes.code < 500", true),
            ("attributes.code == 404", true),
            ("attributes.none == nil", true),
            ("attributes.none != nil || !attributes.ok", false),
            ("attributes.none.more == nil", true),
            ("attributes?.nested?.k == 1", true),
            (r#""k" in attributes.nested"#, true),
            (r#""level" in attributes"#, true),
            (r#""x" in resource"#, false),
            (r#""host" in resource"#, true),
            ("attributes.ok", true),
            ("attributes.level", false),
            ("attributes.level > 3", false),
            ("attributes.level < 'f'", true),
            ("attributes.code matches '4'", false),
            ("not attributes.ok == false", true),
            ("(true or false) and not (false)", true),
            ("true or false and false", true),
            ("attributes.nested.k == 1.0", true),
            ("body == `{\"a\": 1}`", true),
            ("-1 < attributes.nested.k", true),
        ] {
            let condition = Condition::parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
            assert_eq!(condition.holds(&record), holds, "{text}");
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_at_its_place() {
        for (text, at) in [
            ("", 0),
            ("body ==", 7),
            ("body matches attributes.x", 13),
            ("body matches \"(\"", 13),
            ("len(body) > 3", 0),
            ("body == \"x", 8),
            ("env(\"A\") == \"b\"", 0),
            ("timestamp > 3", 0),
            ("attributes.a ?? 1 == 2", 13),
            ("(body == 'a'", 12),
            ("body == 'a' body", 12),
            ("attributes[0] == 1", 11),
            ("severity == 1", 0),
            ("body == 'a' == true", 12),
            ("body % 2 == 1", 5),
        ] {
            assert_eq!(Condition::parse(text).map_err(|wrong| wrong.at).unwrap_err(), at, "{text}");
        }
        assert!(Condition::parse(&"(".repeat(10_000)).is_err());
        assert!(Condition::parse(&"not ".repeat(10_000)).is_err());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in r#"(body|attributes\.a|\["a"\]|==|[ ()'"\[\],.!<>&|?]|not|and|in|matches|1|ä){0,20}"#) {
            let resource = SharedMap::default();
            if let Ok(condition) = Condition::parse(&text) {
                condition.holds(&Record::new(Value::from("a"), Map::new(), &resource));
            }
        }
    }
}
