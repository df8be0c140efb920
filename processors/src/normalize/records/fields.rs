//! Fields of a record: what they come from, and what they are made into.

use super::{
    cast::cast,
    constant::Constant,
    refusal::{Reason, Refusal},
};
use crate::normalize::config::Cast;
use tidewatch_otlp::{
    edit::Arena,
    views::{AttributesView, ValueView},
    write::MapWriter,
};

/// The fields of one record, in order.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(&'a str, ValueView<'a>)>);

impl<'a> Fields<'a> {
    /// Those of a map, in place of what was there.
    pub(super) fn refill(&mut self, map: AttributesView<'a>) {
        self.0.clear();
        self.0.extend(map.iter());
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A value that is there and is not null.
    pub(super) fn get(&self, name: &str) -> Option<ValueView<'a>> {
        let found = self.0.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| *value).filter(|value| !matches!(value, ValueView::Empty))
    }

    /// The same; where there is no such field, dots lead into maps.
    pub(super) fn find(&self, name: &str) -> Option<ValueView<'a>> {
        self.get(name).or_else(|| {
            let (owner, rest) = name.split_once('.')?;
            within(self.get(owner)?, rest)
        })
    }

    pub(super) fn push(&mut self, name: &'a str, value: ValueView<'a>) {
        self.0.push((name, value));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| *key != name);
    }

    pub(super) fn as_slice(&self) -> &[(&'a str, ValueView<'a>)] {
        &self.0
    }

    /// As a map.
    pub(super) fn to_map(&self, arena: &'a Arena) -> AttributesView<'a> {
        AttributesView::of_map(arena.write(|out| {
            let mut map = MapWriter::new(1, out);
            self.0.iter().for_each(|(name, value)| map.copy(name, *value));
        }))
    }
}

fn within<'a>(value: ValueView<'a>, name: &str) -> Option<ValueView<'a>> {
    let ValueView::KvList(map) = value else { return None };
    if let Some(value) = map.get(name) {
        return Some(value).filter(|value| !matches!(value, ValueView::Empty));
    }
    let (owner, rest) = name.split_once('.')?;
    within(map.get(owner)?, rest)
}

/// A field of the result.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// Never empty.
    pub(super) from: Vec<String>,
    pub(super) as_: Option<Cast>,
    pub(super) default: Option<Constant>,
    /// Instead of what is not valid; none: the record is refused.
    pub(super) invalid: Option<Constant>,
    pub(super) required: bool,
    pub(super) one_of: Vec<Constant>,
}

impl Field {
    /// The value, if there is one, and whether it stands for one that is not valid.
    pub(super) fn read<'a>(
        &'a self,
        record: &Fields<'a>,
        arena: &'a Arena,
    ) -> Result<Option<(ValueView<'a>, bool)>, Refusal> {
        let found = self.from.iter().find_map(|name| Some((name, record.find(name)?)));
        let Some((name, value)) = found else {
            return match &self.default {
                Some(default) => Ok(Some((default.view(), false))),
                None if self.required => {
                    Err(Refusal::of_field(Reason::MissingField, &self.from[0], "is missing"))
                }
                None => Ok(None),
            };
        };
        match (self.accept(value, arena), &self.invalid) {
            (Ok(value), _) => Ok(Some((value, false))),
            (Err(_), Some(instead)) => Ok(Some((instead.view(), true))),
            (Err(reason), None) => Err(Refusal::of_field(reason, name, self.wrong(reason))),
        }
    }

    fn accept<'a>(&self, value: ValueView<'a>, arena: &'a Arena) -> Result<ValueView<'a>, Reason> {
        let value = match self.as_ {
            None => value,
            Some(as_) => cast(value, as_, arena).ok_or(match as_ {
                Cast::Bool => Reason::NotABoolean,
                Cast::Double | Cast::Int | Cast::String => Reason::NotANumber,
            })?,
        };
        let allowed = self.one_of.is_empty() || self.one_of.iter().any(|one| one.is(value));
        if allowed { Ok(value) } else { Err(Reason::NotAllowed) }
    }

    fn wrong(&self, reason: Reason) -> String {
        match (reason, self.as_) {
            (Reason::NotAllowed, _) => {
                let values: Vec<_> = self.one_of.iter().map(|one| one.view().to_string()).collect();
                format!("is none of {}", values.join(", "))
            }
            (_, Some(Cast::Int)) => "is not a whole number".into(),
            (_, Some(Cast::Bool)) => "is not a boolean".into(),
            _ => "is not a number".into(),
        }
    }
}
