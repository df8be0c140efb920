//! Kinds of values, as JSON schema names them.

use serde_json::Value as Json;

use crate::{Node, Value, scalar};

/// The `type` of JSON schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::String,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }

    pub(super) fn of_json(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(_) => Self::Boolean,
            Json::Number(number) if number.is_f64() => Self::Number,
            Json::Number(_) => Self::Integer,
            Json::String(_) => Self::String,
            Json::Array(_) => Self::Array,
            Json::Object(_) => Self::Object,
        }
    }

    /// With its article.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean => "`true` or `false`",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "a list",
            Self::Object => "a mapping",
        }
    }

    /// Whether a value of this kind is also of kind `other`.
    pub(super) fn is(self, other: Self) -> bool {
        self == other || (self == Self::Integer && other == Self::Number)
    }
}

/// The kinds that a node can be read as, and the value it has then, best first.
pub(super) fn readings(node: &Node) -> Vec<(Kind, Value)> {
    let own = |kind| (kind, node.value.clone());
    let text = |text: &str| (Kind::String, Value::String(text.to_owned()));
    let mut readings = match &node.value {
        Value::Null => vec![own(Kind::Null)],
        Value::Bool(_) => vec![own(Kind::Boolean)],
        Value::Number(number) => number_readings(number),
        Value::String(own) => vec![text(node.written.as_ref().unwrap_or(own))],
        Value::List(_) => vec![own(Kind::Array)],
        Value::Map(_) => vec![own(Kind::Object)],
    };
    match (&node.value, &node.written) {
        // Put together with references, as in `${env:HOURS}00`, a string may mean a number.
        (Value::String(own), None) if node.span.via().is_some() => match scalar::resolve(own) {
            Value::Number(number) => readings.extend(number_readings(&number)),
            value @ Value::Bool(_) => readings.push((Kind::Boolean, value)),
            _ => {}
        },
        (Value::String(_), _) | (_, None) => {}
        (_, Some(written)) => readings.push(text(written)),
    }
    readings
}

/// A whole number in floating point, `1e6`, is an integer, too.
fn number_readings(number: &serde_json::Number) -> Vec<(Kind, Value)> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let own = |kind| (kind, Value::Number(number.clone()));
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return vec![own(Kind::Integer)] };
    let mut readings = vec![own(Kind::Number)];
    if float.fract().abs() < f64::MIN_POSITIVE && float.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        readings.push((Kind::Integer, Value::Number((float as i64).into())));
    }
    readings
}

/// What a node is, for messages: its value only where it stands in the file itself, since what variables and files
/// hold may be secret.
pub(super) fn describe(node: &Node) -> String {
    let shown = |what: &str, text: &str| match node.span.via() {
        Some(_) => format!("a {what}"),
        None if node.span.is_hidden() => format!("a {what}"),
        None => format!("the {what} `{text}`"),
    };
    match &node.value {
        Value::Null => "nothing".into(),
        Value::Bool(value) => shown("boolean", &value.to_string()),
        Value::Number(number) => shown("number", &node.written.clone().unwrap_or_else(|| number.to_string())),
        Value::String(text) if text.chars().count() > 60 || text.contains('\n') => "a string".into(),
        Value::String(text) => shown("string", text),
        Value::List(_) => "a list".into(),
        Value::Map(_) => "a mapping".into(),
    }
}
