//! Lists in order.

use super::{Function, lists::list, plain};
use crate::{Failure, Value};
use std::cmp::Ordering;
use tidewatch_otlp::{
    edit::Arena,
    views::{ArrayView, ValueView},
    write::ListWriter,
};

pub(super) static TABLE: &[Function] = &[plain("Sort", &["target", "order?"], sort)];

/// Numbers go by size; as soon as anything else is among them, all go by their texts.
fn sort<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let descending = match values[1] {
        Value::Nil | Value::Text("asc") => false,
        Value::Text("desc") => true,
        _ => return Err(Failure::new("the order is `asc` or `desc`")),
    };
    let items: Vec<_> = list(&values[0])?.iter().collect();
    let sortable = |item: &ValueView<'_>| {
        matches!(item, ValueView::Str(_) | ValueView::Bool(_) | ValueView::Int(_) | ValueView::Double(_))
    };
    if let Some(other) = items.iter().find(|item| !sortable(item)) {
        return Err(Failure::expected("a list of texts, numbers and booleans", &Value::from(*other)));
    }
    let are_numbers = items.iter().all(|item| item.as_f64().is_some());
    let mut keyed: Vec<(Key, ValueView<'a>)> =
        items.into_iter().map(|item| (Key::of(item, are_numbers), item)).collect();
    keyed.sort_by(|(left, _), (right, _)| if descending { right.order(left) } else { left.order(right) });
    let bytes = arena.write(|out| {
        let mut sorted = ListWriter::new(out);
        keyed.iter().for_each(|(_, item)| sorted.put(*item));
    });
    Ok(Value::List(ArrayView::of_list(bytes)))
}

enum Key {
    Int(i64),
    Float(f64),
    Text(String),
}

impl Key {
    fn of(item: ValueView<'_>, are_numbers: bool) -> Self {
        match item {
            ValueView::Int(number) if are_numbers => Self::Int(number),
            ValueView::Double(number) if are_numbers => Self::Float(number),
            other => Self::Text(other.to_string()),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            _ => self.as_f64().total_cmp(&other.as_f64()),
        }
    }

    fn as_f64(&self) -> f64 {
        match self {
            Self::Int(number) => *number as f64,
            Self::Float(number) => *number,
            Self::Text(_) => f64::NAN,
        }
    }
}
