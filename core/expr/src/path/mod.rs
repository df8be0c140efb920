//! Paths: which fields a statement can name, and how they are read and written.

mod context;
mod field;
mod keys;
mod read;
mod write;

pub use context::Context;
pub(crate) use keys::{Key, follow};

use crate::{Failure, Record, RecordMut, Value, error::Wrong};
use field::Field;

/// Which paths there are: those of a context, of which its own may have to start with its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    pub(crate) context: Context,
    pub(crate) prefixed: bool,
}

/// A field of an item or of what it belongs to, or a part of it.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    /// Whose field it is.
    owner: Context,
    field: Field,
    keys: Vec<Key>,
}

impl Path {
    /// `name` stands at `start` of its text.
    pub(crate) fn resolve(name: &str, keys: Vec<Key>, names: Names, start: usize) -> Result<Self, Wrong> {
        let Names { context, prefixed } = names;
        let (owner, field) = context.find(name, prefixed).ok_or_else(|| {
            let message = match context.elsewhere(name) {
                Some(other) => {
                    format!("`{name}` is a path of a {}, not of a {}", other.name(), context.name())
                }
                None => format!("unknown path `{name}`"),
            };
            let wrong = Wrong::new(start, message);
            if prefixed && context.find(name, false).is_some() {
                return wrong.help(format!("without `context`, it is `{}.{name}`", context.name()));
            }
            wrong.nearest(context.without_prefix(name), context.paths())
        })?;
        if !keys.is_empty() && !field.has_keys() {
            return Err(Wrong::new(start, format!("`{name}` has no keys")));
        }
        if matches!(keys.first(), Some(Key::Index(_))) && field != Field::Body {
            return Err(Wrong::new(start, format!("the keys of `{name}` are text")));
        }
        Ok(Self { owner, field, keys })
    }

    /// The value, [`Value::Nil`] where there is none.
    pub(crate) fn read<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let whole = self.field.read(self.owner, record);
        if self.keys.is_empty() { Ok(whole) } else { follow(whole, &self.keys, record) }
    }

    /// Leaves its value as it is. Only the first is read of what is there more than once, and a write leaves that one
    /// alone: so does an edit that finds nothing to change in it, since another one may hold what was to go.
    pub(crate) fn leave<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let whole = self.field.read(self.owner, &record.read());
        match keys::firsts(whole, &self.keys, &record.read())? {
            Some(whole) => self.field.write(self.owner, record, whole),
            None => Ok(()),
        }
    }

    /// Whether it can be set; whatever has keys can.
    pub(crate) fn is_settable(&self) -> bool {
        self.field.is_settable()
    }

    /// Sets the field, or the part of it that the keys name.
    pub(crate) fn write<'a>(
        &'a self,
        record: &mut RecordMut<'_, 'a>,
        value: Value<'a>,
    ) -> Result<(), Failure> {
        let value = if self.keys.is_empty() {
            value
        } else {
            let whole = self.field.read(self.owner, &record.read());
            keys::replace(whole, &self.keys, value, &record.read())?
        };
        self.field.write(self.owner, record, value)
    }
}
