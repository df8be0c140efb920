//! Values, and how they compare.

use std::{cmp::Ordering, collections::HashMap};
use tidewatch_otlp::views::{ArrayView, AttributesView, ValueView};

/// What an expression gives. It borrows from the request, the program or the arena.
#[derive(Debug, Clone, Copy, Default)]
pub enum Value<'a> {
    /// Nothing: an attribute that is absent.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A list.
    List(ArrayView<'a>),
    /// A map.
    Map(AttributesView<'a>),
    /// A moment, in nanoseconds since the epoch.
    Time(i64),
    /// A span of time, in nanoseconds.
    Duration(i64),
}

impl<'a> From<ValueView<'a>> for Value<'a> {
    fn from(view: ValueView<'a>) -> Self {
        match view {
            ValueView::Empty => Self::Nil,
            ValueView::Str(text) => Self::Text(text),
            ValueView::Bool(value) => Self::Bool(value),
            ValueView::Int(number) => Self::Int(number),
            ValueView::Double(number) => Self::Float(number),
            ValueView::Bytes(bytes) => Self::Bytes(bytes),
            ValueView::Array(list) => Self::List(list),
            ValueView::KvList(map) => Self::Map(map),
        }
    }
}

impl<'a> From<Option<ValueView<'a>>> for Value<'a> {
    fn from(view: Option<ValueView<'a>>) -> Self {
        view.map_or(Self::Nil, Self::from)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> Value<'a> {
    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is the boolean `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Whether it is nothing.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// What can be put into telemetry; times and durations cannot.
    pub fn to_view(self) -> Option<ValueView<'a>> {
        Some(match self {
            Self::Nil => ValueView::Empty,
            Self::Bool(value) => ValueView::Bool(value),
            Self::Int(number) => ValueView::Int(number),
            Self::Float(number) => ValueView::Double(number),
            Self::Text(text) => ValueView::Str(text),
            Self::Bytes(bytes) => ValueView::Bytes(bytes),
            Self::List(list) => ValueView::Array(list),
            Self::Map(map) => ValueView::KvList(map),
            Self::Time(_) | Self::Duration(_) => return None,
        })
    }

    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a floating-point number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Time(_) => "a time",
            Self::Duration(_) => "a duration",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn from_symbol(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// As OTTL has it: numbers compare as numbers, values of different types are unequal and in no order.
    pub(crate) fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        match self {
            Self::Equal => order(left, right) == Some(Ordering::Equal),
            Self::NotEqual => order(left, right) != Some(Ordering::Equal),
            Self::Less => order(left, right) == Some(Ordering::Less),
            Self::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
            Self::Greater => order(left, right) == Some(Ordering::Greater),
            Self::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
        }
    }
}

/// None: unequal, and in no order.
fn order(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Nil, Value::Nil) => Some(Ordering::Equal),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Int(right))
        | (Value::Time(left), Value::Time(right))
        | (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            left.as_f64()?.partial_cmp(&right.as_f64()?)
        }
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(unless_zeros(left).cmp(unless_zeros(right))),
        (Value::List(left), Value::List(right)) => equal(same_lists(*left, *right)),
        (Value::Map(left), Value::Map(right)) => equal(same_maps(*left, *right)),
        _ => None,
    }
}

/// An id of zeros is none, as in the Collector: `parent_span_id == SpanID(0x0000000000000000)` holds for root spans.
fn unless_zeros(bytes: &[u8]) -> &[u8] {
    let is_zero_id = matches!(bytes.len(), 8 | 16) && bytes.iter().all(|byte| *byte == 0);
    if is_zero_id { &[] } else { bytes }
}

fn equal(same: bool) -> Option<Ordering> {
    same.then_some(Ordering::Equal)
}

/// Whether `==` holds.
pub(crate) fn same(left: ValueView<'_>, right: ValueView<'_>) -> bool {
    order(&left.into(), &right.into()) == Some(Ordering::Equal)
}

fn same_lists(left: ArrayView<'_>, right: ArrayView<'_>) -> bool {
    left.iter().count() == right.iter().count()
        && left.iter().zip(right.iter()).all(|(left, right)| same(left, right))
}

/// The order of keys does not matter.
fn same_maps(left: AttributesView<'_>, right: AttributesView<'_>) -> bool {
    let count = right.iter().count();
    if left.iter().count() != count {
        return false;
    }
    // Of a key that repeats, the first value counts. Few are found fastest by looking at each.
    const FEW: usize = 16;
    if count <= FEW {
        return left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)));
    }
    let mut firsts = HashMap::with_capacity(count);
    for (key, value) in right.iter() {
        firsts.entry(key).or_insert(value);
    }
    left.iter().all(|(key, value)| firsts.get(key).is_some_and(|other| same(value, *other)))
}
