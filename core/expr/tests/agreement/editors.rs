//! Editors, on messages.

use crate::interpret::{evaluate, leave, read, write};
use crate::patterns::{glob, regex};
use crate::record::{Item, Record};
use crate::statement::{Expr, Path, Statement};
use crate::value::{Fault, Result, Value, put};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::metrics::v1::{Gauge, Sum, metric::Data};
use std::mem::take;

pub(crate) fn run(statement: &Statement, record: &mut Record<'_>) -> Result<()> {
    if statement.editor.starts_with("convert_") {
        convert(statement, record);
        return Ok(());
    }
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
        "delete_index" => {
            let Value::List(mut list) = read(target, record)? else { return Err(Fault::Fails) };
            let start = value("start_index", 1, record)?.int()?;
            let end = match statement.argument("end_index", 2) {
                Some(end) => evaluate(end, record)?.int()?,
                None => start.saturating_add(1),
            };
            let length = list.len() as i64;
            if !(0 <= start && start <= end && end <= length) {
                return Err(Fault::Fails);
            }
            list.drain(start as usize..end as usize);
            write(target, record, Value::List(list))
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
        "stringify_all" => {
            let Value::Map(mut map) = read(target, record)? else { return edit(target, record, |_| ()) };
            for entry in &mut map {
                let shown = match Value::of(entry.value.as_ref()) {
                    // Unlike the converter `String`, which writes them in hexadecimal.
                    Value::Bytes(bytes) => STANDARD.encode(bytes),
                    value => value.shown()?.unwrap_or_default(),
                };
                entry.value = Some(Value::Text(shown).store()?);
            }
            write(target, record, Value::Map(map))
        }
        "truncate_all" => {
            let limit = value("limit", 1, record)?.int()? as usize;
            let marker = value("truncation_marker", 3, record)?.text().unwrap_or_default();
            edit(target, record, |map| each_text(map, |text| shortened(text, limit, &marker)))
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
        flatten_value(
            &format!("{prefix}{}", entry.key),
            entry.value.clone().unwrap_or_default(),
            depth,
            flat,
        );
    }
}

fn flatten_value(key: &str, value: AnyValue, depth: i64, flat: &mut Vec<KeyValue>) {
    match value.value {
        Some(Any::KvlistValue(map)) if depth > 0 => flatten(&map.values, &format!("{key}."), depth - 1, flat),
        Some(Any::ArrayValue(list)) if depth > 0 => {
            for (index, value) in list.values.into_iter().enumerate() {
                flatten_value(&format!("{key}.{index}"), value, depth - 1, flat);
            }
        }
        value => put(flat, key, AnyValue { value }),
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

/// At most so many bytes, the marker among them, and no part of a character. None: it is that short.
fn shortened(text: &str, limit: usize, marker: &str) -> Option<String> {
    let mut short = String::new();
    for character in text.chars() {
        if short.len() + character.len_utf8() + marker.len() > limit {
            break;
        }
        short.push(character);
    }
    (text.len() > limit).then(|| short + marker)
}

/// Metrics of another kind stay.
fn convert(statement: &Statement, record: &mut Record<'_>) {
    let Item::Metric(metric) = &mut record.item else { panic!("{statement} is for metrics") };
    let text = |name| match statement.argument(name, 0) {
        Some(Expr::Text(text)) => text.as_str(),
        _ => "",
    };
    match (statement.editor, &mut metric.data) {
        ("convert_sum_to_gauge", Some(Data::Sum(sum))) => {
            metric.data = Some(Data::Gauge(Gauge { data_points: take(&mut sum.data_points) }));
        }
        ("convert_gauge_to_sum", Some(Data::Gauge(gauge))) => {
            metric.data = Some(Data::Sum(Sum {
                data_points: take(&mut gauge.data_points),
                aggregation_temporality: if text("aggregation_temporality") == "delta" { 1 } else { 2 },
                is_monotonic: matches!(statement.argument("is_monotonic", 1), Some(Expr::Bool(true))),
            }));
        }
        _ => {}
    }
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
