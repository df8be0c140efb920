//! Editors, on messages.

use crate::interpret::{evaluate, leave, read, write};
use crate::patterns::{glob, regex};
use crate::record::Record;
use crate::statement::{Expr, Path, Statement};
use crate::value::{Fault, Result, Value, put};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value as Any};
use std::mem::take;

pub(crate) fn run(statement: &Statement, record: &mut Record<'_>) -> Result<()> {
    let Some(Expr::Path(target)) = statement.argument("target", 0) else { panic!("{statement}: no target") };
    let value = |name, place, record: &Record<'_>| match statement.argument(name, place) {
        Some(argument) => evaluate(argument, record),
        None => Ok(Value::Nil),
    };
    let text = |name, place, record: &Record<'_>| value(name, place, record)?.text();
    match statement.editor {
        "set" => match value("value", 1, record)? {
            Value::Nil => Ok(()),
            value => write(target, record, value),
        },
        "append" => append(statement, target, record),
        "delete_key" => {
            let key = text("key", 1, record)?;
            edit(target, record, |map| map.retain(|entry| entry.key != key))
        }
        "delete_keys" => {
            let keys = texts(statement.argument("keys", 1));
            edit(target, record, |map| map.retain(|entry| !keys.contains(&entry.key)))
        }
        "delete_matching_keys" => {
            let pattern = regex(&text("pattern", 1, record)?);
            edit(target, record, |map| map.retain(|entry| !pattern.is_match(&entry.key)))
        }
        "flatten" => {
            let prefix = match value("prefix", 1, record)? {
                Value::Text(prefix) if !prefix.is_empty() => format!("{prefix}."),
                _ => String::new(),
            };
            let depth = value("depth", 2, record)?.int().unwrap_or(i64::MAX);
            edit(target, record, |map| {
                let mut flat = Vec::new();
                flatten(map, &prefix, depth, &mut flat);
                *map = flat;
            })
        }
        "keep_keys" => {
            let keys = texts(statement.argument("keys", 1));
            edit(target, record, |map| map.retain(|entry| keys.contains(&entry.key)))
        }
        "keep_matching_keys" => {
            let pattern = regex(&text("pattern", 1, record)?);
            edit(target, record, |map| map.retain(|entry| pattern.is_match(&entry.key)))
        }
        "limit" => {
            let limit = value("limit", 1, record)?.int()? as usize;
            let first = texts(statement.argument("priority_keys", 2));
            edit(target, record, |map| restrict(map, limit, &first))
        }
        "merge_maps" => {
            let source = value("source", 1, record)?.map()?;
            let strategy = value("strategy", 2, record)?.text().unwrap_or("upsert".to_owned());
            let mut map = match read(target, record)? {
                Value::Nil => Vec::new(),
                value => value.map()?,
            };
            merge(&mut map, source, &strategy);
            write(target, record, Value::Map(map))
        }
        "truncate_all" => {
            let limit = value("limit", 1, record)?.int()? as usize;
            edit(target, record, |map| each_text(map, |text| Some(shortened(text, limit))))
        }
        "replace_all_matches" => {
            let (glob, replacement) = (glob(&text("pattern", 1, record)?), text("replacement", 2, record)?);
            edit(target, record, |map| {
                each_text(map, |text| glob.is_match(text).then(|| replacement.clone()));
            })
        }
        "replace_all_patterns" => {
            let (mode, pattern) = (text("mode", 1, record)?, regex(&text("regex", 2, record)?));
            let replacement = text("replacement", 3, record)?;
            let replaced = |text: &str| pattern.replace_all(text, &*replacement).into_owned();
            edit(target, record, |map| match mode.as_str() {
                "value" => each_text(map, |text| Some(replaced(text))),
                _ if map.iter().any(|entry| pattern.is_match(&entry.key)) => {
                    let renamed = take(map).into_iter();
                    renamed
                        .for_each(|entry| put(map, &replaced(&entry.key), entry.value.unwrap_or_default()));
                }
                _ => {}
            })
        }
        "replace_match" => {
            let (glob, replacement) = (glob(&text("pattern", 1, record)?), text("replacement", 2, record)?);
            edit_text(target, record, |text| if glob.is_match(&text) { replacement } else { text })
        }
        "replace_pattern" => {
            let (pattern, replacement) = (regex(&text("regex", 1, record)?), text("replacement", 2, record)?);
            edit_text(target, record, |text| pattern.replace_all(&text, &*replacement).into_owned())
        }
        other => panic!("{other} is not known"),
    }
}

