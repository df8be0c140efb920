//! Text.

use super::{Converter, Function, plain, special};
use crate::{
    Failure, Record, Value,
    arguments::Arguments,
    error::Wrong,
    limits::fits,
    node::Node,
    pattern::Pattern,
    text::{put, text, text_of},
};
use std::sync::Arc;
use tidewatch_otlp::{edit::Arena, views::ArrayView, write::ListWriter};

pub(super) static TABLE: &[Function] = &[
    special("Concat", &["values", "delimiter"], concat),
    plain("HasPrefix", &["value", "prefix"], |values, _| {
        Ok(Value::Bool(text(&values[0])?.starts_with(text(&values[1])?)))
    }),
    plain("HasSuffix", &["value", "suffix"], |values, _| {
        Ok(Value::Bool(text(&values[0])?.ends_with(text(&values[1])?)))
    }),
    special("IsMatch", &["target", "pattern"], is_match),
    plain("Split", &["target", "delimiter"], split),
    plain("Substring", &["target", "start", "length", "utf8_safe?"], substring),
    plain("Trim", &["target", "replacement?"], |values, _| {
        let around = if values[1].is_nil() { " " } else { text(&values[1])? };
        Ok(Value::Text(text(&values[0])?.trim_matches(|c| around.contains(c))))
    }),
    plain("TrimPrefix", &["value", "prefix"], |values, _| {
        let value = text(&values[0])?;
        Ok(Value::Text(value.strip_prefix(text(&values[1])?).unwrap_or(value)))
    }),
    plain("TrimSuffix", &["value", "suffix"], |values, _| {
        let value = text(&values[0])?;
        Ok(Value::Text(value.strip_suffix(text(&values[1])?).unwrap_or(value)))
    }),
];

/// Nil matches nothing; what is no text is matched as one.
#[derive(Debug)]
struct IsMatch {
    target: Node,
    pattern: Pattern,
}

fn is_match(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let pattern = Pattern::argument(arguments, "pattern")?;
    Ok(Arc::new(IsMatch { target: arguments.value("target")?, pattern }))
}

impl Converter for IsMatch {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let target = self.target.evaluate(record)?;
        let Some(target) = text_of(&target, record.arena)? else { return Ok(Value::Bool(false)) };
        self.pattern.with(record, |regex| Value::Bool(regex.is_match(target)))
    }
}

/// A list that is written out may hold what no list in telemetry can: times.
#[derive(Debug)]
enum Concat {
    Written { values: Vec<Node>, delimiter: Node },
    Computed { list: Node, delimiter: Node },
}

fn concat(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let offset = arguments.offset_of("values");
    let (list, delimiter) = (arguments.value("values")?, arguments.value("delimiter")?);
    Ok(Arc::new(match list {
        Node::List(values) => Concat::Written { values, delimiter },
        Node::Path(_) | Node::Call(_) | Node::Index(..) => Concat::Computed { list, delimiter },
        _ => return Err(Wrong::new(offset, r#"`values` is a list: `["a", "b"]`"#)),
    }))
}

impl Converter for Concat {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let (Self::Written { delimiter, .. } | Self::Computed { delimiter, .. }) = self;
        let delimiter = delimiter.evaluate(record)?;
        let mut joined = Joined { delimiter: text(&delimiter)?, text: None };
        match self {
            Self::Written { values, .. } => {
                values.iter().try_for_each(|node| joined.push(&node.evaluate(record)?))?;
            }
            Self::Computed { list, .. } => match list.evaluate(record)? {
                Value::List(list) => list.iter().try_for_each(|value| joined.push(&value.into()))?,
                other => return Err(Failure::expected("a list", &other)),
            },
        }
        Ok(Value::Text(record.arena.text(&joined.text.unwrap_or_default())))
    }
}

struct Joined<'d> {
    delimiter: &'d str,
    text: Option<String>,
}

impl Joined<'_> {
    /// Nil becomes `<nil>`, as in the Collector.
    fn push(&mut self, value: &Value<'_>) -> Result<(), Failure> {
        if let Some(text) = &mut self.text {
            text.push_str(self.delimiter);
        }
        let text = self.text.get_or_insert_default();
        match value {
            Value::Nil => text.push_str("<nil>"),
            value => put(value, text)?,
        }
        fits(text.len())
    }
}

fn split<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let (target, delimiter) = (text(&values[0])?, text(&values[1])?);
    let parts = if delimiter.is_empty() { target.len() } else { target.matches(delimiter).count() + 1 };
    // A part's length and kind take up to twelve bytes.
    fits(target.len() + parts.saturating_mul(12))?;
    let bytes = arena.write(|out| {
        let mut list = ListWriter::new(out);
        if delimiter.is_empty() {
            // As in Go: its characters.
            let mut buffer = [0; 4];
            target.chars().for_each(|c| list.put(&*c.encode_utf8(&mut buffer)));
        } else {
            target.split(delimiter).for_each(|part| list.put(part));
        }
    });
    Ok(Value::List(ArrayView::of_list(bytes)))
}

/// Offsets are bytes. No character is cut: what would begin within one begins after it, what would end within one
/// ends before it. So `utf8_safe` changes nothing.
fn substring<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let target = text(&values[0])?;
    if !matches!(values[3], Value::Nil | Value::Bool(_)) {
        return Err(Failure::expected("`utf8_safe` as true or false", &values[3]));
    }
    let offset = |value: &Value<'_>| match value {
        Value::Int(number) => usize::try_from(*number)
            .map_err(|_| Failure::new(format!("{number} is no place in a text, it is negative"))),
        other => Err(Failure::expected("an integer", other)),
    };
    let (start, length) = (offset(&values[1])?, offset(&values[2])?);
    if length == 0 {
        return Err(Failure::new("the length of a substring is at least 1"));
    }
    let end = start.checked_add(length).filter(|end| *end <= target.len()).ok_or_else(|| {
        Failure::new(format!("{length} bytes from {start} are beyond the {} of the text", target.len()))
    })?;
    let start = (start..end).find(|at| target.is_char_boundary(*at)).unwrap_or(end);
    let end = (start..=end).rev().find(|at| target.is_char_boundary(*at)).unwrap_or(start);
    Ok(Value::Text(target.get(start..end).unwrap_or_default()))
}
