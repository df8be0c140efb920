//! Converters, on decoded values.

use crate::patterns::regex;
use crate::value::{Fault, Result, Value, order};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use std::cmp::Ordering;

pub(crate) fn call(name: &str, mut arguments: Vec<Value>) -> Result<Value> {
    arguments.resize(8, Value::Nil);
    let [first, second, third, ..] = &arguments[..] else { panic!("there are eight") };
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
        "IsMatch" => match first.shown()? {
            Some(shown) => Value::Bool(regex(&text(second)?).is_match(&shown)),
            None => Value::Bool(false),
        },
        "Bool" | "Double" | "Int" | "String" => converted(name, first)?,
        "IsBool" => Value::Bool(matches!(first, Value::Bool(_))),
        "IsDouble" => Value::Bool(matches!(first, Value::Float(_))),
        "IsInt" => Value::Bool(matches!(first, Value::Int(_))),
        "IsList" => Value::Bool(matches!(first, Value::List(_))),
        "IsMap" => Value::Bool(matches!(first, Value::Map(_))),
        "IsString" => Value::Bool(matches!(first, Value::Text(_))),
        "Len" | "Keys" | "Values" | "Index" | "ContainsValue" => collection(name, first, second)?,
        _ => of_texts(name, first, second, third)?,
    })
}

fn number(value: &Value) -> Result<f64> {
    value.number().ok_or(Fault::Fails)
}

fn text(value: &Value) -> Result<String> {
    value.clone().text()
}

fn converted(name: &str, value: &Value) -> Result<Value> {
    let one = |value: bool| if value { 1 } else { 0 };
    Ok(match (name, value) {
        ("Bool", Value::Bool(value)) => Value::Bool(*value),
        ("Bool", Value::Int(number)) => Value::Bool(*number != 0),
        ("Bool", Value::Float(number)) => Value::Bool(*number != 0.0),
        ("Bool", Value::Text(text)) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Value::Bool(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Value::Bool(false),
            _ => Value::Nil,
        },
        ("Double", Value::Int(number)) => Value::Float(*number as f64),
        ("Double", Value::Float(number)) => Value::Float(*number),
        ("Double", Value::Bool(value)) => Value::Float(f64::from(one(*value))),
        ("Double", Value::Text(text)) => Value::Float(text.parse().map_err(|_| Fault::Fails)?),
        ("Int", Value::Int(number)) => Value::Int(*number),
        ("Int", Value::Float(number)) => Value::Int(*number as i64),
        ("Int", Value::Bool(value)) => Value::Int(one(*value).into()),
        ("Int", Value::Text(text)) => text.parse().map_or(Value::Nil, Value::Int),
        ("String", value) => value.shown()?.map_or(Value::Nil, Value::Text),
        _ => Value::Nil,
    })
}

fn collection(name: &str, first: &Value, second: &Value) -> Result<Value> {
    let place = |list: &[AnyValue]| {
        let same = |value: &AnyValue| order(&Value::of(Some(value)), second) == Some(Ordering::Equal);
        // Times are in no list.
        let storable = !matches!(second, Value::Time(_) | Value::Duration(_));
        list.iter().position(same).filter(|_| storable)
    };
    Ok(match (name, first) {
        ("Len", Value::Text(text)) => Value::Int(text.len() as i64),
        ("Len", Value::Bytes(bytes)) => Value::Int(bytes.len() as i64),
        ("Len", Value::List(list)) => Value::Int(list.len() as i64),
        ("Len", Value::Map(map)) => Value::Int(map.len() as i64),
        ("Keys", Value::Map(map)) => {
            let keys = map.iter().map(|entry| Value::Text(entry.key.clone()).store());
            Value::List(keys.collect::<Result<_>>()?)
        }
        ("Values", Value::Map(map)) => {
            Value::List(map.iter().map(|entry| entry.value.clone().unwrap_or_default()).collect())
        }
        ("Index", Value::List(list)) => Value::Int(place(list).map_or(-1, |place| place as i64)),
        ("Index", Value::Text(whole)) => {
            Value::Int(whole.find(&text(second)?).map_or(-1, |place| place as i64))
        }
        ("ContainsValue", Value::List(list)) => Value::Bool(place(list).is_some()),
        _ => return Err(Fault::Fails),
    })
}

fn of_texts(name: &str, first: &Value, second: &Value, third: &Value) -> Result<Value> {
    Ok(match name {
        "HasPrefix" => Value::Bool(text(first)?.starts_with(&text(second)?)),
        "HasSuffix" => Value::Bool(text(first)?.ends_with(&text(second)?)),
        "Split" => {
            let (whole, delimiter) = (text(first)?, text(second)?);
            let parts: Vec<String> = match delimiter.as_str() {
                "" => whole.chars().map(String::from).collect(),
                delimiter => whole.split(delimiter).map(str::to_owned).collect(),
            };
            Value::List(parts.into_iter().map(|part| Value::Text(part).store()).collect::<Result<_>>()?)
        }
        // Of ASCII alone: where characters may be cut is a matter of its own.
        "Substring" => {
            let (whole, start, length) = (text(first)?, second.int()?, third.int()?);
            let range = usize::try_from(start).ok().zip(usize::try_from(length).ok());
            let (start, length) = range.filter(|(_, length)| *length > 0).ok_or(Fault::Fails)?;
            if start.saturating_add(length) > whole.len() {
                return Err(Fault::Fails);
            }
            if !whole.is_ascii() {
                return Err(Fault::NotJudged);
            }
            Value::Text(whole.chars().skip(start).take(length).collect())
        }
        "ToLowerCase" => Value::Text(text(first)?.to_lowercase()),
        "ToUpperCase" => Value::Text(text(first)?.to_uppercase()),
        "Trim" => {
            let (whole, around) = (text(first)?, text(second)?);
            let whole: Vec<char> = whole.chars().collect();
            let kept = |c: &&char| !around.contains(**c);
            let start = whole.iter().take_while(|c| !kept(c)).count();
            let end = whole.len() - whole.iter().rev().take_while(|c| !kept(c)).count();
            Value::Text(whole.get(start..end).unwrap_or_default().iter().collect())
        }
        "TrimPrefix" => {
            let (whole, prefix) = (text(first)?, text(second)?);
            let rest = if whole.starts_with(&prefix) { &whole[prefix.len()..] } else { &whole };
            Value::Text(rest.to_owned())
        }
        "TrimSuffix" => {
            let (whole, suffix) = (text(first)?, text(second)?);
            let left = whole.len() - if whole.ends_with(&suffix) { suffix.len() } else { 0 };
            Value::Text(whole[..left].to_owned())
        }
        other => panic!("{other} is not known"),
    })
}
