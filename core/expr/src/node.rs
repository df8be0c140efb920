//! A compiled expression.

use crate::{
    Failure, Record, Value,
    functions::Converter,
    limits::fits,
    path::{Key, Path, follow},
    value::Comparison,
};
use std::sync::Arc;
use tidewatch_otlp::views::{ArrayView, AttributesView, ValueView};
use tidewatch_otlp::write::{ListWriter, MapWriter, Slot};

#[derive(Debug, Clone)]
pub(crate) enum Node {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Path(Path),
    Call(Arc<dyn Converter>),
    /// Part of what a call gives.
    Index(Box<Node>, Vec<Key>),
    Negate(Box<Node>),
    Calculate(Operator, Box<[Node; 2]>),
    Compare(Comparison, Box<[Node; 2]>),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// What is known of a value before any record is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Unknown,
    Condition,
    Number,
    /// Text, bytes, a list, a map or nil.
    Other,
}

impl Node {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Bool(_) | Self::Compare(..) | Self::Not(_) | Self::All(_) | Self::Any(_) => Kind::Condition,
            Self::Int(_) | Self::Float(_) => Kind::Number,
            Self::Nil | Self::Text(_) | Self::Bytes(_) | Self::List(_) | Self::Map(_) => Kind::Other,
            Self::Negate(operand) => operand.kind(),
            // Times are not calculated with numbers, only with each other.
            Self::Calculate(_, operands) if operands.iter().any(|one| one.kind() == Kind::Number) => {
                Kind::Number
            }
            Self::Path(_) | Self::Call(_) | Self::Index(..) | Self::Calculate(..) => Kind::Unknown,
        }
    }

    pub(crate) fn evaluate<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        Ok(match self {
            Self::Nil => Value::Nil,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(number) => Value::Int(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::List(nodes) => list(nodes, record)?,
            Self::Map(entries) => map(entries, record)?,
            Self::Path(path) => path.read(record)?,
            Self::Call(converter) => converter.call(record)?,
            Self::Index(inner, keys) => follow(inner.evaluate(record)?, keys, record)?,
            Self::Negate(operand) => match operand.evaluate(record)? {
                Value::Int(number) => Value::Int(number.wrapping_neg()),
                Value::Float(number) => Value::Float(-number),
                Value::Duration(nanos) => Value::Duration(nanos.wrapping_neg()),
                other => return Err(Failure::expected("a number", &other)),
            },
            Self::Calculate(operator, operands) => {
                let [left, right] = &**operands;
                operator.apply(&left.evaluate(record)?, &right.evaluate(record)?)?
            }
            Self::Compare(comparison, operands) => {
                let [left, right] = &**operands;
                Value::Bool(comparison.holds(&left.evaluate(record)?, &right.evaluate(record)?))
            }
            Self::Not(operand) => match operand.evaluate(record)? {
                Value::Bool(value) => Value::Bool(!value),
                other => return Err(Failure::expected("a condition", &other)),
            },
            Self::All(operands) => {
                for one in operands {
                    if !one.evaluate(record)?.is_true() {
                        return Ok(Value::Bool(false));
                    }
                }
                Value::Bool(true)
            }
            Self::Any(operands) => {
                for one in operands {
                    if one.evaluate(record)?.is_true() {
                        return Ok(Value::Bool(true));
                    }
                }
                Value::Bool(false)
            }
        })
    }
}

fn list<'a>(nodes: &'a [Node], record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
    let mut written = Ok(());
    let bytes = record.arena.write(|out| {
        let mut list = ListWriter::new(out);
        written = nodes.iter().try_for_each(|node| node.put(list.item(), record));
    });
    written.and_then(|()| fits(bytes.len())).map(|()| Value::List(ArrayView::of_list(bytes)))
}

