//! Text.

use super::{Converter, Function, plain, special};
use crate::{Failure, Record, Value, arguments::Arguments, error::Wrong, node::Node};
use regex::Regex;
use std::sync::Arc;
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] =
    &[special("IsMatch", &["target", "pattern"], is_match), plain("Len", &["target"], len)];

/// `IsMatch` with a pattern that is known.
#[derive(Debug)]
struct IsMatch {
    target: Node,
    pattern: Regex,
}

fn is_match(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let offset = arguments.offset_of("pattern");
    let pattern = arguments.text("pattern")?;
    let pattern = Regex::new(&pattern).map_err(|error| Wrong::new(offset, error.to_string()))?;
    Ok(Arc::new(IsMatch { target: arguments.value("target")?, pattern }))
}

impl Converter for IsMatch {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let target = self.target.evaluate(record)?;
        Ok(Value::Bool(target.as_str().is_some_and(|text| self.pattern.is_match(text))))
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