/// Edits a map. Where there is none, nothing happens but that of what repeats the first alone stays.
fn edit(target: &Path, record: &mut Record<'_>, edit: impl FnOnce(&mut Vec<KeyValue>)) -> Result<()> {
    let mut map = match read(target, record)? {
        Value::Map(map) => map,
        Value::Nil => return leave(target, record),
        _ => return Err(Fault::Fails),
    };
    edit(&mut map);
    write(target, record, Value::Map(map))
}

/// Edits a text. What is none stays, but only the first of what repeats.
fn edit_text(target: &Path, record: &mut Record<'_>, edit: impl FnOnce(String) -> String) -> Result<()> {
    match read(target, record)? {
        Value::Text(text) => write(target, record, Value::Text(edit(text))),
        _ => leave(target, record),
    }
}

/// Gives every text of a map another value.
fn each_text(map: &mut [KeyValue], other: impl Fn(&str) -> Option<String>) {
    for entry in map {
        if let Some(AnyValue { value: Some(Any::StringValue(text)) }) = &mut entry.value
            && let Some(other) = other(text)
        {
            *text = other;
        }
    }
}

fn texts(list: Option<&Expr>) -> Vec<String> {
    let Some(Expr::List(values)) = list else { return Vec::new() };
    let text = |value: &Expr| if let Expr::Text(text) = value { text.clone() } else { panic!("{value}") };
    values.iter().map(text).collect()
}

/// The first entries of the keys that go first stay, then as many others as there is room for, in order.
fn restrict(map: &mut Vec<KeyValue>, limit: usize, first: &[String]) {
    if map.len() <= limit {
        return;
    }
    let is_there = |key: &&String| map.iter().any(|entry| entry.key == **key);
    let mut room = limit - first.iter().filter(is_there).count();
    let mut seen: Vec<String> = Vec::new();
    map.retain(|entry| {
        if first.contains(&entry.key) {
            let is_first = !seen.contains(&entry.key);
            seen.push(entry.key.clone());
            return is_first;
        }
        let stays = room > 0;
        room = room.saturating_sub(1);
        stays
    });
}

fn flatten(map: &[KeyValue], prefix: &str, depth: i64, flat: &mut Vec<KeyValue>) {
    for entry in map {
        flatten_value(format!("{prefix}{}", entry.key), entry.value.clone().unwrap_or_default(), depth, flat);
    }
}

fn flatten_value(key: String, value: AnyValue, depth: i64, flat: &mut Vec<KeyValue>) {
    match value.value {
        Some(Any::KvlistValue(map)) if depth > 0 => flatten(&map.values, &format!("{key}."), depth - 1, flat),
        Some(Any::ArrayValue(list)) if depth > 0 => {
            for (index, value) in list.values.into_iter().enumerate() {
                flatten_value(format!("{key}.{index}"), value, depth - 1, flat);
            }
        }
        value => put(flat, &key, AnyValue { value }),
    }
}

fn merge(map: &mut Vec<KeyValue>, source: Vec<KeyValue>, strategy: &str) {
    for KeyValue { key, value, .. } in source {
        let is_there = map.iter().any(|entry| entry.key == key);
        if strategy == "upsert" || (strategy == "insert") != is_there {
            put(map, &key, value.unwrap_or_default());
        }
    }
}

/// At most so many bytes, and no part of a character.
fn shortened(text: &str, limit: usize) -> String {
    let mut short = String::new();
    for character in text.chars() {
        if short.len() + character.len_utf8() > limit {
            break;
        }
        short.push(character);
    }
    short
}

/// A list with more at its end: of a list, its values; of nil, nothing.
fn append(statement: &Statement, target: &Path, record: &mut Record<'_>) -> Result<()> {
    let mut list = Vec::new();
    let mut add = |value: Value| {
        match value {
            Value::Nil => {}
            Value::List(values) => list.extend(values),
            value => list.push(value.store()?),
        }
        Ok(())
    };
    add(read(target, record)?)?;
    for (name, place) in [("value", 1), ("values", 2)] {
        if let Some(value) = statement.argument(name, place) {
            add(evaluate(value, record)?)?;
        }
    }
    write(target, record, Value::List(list))
}
