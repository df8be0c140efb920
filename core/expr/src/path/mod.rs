//! Paths: which fields an expression can name, and how they are read.

mod field;
mod read;

use crate::{Item, Record, Value, error::Wrong};
use field::Field;
use tidewatch_otlp::views::ValueView;

/// The kind of records that an expression is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Log records.
    Log,
    /// Spans.
    Span,
    /// Data points, with their metric.
    DataPoint,
}

const CONTEXTS: [Context; 3] = [Context::Log, Context::Span, Context::DataPoint];

impl Context {
    /// What paths may start with, e.g. `log`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Span => "span",
            Self::DataPoint => "datapoint",
        }
    }

    /// Every path of this context, without the optional prefix.
    pub fn paths(self) -> impl Iterator<Item = &'static str> {
        self.fields().iter().chain(field::SHARED).map(|(name, _)| *name)
    }

    fn fields(self) -> &'static [(&'static str, Field)] {
        match self {
            Self::Log => field::LOG,
            Self::Span => field::SPAN,
            Self::DataPoint => field::DATA_POINT,
        }
    }

    fn field(self, name: &str) -> Option<Field> {
        self.fields().iter().chain(field::SHARED).find(|(known, _)| *known == name).map(|(_, field)| *field)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Path {
    field: Field,
    keys: Vec<Key>,
}

#[derive(Debug, Clone)]
pub(crate) enum Key {
    Name(String),
    Index(usize),
}

impl Path {
    /// `name` stands at `start` of its text.
    pub(crate) fn resolve(name: &str, keys: Vec<Key>, context: Context, start: usize) -> Result<Self, Wrong> {
        let own = name.strip_prefix(context.name()).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
        let field = context.field(own).ok_or_else(|| {
            let elsewhere = CONTEXTS.into_iter().find(|other| {
                let rest = name.strip_prefix(other.name()).and_then(|rest| rest.strip_prefix('.'));
                other.field(rest.unwrap_or(name)).is_some()
            });
            let message = match elsewhere {
                Some(other) => {
                    format!("`{name}` is a path of a {}, not of a {}", other.name(), context.name())
                }
                None => format!("unknown path `{name}`"),
            };
            Wrong::new(start, message).nearest(own, context.paths())
        })?;
        if !keys.is_empty() && !field.has_keys() {
            return Err(Wrong::new(start, format!("`{name}` has no keys")));
        }
        if matches!(keys.first(), Some(Key::Index(_))) && field != Field::Body {
            return Err(Wrong::new(start, format!("the keys of `{name}` are text")));
        }
        Ok(Self { field, keys })
    }

    pub(crate) fn read<'a>(&self, record: &Record<'a>) -> Value<'a> {
        let mut keys = self.keys.iter();
        let attributes = match self.field {
            Field::Attributes => record.attributes(),
            Field::ResourceAttributes => record.resource.attributes(),
            Field::ScopeAttributes => record.scope.attributes(),
            Field::Body => {
                let Item::Log(log) = record.item else { return Value::Nil };
                return keys.try_fold(log.body().unwrap_or_default(), step).into();
            }
            field => return field.read(record),
        };
        match keys.next() {
            None => Value::Map(attributes),
            Some(Key::Name(name)) => attributes.get(name).and_then(|first| keys.try_fold(first, step)).into(),
            Some(Key::Index(_)) => Value::Nil,
        }
    }
}

/// One key further into a value.
fn step<'a>(value: ValueView<'a>, key: &Key) -> Option<ValueView<'a>> {
    match (value, key) {
        (ValueView::KvList(map), Key::Name(name)) => map.get(name),
        (ValueView::Array(list), Key::Index(index)) => list.iter().nth(*index),
        _ => None,
    }
}
