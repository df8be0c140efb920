//! Numbers.

use super::{Function, plain};
use crate::{Failure, Value};
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[
    plain("Clamp", &["target", "low", "high"], clamp),
    plain("Double", &["value"], double),
    plain("Int", &["value"], int),
    plain("Max", &["left", "right"], |values, _| extreme(values, |left, right| left > right)),
    plain("Min", &["left", "right"], |values, _| extreme(values, |left, right| left < right)),
];

fn number(value: &Value<'_>) -> Result<f64, Failure> {
    value.as_f64().ok_or_else(|| Failure::expected("a number", value))
}

/// The value of the two that wins.
fn extreme<'a>(values: &[Value<'a>], wins: fn(f64, f64) -> bool) -> Result<Value<'a>, Failure> {
    let (left, right) = (number(&values[0])?, number(&values[1])?);
    Ok(if wins(right, left) { values[1] } else { values[0] })
}

fn clamp<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let (target, low, high) = (number(&values[0])?, number(&values[1])?, number(&values[2])?);
    Ok(values[if target < low {
        1
    } else if target > high {
        2
    } else {
        0
    }])
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
