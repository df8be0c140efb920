//! Lists and maps, and what is in them.

use super::{Converter, Function, plain, special};
use crate::{
    Failure, Record, Value, arguments::Arguments, error::Wrong, limits::fits, node::Node, text::text, value,
};
use std::sync::Arc;
use tidewatch_otlp::{
    edit::{Arena, Entry},
    views::{ArrayView, AttributesView, ValueView},
    write::{ListWriter, MapWriter},
};

pub(super) static TABLE: &[Function] = &[
    special("Coalesce", &["values"], coalesce),
    plain("ContainsValue", &["target", "item"], |values, _| {
        Ok(Value::Bool(position(list(&values[0])?, &values[1]).is_some()))
    }),
    plain("Index", &["target", "value"], index),
    plain("Keys", &["target"], keys),
    plain("Len", &["target"], len),
    special("SliceToMap", &["target", "key_path?", "value_path?"], slice_to_map),
    plain("Values", &["target"], values_of),
    special("Without", &["target", "keys"], without),
];

pub(super) fn list<'a>(value: &Value<'a>) -> Result<ArrayView<'a>, Failure> {
    match value {
        Value::List(list) => Ok(*list),
        other => Err(Failure::expected("a list", other)),
    }
}

pub(super) fn map<'a>(value: &Value<'a>) -> Result<AttributesView<'a>, Failure> {
    match value {
        Value::Map(map) => Ok(*map),
        other => Err(Failure::expected("a map", other)),
    }
}

fn position(list: ArrayView<'_>, item: &Value<'_>) -> Option<usize> {
    let item = item.to_view()?;
    list.iter().position(|value| value::same(value, item))
}

fn index<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let found = match values[0] {
        Value::Text(target) => target.find(text(&values[1])?),
        Value::List(list) => position(list, &values[1]),
        other => return Err(Failure::expected("text or a list", &other)),
    };
    Ok(Value::Int(found.map_or(-1, |index| index as i64)))
}

/// The map without some of its keys: `delete_keys`, where nothing is to be changed.
#[derive(Debug)]
struct Without {
    target: Node,
    keys: Vec<String>,
}

fn without(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    Ok(Arc::new(Without { target: arguments.value("target")?, keys: arguments.texts("keys")? }))
}

impl Converter for Without {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let target = map(&self.target.evaluate(record)?)?;
        let each = |key: &str, _: ValueView<'_>| {
            if self.keys.iter().any(|gone| gone == key) { Entry::Drop } else { Entry::Keep }
        };
        Ok(Value::Map(target.edited(record.arena, each)))
    }
}

fn len<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let length = match &values[0] {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.iter().count(),
        Value::Map(map) => map.iter().count(),
        other => return Err(Failure::expected("text, a list or a map", other)),
    };
    Ok(Value::Int(length as i64))
}

fn keys<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let map = map(&values[0])?;
    let bytes = arena.write(|out| {
        let mut list = ListWriter::new(out);
        map.iter().for_each(|(key, _)| list.put(key));
    });
    Ok(Value::List(ArrayView::of_list(bytes)))
}

fn values_of<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let map = map(&values[0])?;
    let bytes = arena.write(|out| {
        let mut list = ListWriter::new(out);
        map.iter().for_each(|(_, value)| list.put(value));
    });
    Ok(Value::List(ArrayView::of_list(bytes)))
}

/// The first value that is there; those behind it are not looked at.
#[derive(Debug)]
struct Coalesce(Vec<Node>);

fn coalesce(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let offset = arguments.offset_of("values");
    match arguments.optional_list("values")? {
        Some(values) if !values.is_empty() => Ok(Arc::new(Coalesce(values))),
        _ => Err(Wrong::new(offset, "`Coalesce` needs at least one value")),
    }
}

impl Converter for Coalesce {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        for node in &self.0 {
            let value = node.evaluate(record)?;
            if !value.is_nil() {
                return Ok(value);
            }
        }
        Ok(Value::Nil)
    }
}

#[derive(Debug)]
struct SliceToMap {
    target: Node,
    /// None: the index is the key.
    key: Option<Vec<String>>,
    /// None: the whole is the value.
    value: Vec<String>,
}

fn slice_to_map(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let key = if arguments.is_given("key_path") { Some(arguments.texts("key_path")?) } else { None };
    let value = if arguments.is_given("value_path") { arguments.texts("value_path")? } else { Vec::new() };
    Ok(Arc::new(SliceToMap { target: arguments.value("target")?, key, value }))
}

impl Converter for SliceToMap {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let target = self.target.evaluate(record)?;
        let target = list(&target)?;
        fits(target.bytes().len().saturating_mul(2))?;
        let mut result = Ok(());
        let bytes = record.arena.write(|out| {
            let mut map = MapWriter::new(1, out);
            result = self.put(target, &mut map);
            map.keep_last();
        });
        result.map(|()| Value::Map(AttributesView::of_map(bytes)))
    }
}

impl SliceToMap {
    fn put(&self, target: ArrayView<'_>, map: &mut MapWriter<'_>) -> Result<(), Failure> {
        for (index, item) in target.iter().enumerate() {
            let value = inside(item, &self.value)
                .ok_or_else(|| Failure::new(format!("item {index} has no value at `value_path`")))?;
            match &self.key {
                None => map.put(&index.to_string(), value),
                Some(path) => match inside(item, path) {
                    Some(ValueView::Str(key)) => map.put(key, value),
                    _ => {
                        let message = format!("item {index} has no text at `key_path`");
                        return Err(Failure::new(message));
                    }
                },
            }
        }
        Ok(())
    }
}

fn inside<'v>(value: ValueView<'v>, path: &[String]) -> Option<ValueView<'v>> {
    path.iter().try_fold(value, |value, key| match value {
        ValueView::KvList(map) => map.get(key),
        _ => None,
    })
}
