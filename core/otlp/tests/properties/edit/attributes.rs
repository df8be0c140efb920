//! Attributes and values.

use prost::Message;
use tidewatch_otlp::edit::{Arena, Entry};
use tidewatch_otlp::proto::common::v1::{AnyValue, KeyValue, KeyValueList};
use tidewatch_otlp::views::{AttributesView, ValueView};

use super::plan::Change;

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
    }
}

pub(super) fn edit(change: &Change, now: &mut Vec<KeyValue>, resource: &[KeyValue]) {
    let entry = |key: &str, value: &AnyValue| KeyValue {
        key: key.to_owned(),
        value: Some(value.clone()),
        ..KeyValue::default()
    };
    match change {
        Change::With(key, value) => match now.iter().position(|entry| entry.key == *key) {
            Some(first) => {
                now[first] = entry(key, value);
                let mut index = 0;
                now.retain(|entry| {
                    index += 1;
                    index <= first + 1 || entry.key != *key
                });
            }
            None => now.push(entry(key, value)),
        },
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
    }
}
