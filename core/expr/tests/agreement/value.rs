//! Values as the judge has them: decoded.

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value as Any,
};
use std::cmp::Ordering;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<AnyValue>),
    Map(Vec<KeyValue>),
    Time(i64),
    Duration(i64),
}

/// Why a statement does nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A type that does not fit, a division by zero.
    Fails,
    /// The judge does not know: the text of lists, maps, times.
    NotJudged,
}

pub(crate) type Result<T> = std::result::Result<T, Fault>;

impl Value {
    pub(crate) fn of(value: Option<&AnyValue>) -> Self {
        match value.and_then(|value| value.value.as_ref()) {
            None | Some(Any::StringValueStrindex(_)) => Self::Nil,
            Some(Any::BoolValue(value)) => Self::Bool(*value),
            Some(Any::IntValue(value)) => Self::Int(*value),
            Some(Any::DoubleValue(value)) => Self::Float(*value),
            Some(Any::StringValue(value)) => Self::Text(value.clone()),
            Some(Any::BytesValue(value)) => Self::Bytes(value.clone()),
            Some(Any::ArrayValue(list)) => Self::List(list.values.clone()),
            Some(Any::KvlistValue(map)) => Self::Map(map.values.clone()),
        }
    }

    /// What telemetry can hold.
    pub(crate) fn store(self) -> Result<AnyValue> {
        let value = match self {
            Self::Nil => return Ok(AnyValue { value: None }),
            Self::Bool(value) => Any::BoolValue(value),
            Self::Int(value) => Any::IntValue(value),
            Self::Float(value) => Any::DoubleValue(value),
            Self::Text(value) => Any::StringValue(value),
            Self::Bytes(value) => Any::BytesValue(value),
            Self::List(values) => Any::ArrayValue(ArrayValue { values }),
            Self::Map(values) => Any::KvlistValue(KeyValueList { values }),
            Self::Time(_) | Self::Duration(_) => return Err(Fault::Fails),
        };
        Ok(AnyValue { value: Some(value) })
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn text(self) -> Result<String> {
        if let Self::Text(text) = self { Ok(text) } else { Err(Fault::Fails) }
    }

    pub(crate) fn map(self) -> Result<Vec<KeyValue>> {
        if let Self::Map(map) = self { Ok(map) } else { Err(Fault::Fails) }
    }

    pub(crate) fn int(&self) -> Result<i64> {
        if let Self::Int(number) = self { Ok(*number) } else { Err(Fault::Fails) }
    }

    /// As text, none for nil.
    pub(crate) fn shown(&self) -> Result<Option<String>> {
        Ok(Some(match self {
            Self::Nil => return Ok(None),
            Self::Bool(value) => value.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) if number.is_finite() => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => hex::encode(bytes),
            Self::Float(_) | Self::List(_) | Self::Map(_) | Self::Time(_) | Self::Duration(_) => {
                return Err(Fault::NotJudged);
            }
        }))
    }

    pub(crate) fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }
}

pub(crate) fn entry(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value), key_strindex: 0 }
}

/// The first entry of a key.
pub(crate) fn get(map: &[KeyValue], key: &str) -> Value {
    map.iter().find(|entry| entry.key == key).map_or(Value::Nil, |entry| Value::of(entry.value.as_ref()))
}

/// In the place of the first entry of its key, without the others; else at the end.
pub(crate) fn put(map: &mut Vec<KeyValue>, key: &str, value: AnyValue) {
    let place = map.iter().position(|entry| entry.key == key).unwrap_or(map.len());
    map.retain(|entry| entry.key != key);
    map.insert(place, entry(key, value));
}

/// Values of different types are in no order, numbers are compared as numbers.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    let same = |same: bool| same.then_some(Ordering::Equal);
    match (left, right) {
        (Value::Nil, Value::Nil) => Some(Ordering::Equal),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Int(right))
        | (Value::Time(left), Value::Time(right))
        | (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Value::Bytes(left), Value::Bytes(right)) => Some(id(left).cmp(id(right))),
        (Value::List(left), Value::List(right)) => same(
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| equal(Some(left), Some(right))),
        ),
        (Value::Map(left), Value::Map(right)) => same(
            left.len() == right.len()
                && left.iter().all(|entry| {
                    let other = right.iter().find(|other| other.key == entry.key);
                    other.is_some_and(|other| equal(entry.value.as_ref(), other.value.as_ref()))
                }),
        ),
        _ => left.number()?.partial_cmp(&right.number()?),
    }
}

fn equal(left: Option<&AnyValue>, right: Option<&AnyValue>) -> bool {
    order(&Value::of(left), &Value::of(right)) == Some(Ordering::Equal)
}

/// An id of zeros is none.
fn id(bytes: &[u8]) -> &[u8] {
    if [8, 16].contains(&bytes.len()) && bytes.iter().all(|byte| *byte == 0) { &[] } else { bytes }
}
