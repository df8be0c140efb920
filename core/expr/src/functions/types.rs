//! What a value is, and values of another type.

use super::{Function, plain};
use crate::{Failure, Value, text::text_of};
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[
    plain("Bool", &["value"], |values, _| Ok(bool(&values[0]))),
    plain("Double", &["value"], double),
    plain("Int", &["value"], int),
    plain("IsBool", &["value"], |values, _| Ok(Value::Bool(matches!(values[0], Value::Bool(_))))),
    plain("IsDouble", &["value"], |values, _| Ok(Value::Bool(matches!(values[0], Value::Float(_))))),
    plain("IsEmpty", &["value"], |values, _| Ok(Value::Bool(is_empty(&values[0])))),
    plain("IsInt", &["value"], |values, _| Ok(Value::Bool(matches!(values[0], Value::Int(_))))),
    plain("IsList", &["value"], |values, _| Ok(Value::Bool(matches!(values[0], Value::List(_))))),
    plain("IsMap", &["value"], |values, _| Ok(Value::Bool(matches!(values[0], Value::Map(_))))),
    plain("IsString", &["value"], |values, _| Ok(Value::Bool(matches!(values[0], Value::Text(_))))),
    plain("String", &["value"], |values, arena| {
        Ok(text_of(&values[0], arena)?.map_or(Value::Nil, Value::Text))
    }),
];

fn bool<'a>(value: &Value<'_>) -> Value<'a> {
    match value {
        Value::Bool(value) => Value::Bool(*value),
        Value::Int(number) => Value::Bool(*number != 0),
        Value::Float(number) => Value::Bool(*number != 0.0),
        Value::Text("1" | "t" | "T" | "true" | "TRUE" | "True") => Value::Bool(true),
        Value::Text("0" | "f" | "F" | "false" | "FALSE" | "False") => Value::Bool(false),
        _ => Value::Nil,
    }
}

fn double<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    Ok(match values[0] {
        Value::Int(number) => Value::Float(number as f64),
        Value::Float(number) => Value::Float(number),
        Value::Bool(value) => Value::Float(f64::from(u8::from(value))),
        Value::Text(text) => match text.parse() {
            Ok(number) => Value::Float(number),
            Err(_) => return Err(Failure::new("the text is not a number")),
        },
        _ => Value::Nil,
    })
}

fn int<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    Ok(match values[0] {
        Value::Int(number) => Value::Int(number),
        Value::Float(number) => Value::Int(number as i64),
        Value::Bool(value) => Value::Int(value.into()),
        Value::Text(text) => text.parse().map_or(Value::Nil, Value::Int),
        _ => Value::Nil,
    })
}

/// Nil, nothing in it, or zero; ids of zeros, too.
fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::Nil => true,
        Value::Bool(value) => !value,
        Value::Int(number) | Value::Duration(number) | Value::Time(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Text(text) => text.is_empty(),
        Value::Bytes(bytes) => matches!(bytes.len(), 0 | 8 | 16) && bytes.iter().all(|byte| *byte == 0),
        Value::List(list) => list.iter().next().is_none(),
        Value::Map(map) => map.is_empty(),
    }
}
