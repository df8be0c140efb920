//! Attributes and values.

use prost::Message;
use tidewatch_otlp::edit::{Arena, Entries, Entry};
use tidewatch_otlp::proto::common::v1::{AnyValue, KeyValue, KeyValueList};
use tidewatch_otlp::views::{AttributesView, ValueView};

use super::plan::{Change, Step};

pub(super) fn view<'a>(value: &AnyValue, arena: &'a Arena) -> ValueView<'a> {
    ValueView::of_any_value(arena.bytes(&value.encode_to_vec()))
}

pub(super) fn edited<'a>(
    change: &Change,
    now: AttributesView<'a>,
    resource: AttributesView<'a>,
    arena: &'a Arena,
) -> AttributesView<'a> {
    match change {
        Change::With(key, value) => now.with(key, view(value, arena), arena),
        Change::And(key, value) => now.and(key, view(value, arena), arena),
        Change::AndAll(more) => {
            let more = KeyValueList { values: more.clone() };
            now.and_all(AttributesView::of_map(arena.bytes(&more.encode_to_vec())), arena)
        }
        Change::Without(key) => now.without(key, arena),
        Change::Rename(from, to) => {
            now.edited(arena, |key, _| if key == from { Entry::Rename(to) } else { Entry::Keep })
        }
        Change::Replace(key, value) => {
            let value = view(value, arena);
            now.edited(arena, |other, _| if other == key { Entry::Replace(value) } else { Entry::Keep })
        }
        Change::OfResource => resource,
        Change::Several(steps) => {
            let mut entries = Entries::default();
            entries.load(now);
            steps.iter().for_each(|step| take(step, &mut entries, arena));
            entries.store(arena)
        }
    }
}

fn take<'a>(step: &Step, entries: &mut Entries<'a>, arena: &'a Arena) {
    let bytes = |value: &AnyValue| arena.bytes(&value.encode_to_vec());
    match step {
        Step::Set(key, value) => entries.set(arena.text(key), bytes(value)),
        Step::Move(from, to) => {
            if let Some(value) = entries.get(from) {
                entries.set(arena.text(to), value);
                entries.remove(from);
            }
        }
        Step::Remove(key) => entries.remove(key),
        Step::Retain(key) => entries.retain(|other| other == key),
        Step::Replace(key, value) => entries.replace(|other, _| (other == key).then(|| bytes(value))),
    }
}

pub(super) fn edit(change: &Change, now: &mut Vec<KeyValue>, resource: &[KeyValue]) {
    let entry = |key: &str, value: &AnyValue| KeyValue {
        key: key.to_owned(),
        value: Some(value.clone()),
        ..KeyValue::default()
    };
    match change {
        Change::With(key, value) => set(now, entry(key, value)),
        Change::And(key, value) => now.push(entry(key, value)),
        Change::AndAll(more) => now.extend(more.iter().cloned()),
        Change::Without(key) => now.retain(|entry| entry.key != *key),
        Change::Rename(from, to) => {
            let found = now.iter_mut().filter(|entry| entry.key == *from);
            found.for_each(|entry| entry.key.clone_from(to));
        }
        Change::Replace(key, value) => {
            let found = now.iter_mut().filter(|entry| entry.key == *key);
            found.for_each(|found| *found = entry(key, value));
        }
        Change::OfResource => *now = resource.to_vec(),
        Change::Several(steps) => steps.iter().for_each(|step| take_on_messages(step, now)),
    }
}

/// In the place of the first of its key, which stays if it has this value; others of it go.
fn set_another(now: &mut Vec<KeyValue>, mut another: KeyValue) {
    let first = now.iter().find(|entry| entry.key == another.key);
    if let Some(first) = first
        .filter(|first| first.value.clone().unwrap_or_default() == another.value.clone().unwrap_or_default())
    {
        another = first.clone();
    }
    set(now, another);
}

/// In the place of the first of its key; others of it go.
fn set(now: &mut Vec<KeyValue>, set: KeyValue) {
    let Some(first) = now.iter().position(|entry| entry.key == set.key) else { return now.push(set) };
    let mut index = 0;
    now.retain(|entry| {
        index += 1;
        index <= first + 1 || entry.key != set.key
    });
    now[first] = set;
}

fn take_on_messages(step: &Step, now: &mut Vec<KeyValue>) {
    let entry = |key: &String, value: Option<AnyValue>| KeyValue {
        key: key.clone(),
        // It is set to its bytes, of which there may be none.
        value: Some(value.unwrap_or_default()),
        ..KeyValue::default()
    };
    match step {
        Step::Set(key, value) => set_another(now, entry(key, Some(value.clone()))),
        Step::Move(from, to) => {
            if let Some(found) = now.iter().find(|entry| entry.key == *from) {
                let moved = entry(to, found.value.clone());
                set_another(now, moved);
                now.retain(|entry| entry.key != *from);
            }
        }
        Step::Remove(key) => now.retain(|entry| entry.key != *key),
        Step::Retain(key) => now.retain(|entry| entry.key == *key),
        Step::Replace(key, value) => {
            let found = now.iter_mut().filter(|entry| entry.key == *key);
            found.for_each(|found| *found = entry(key, Some(value.clone())));
        }
    }
}
