//! A compiled expression.

use crate::{Record, Value, path::Path, value::Comparison};

#[derive(Debug, Clone)]
pub(crate) enum Node {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Path(Path),
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
    /// Text, bytes or nil.
    Other,
}

impl Node {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Bool(_) | Self::Compare(..) | Self::Not(_) | Self::All(_) | Self::Any(_) => Kind::Condition,
            Self::Int(_) | Self::Float(_) | Self::Negate(_) | Self::Calculate(..) => Kind::Number,
            Self::Nil | Self::Text(_) | Self::Bytes(_) => Kind::Other,
            Self::Path(_) => Kind::Unknown,
        }
    }

    pub(crate) fn evaluate<'a>(&'a self, record: &Record<'a>) -> Value<'a> {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(number) => Value::Int(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Path(path) => path.read(record),
            Self::Negate(operand) => match operand.evaluate(record) {
                Value::Int(number) => Value::Int(number.wrapping_neg()),
                Value::Float(number) => Value::Float(-number),
                _ => Value::Nil,
            },
            Self::Calculate(operator, operands) => {
                let [left, right] = &**operands;
                operator.apply(&left.evaluate(record), &right.evaluate(record))
            }
            Self::Compare(comparison, operands) => {
                let [left, right] = &**operands;
                Value::Bool(comparison.holds(&left.evaluate(record), &right.evaluate(record)))
            }
            Self::Not(operand) => match operand.evaluate(record) {
                Value::Bool(value) => Value::Bool(!value),
                _ => Value::Nil,
            },
            Self::All(operands) => Value::Bool(operands.iter().all(|one| one.evaluate(record).is_true())),
            Self::Any(operands) => Value::Bool(operands.iter().any(|one| one.evaluate(record).is_true())),
        }
    }
}

impl Operator {
    /// Integers stay integers and wrap, as in Go; nil where there is no result.
    fn apply(self, left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
        if let (Value::Int(left), Value::Int(right)) = (left, right) {
            return match self {
                Self::Add => Value::Int(left.wrapping_add(*right)),
                Self::Subtract => Value::Int(left.wrapping_sub(*right)),
                Self::Multiply => Value::Int(left.wrapping_mul(*right)),
                Self::Divide if *right == 0 => Value::Nil,
                Self::Divide => Value::Int(left.wrapping_div(*right)),
            };
        }
        let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else { return Value::Nil };
        match self {
            Self::Add => Value::Float(left + right),
            Self::Subtract => Value::Float(left - right),
            Self::Multiply => Value::Float(left * right),
            Self::Divide if right == 0.0 => Value::Nil,
            Self::Divide => Value::Float(left / right),
        }
    }
}
