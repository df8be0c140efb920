//! Editors, on messages.

use crate::interpret::{evaluate, read, write};
use crate::record::Record;
use crate::statement::{Expr, Path, Statement};
use crate::value::{Fault, Result, Value};
use opentelemetry_proto::tonic::common::v1::KeyValue;

pub(crate) fn run(statement: &Statement, record: &mut Record<'_>) -> Result<()> {
    let Some(Expr::Path(target)) = statement.argument("target", 0) else { panic!("{statement}: no target") };
    let value = |name, place| match statement.argument(name, place) {
        Some(argument) => evaluate(argument, record),
        None => Ok(Value::Nil),
    };
    match statement.editor {
        "set" => match value("value", 1)? {
            Value::Nil => Ok(()),
            value => write(target, record, value),
        },
        "delete_key" => {
            let key = value("key", 1)?.text()?;
            edit(target, record, |map| map.retain(|entry| entry.key != key))
        }
        other => panic!("{other} is not known"),
    }
}

/// Edits a map. Where there is none, nothing happens.
fn edit(target: &Path, record: &mut Record<'_>, edit: impl FnOnce(&mut Vec<KeyValue>)) -> Result<()> {
    let mut map = match read(target, record)? {
        Value::Map(map) => map,
        Value::Nil => return Ok(()),
        _ => return Err(Fault),
    };
    edit(&mut map);
    write(target, record, Value::Map(map))
}
