//! Editors of maps: attributes, bodies, and maps in them.

use super::{Editor, Function, editor};
use crate::{Failure, RecordMut, Value, arguments::Arguments, error::Wrong, node::Node, path::Path};
use std::sync::Arc;
use tidewatch_otlp::{edit::Arena, views::AttributesView};

pub(super) static TABLE: &[Function] = &[editor("delete_key", &["target", "key"], delete_key)];

#[derive(Debug)]
struct DeleteKey {
    target: Path,
    key: Node,
}

fn delete_key(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    Ok(Arc::new(DeleteKey { target: arguments.path("target")?, key: arguments.value("key")? }))
}

impl Editor for DeleteKey {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let key = match self.key.evaluate(&record.read())? {
            Value::Text(key) => key,
            other => return Err(Failure::expected("a key that is text", &other)),
        };
        edit_map(&self.target, record, |map, arena| Ok(map.without(key, arena)))
    }
}

/// Replaces a map by what `edit` makes of it. Where there is none, nothing happens.
fn edit_map<'a>(
    target: &'a Path,
    record: &mut RecordMut<'_, 'a>,
    edit: impl FnOnce(AttributesView<'a>, &'a Arena) -> Result<AttributesView<'a>, Failure>,
) -> Result<(), Failure> {
    let map = match target.read(&record.read())? {
        Value::Map(map) => map,
        Value::Nil => return Ok(()),
        other => return Err(Failure::expected("a map", &other)),
    };
    let edited = edit(map, record.arena)?;
    if std::ptr::eq(edited.bytes(), map.bytes()) && !target.is_repeated(&record.read())? {
        return Ok(());
    }
    target.write(record, Value::Map(edited))
}
