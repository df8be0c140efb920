//! Keys into maps and lists.

use crate::{Failure, Record, Value, node::Node};
use tidewatch_otlp::views::{AttributesView, ValueView};

/// What stands in brackets.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Name(String),
    Index(usize),
    /// An expression that gives a text or a number.
    Computed(Box<Node>),
}

/// A key of which the value is known.
#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl Key {
    fn step<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Step<'a>, Failure> {
        Ok(match self {
            Self::Name(name) => Step::Name(name),
            Self::Index(index) => Step::Index(*index),
            Self::Computed(node) => match node.evaluate(record)? {
                Value::Text(name) => Step::Name(name),
                Value::Int(index) => Step::Index(usize::try_from(index).unwrap_or(usize::MAX)),
                other => return Err(Failure::expected("a key that is text or a number", &other)),
            },
        })
    }
}

/// The value behind the keys, [`Value::Nil`] where there is none.
pub(crate) fn follow<'a>(
    whole: Value<'a>,
    keys: &'a [Key],
    record: &Record<'_, 'a>,
) -> Result<Value<'a>, Failure> {
    let mut value = whole;
    for key in keys {
        let inner = match (value, key.step(record)?) {
            (Value::Map(map), Step::Name(name)) => map.get(name),
            (Value::List(list), Step::Index(index)) => list.iter().nth(index),
            _ => None,
        };
        value = inner.into();
    }
    Ok(value)
}

/// The whole, with the first entry alone of every key on the way; none, if that is how it is.
pub(super) fn firsts<'a>(
    whole: Value<'a>,
    keys: &'a [Key],
    record: &Record<'_, 'a>,
) -> Result<Option<Value<'a>>, Failure> {
    let Some((key, rest)) = keys.split_first() else { return Ok(None) };
    match (whole, key.step(record)?) {
        (Value::Map(map), Step::Name(name)) => {
            let mut found = map.iter().filter(|(other, _)| *other == name).map(|(_, value)| value);
            let Some(first) = found.next() else { return Ok(None) };
            let is_repeated = found.next().is_some();
            let inner = firsts(first.into(), rest, record)?.map(storable).transpose()?;
            let is_so = inner.is_none() && !is_repeated;
            Ok((!is_so).then(|| Value::Map(map.with(name, inner.unwrap_or(first), record.arena))))
        }
        (Value::List(list), Step::Index(index)) => {
            let Some(item) = list.iter().nth(index) else { return Ok(None) };
            let inner = firsts(item.into(), rest, record)?;
            inner.map(|inner| replace(whole, &keys[..1], inner, record)).transpose()
        }
        _ => Ok(None),
    }
}

/// The whole, with another value behind the keys. Maps that are missing on the way are made.
pub(super) fn replace<'a>(
    whole: Value<'a>,
    keys: &'a [Key],
    value: Value<'a>,
    record: &Record<'_, 'a>,
) -> Result<Value<'a>, Failure> {
    let Some((key, rest)) = keys.split_first() else { return Ok(value) };
    let arena = record.arena;
    match key.step(record)? {
        Step::Name(name) => {
            let map = match whole {
                Value::Map(map) => map,
                Value::Nil => AttributesView::empty_map(),
                other => return Err(Failure::expected(&format!("a map for the key `{name}`"), &other)),
            };
            let old = map.get(name);
            let inner = storable(replace(old.into(), rest, value, record)?)?;
            if old.is_some_and(|old| is_the_same(old, inner))
                && map.iter().filter(|(key, _)| *key == name).count() == 1
            {
                return Ok(whole);
            }
            Ok(Value::Map(map.with(name, inner, arena)))
        }
        Step::Index(index) => {
            let Value::List(list) = whole else {
                return Err(Failure::expected(&format!("a list for the index {index}"), &whole));
            };
            let Some(old) = list.iter().nth(index) else {
                let message = format!("the list has no index {index}, it has {} values", list.iter().count());
                return Err(Failure::new(message));
            };
            let inner = storable(replace(old.into(), rest, value, record)?)?;
            Ok(Value::List(list.with(index, inner, arena)))
        }
    }
}

/// Whether both are the same scalar, so that nothing has to be written.
fn is_the_same(old: ValueView<'_>, new: ValueView<'_>) -> bool {
    match (old, new) {
        (ValueView::Str(old), ValueView::Str(new)) => old == new,
        (ValueView::Bool(old), ValueView::Bool(new)) => old == new,
        (ValueView::Int(old), ValueView::Int(new)) => old == new,
        (ValueView::Double(old), ValueView::Double(new)) => old.to_bits() == new.to_bits(),
        _ => false,
    }
}

/// What can be put into an item.
pub(super) fn storable(value: Value<'_>) -> Result<ValueView<'_>, Failure> {
    value.to_view().ok_or_else(|| Failure::expected("something that can be stored", &value))
}