fn map<'a>(entries: &'a [(String, Node)], record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
    let mut written = Ok(());
    let bytes = record.arena.write(|out| {
        let mut map = MapWriter::new(1, out);
        written = entries.iter().try_for_each(|(key, node)| node.put(map.at(key), record));
    });
    written.and_then(|()| fits(bytes.len())).map(|()| Value::Map(AttributesView::of_map(bytes)))
}

impl Node {
    /// Writes the value where it belongs: lists and maps that are written out are not made first.
    fn put<'a>(&'a self, slot: Slot<'_>, record: &Record<'_, 'a>) -> Result<(), Failure> {
        match self {
            Self::List(nodes) => {
                slot.list(|list| nodes.iter().try_for_each(|node| node.put(list.item(), record)))
            }
            Self::Map(entries) => {
                slot.map(|map| entries.iter().try_for_each(|(key, node)| node.put(map.at(key), record)))
            }
            other => {
                slot.put(storable(other, record)?);
                Ok(())
            }
        }
    }

    /// Writes the value as JSON, again without making it first.
    pub(crate) fn put_json<'a>(&'a self, record: &Record<'_, 'a>, out: &mut Vec<u8>) -> Result<(), Failure> {
        match self {
            Self::List(nodes) => {
                out.push(b'[');
                for (place, node) in nodes.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    node.put_json(record, out)?;
                }
                out.push(b']');
            }
            Self::Map(entries) => {
                out.push(b'{');
                for (place, (key, node)) in entries.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    ValueView::Str(key).write_json(out);
                    out.push(b':');
                    node.put_json(record, out)?;
                }
                out.push(b'}');
            }
            other => storable(other, record)?.write_json(out),
        }
        Ok(())
    }
}

fn storable<'a>(node: &'a Node, record: &Record<'_, 'a>) -> Result<ValueView<'a>, Failure> {
    let value = node.evaluate(record)?;
    value.to_view().ok_or_else(|| Failure::expected("something that can be stored", &value))
}

impl Operator {
    /// Integers stay integers and wrap, as in Go.
    fn apply<'a>(self, left: &Value<'a>, right: &Value<'a>) -> Result<Value<'a>, Failure> {
        Ok(match (left, self, right) {
            (Value::Int(left), _, Value::Int(right)) => Value::Int(self.of_integers(*left, *right)?),
            (Value::Int(_) | Value::Float(_), _, Value::Int(_) | Value::Float(_)) => {
                let (left, right) = (left.as_f64().unwrap_or(f64::NAN), right.as_f64().unwrap_or(f64::NAN));
                Value::Float(match self {
                    Self::Add => left + right,
                    Self::Subtract => left - right,
                    Self::Multiply => left * right,
                    Self::Divide if right == 0.0 => return Err(Failure::new("division by zero")),
                    Self::Divide => left / right,
                })
            }
            (Value::Time(time), Self::Add, Value::Duration(span))
            | (Value::Duration(span), Self::Add, Value::Time(time)) => {
                Value::Time(time.saturating_add(*span))
            }
            (Value::Time(time), Self::Subtract, Value::Duration(span)) => {
                Value::Time(time.saturating_sub(*span))
            }
            (Value::Duration(left), Self::Add, Value::Duration(right)) => {
                Value::Duration(left.saturating_add(*right))
            }
            (Value::Time(left), Self::Subtract, Value::Time(right))
            | (Value::Duration(left), Self::Subtract, Value::Duration(right)) => {
                Value::Duration(left.saturating_sub(*right))
            }
            _ => {
                let message = format!("{} and {} cannot be calculated with", left.kind(), right.kind());
                return Err(Failure::new(message));
            }
        })
    }

    fn of_integers(self, left: i64, right: i64) -> Result<i64, Failure> {
        Ok(match self {
            Self::Add => left.wrapping_add(right),
            Self::Subtract => left.wrapping_sub(right),
            Self::Multiply => left.wrapping_mul(right),
            Self::Divide if right == 0 => return Err(Failure::new("division by zero")),
            Self::Divide => left.wrapping_div(right),
        })
    }
}
