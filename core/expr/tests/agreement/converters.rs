//! Converters, on decoded values.

use crate::value::{Fault, Result, Value};
use regex::Regex;

pub(crate) fn call(name: &str, mut arguments: Vec<Value>) -> Result<Value> {
    arguments.resize(8, Value::Nil);
    let [first, second, third, ..] = &arguments[..] else { panic!("there are eight") };
    let number = |value: &Value| value.number().ok_or(Fault);
    Ok(match name {
        "Clamp" => {
            let (target, low, high) = (number(first)?, number(second)?, number(third)?);
            match target {
                _ if target < low => second.clone(),
                _ if target > high => third.clone(),
                _ => first.clone(),
            }
        }
        "Max" => {
            if number(second)? > number(first)? {
                second.clone()
            } else {
                first.clone()
            }
        }
        "Min" => {
            if number(second)? < number(first)? {
                second.clone()
            } else {
                first.clone()
            }
        }
        "Double" => match first {
            Value::Int(number) => Value::Float(*number as f64),
            Value::Float(number) => Value::Float(*number),
            Value::Bool(value) => Value::Float(if *value { 1.0 } else { 0.0 }),
            Value::Text(text) => Value::Float(text.parse().map_err(|_| Fault)?),
            _ => Value::Nil,
        },
        "Int" => match first {
            Value::Int(number) => Value::Int(*number),
            Value::Float(number) => Value::Int(*number as i64),
            Value::Bool(value) => Value::Int(i64::from(*value)),
            Value::Text(text) => text.parse().map_or(Value::Nil, Value::Int),
            _ => Value::Nil,
        },
        "IsMatch" => {
            let Value::Text(pattern) = second else { panic!("patterns are written out") };
            let pattern = Regex::new(pattern).unwrap();
            Value::Bool(matches!(first, Value::Text(text) if pattern.is_match(text)))
        }
        "Len" => Value::Int(match first {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => return Err(Fault),
        } as i64),
        other => panic!("{other} is not known"),
    })
}
