//! Fields of a record: what they come from, and what they are made into.

use super::{
    cast::Type,
    constant::Constant,
    refusal::{Reason, Refusal},
};
use smallvec::SmallVec;
use tidewatch_otlp::{
    edit::Arena,
    views::{AttributesView, ValueView},
    write::MapWriter,
};

/// The fields of one record, in order.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(SmallVec<[(&'a str, ValueView<'a>); 16]>);

impl<'a> Fields<'a> {
    /// Those of a map, in place of what was there.
    pub(super) fn refill(&mut self, map: AttributesView<'a>) {
        self.0.clear();
        self.0.extend(map.iter());
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
    pub(super) as_: Option<Type>,
    pub(super) default: Option<Instead>,
    /// Instead of what is not valid; none: the record is refused.
    pub(super) invalid: Option<Instead>,
    pub(super) required: bool,
    pub(super) one_of: Vec<Constant>,
}

/// A value that stands for one that is not there.
#[derive(Debug)]
pub(super) enum Instead {
    Constant(Constant),
    /// The time of the agent's clock.
    Now,
}

impl Field {
    /// The value, if there is one, and whether it stands for one that is not valid. `now` is the agent's clock.
    pub(super) fn read<'a>(
        &'a self,
        record: &Fields<'a>,
        now: u64,
        arena: &'a Arena,
    ) -> Result<Option<(ValueView<'a>, bool)>, Refusal> {
        let there = |name| record.find(name).filter(|value| !self.is_blank(*value));
        let found = self.from.iter().find_map(|name| Some((name, there(name)?)));
        let Some((name, value)) = found else {
            return match &self.default {
                Some(default) => Ok(Some((self.instead(default, now, arena), false))),
                None if self.required => {
                    Err(Refusal::of_field(Reason::MissingField, &self.from[0], "is missing"))
                }
                None => Ok(None),
            };
        };
        match (self.accept(value, now, arena), &self.invalid) {
            (Ok(value), _) => Ok(Some((value, false))),
            (Err(_), Some(invalid)) => Ok(Some((self.instead(invalid, now, arena), true))),
            (Err(reason), None) => Err(Refusal::of_field(reason, name, self.wrong(reason))),
        }
    }

    fn instead<'a>(&self, instead: &'a Instead, now: u64, arena: &'a Arena) -> ValueView<'a> {
        match (instead, &self.as_) {
            (Instead::Constant(constant), _) => constant.view(),
            (Instead::Now, Some(Type::Time(form))) => ValueView::Str(form.write(now, arena)),
            (Instead::Now, _) => ValueView::Empty,
        }
    }

    /// Whether it is a text without anything in it where something else than text is wanted: an empty cell of a table,
    /// or a group of an expression that took no part. That is as good as nothing.
    fn is_blank(&self, value: ValueView<'_>) -> bool {
        let wants_text = matches!(self.as_, None | Some(Type::String));
        !wants_text && matches!(value, ValueView::Str(text) if text.trim().is_empty())
    }

    fn accept<'a>(&self, value: ValueView<'a>, now: u64, arena: &'a Arena) -> Result<ValueView<'a>, Reason> {
        let value = match &self.as_ {
            None => value,
            Some(as_) => as_.cast(value, now, arena).ok_or(match as_ {
                Type::Bool => Reason::NotABoolean,
                Type::Time(_) => Reason::NoTime,
                Type::Double | Type::Int | Type::String => Reason::NotANumber,
            })?,
        };
        let allowed = self.one_of.is_empty() || self.one_of.iter().any(|one| one.is(value));
        if allowed { Ok(value) } else { Err(Reason::NotAllowed) }
    }

    fn wrong(&self, reason: Reason) -> String {
        match (reason, &self.as_) {
            (Reason::NotAllowed, _) | (_, None) => {
                let values: Vec<_> = self.one_of.iter().map(|one| one.view().to_string()).collect();
                format!("is none of {}", values.join(", "))
            }
            (_, Some(as_)) => format!("is not {}", as_.name()),
        }
    }
}
