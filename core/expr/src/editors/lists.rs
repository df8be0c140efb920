//! Editors of lists.

use super::{Editor, Function, editor};
use crate::{
    Failure, RecordMut, Value, arguments::Arguments, error::Wrong, limits::fits, node::Node, path::Path,
};
use std::sync::Arc;
use tidewatch_otlp::{
    views::{ArrayView, ValueView},
    write::ListWriter,
};

pub(super) static TABLE: &[Function] = &[
    editor("append", &["target", "value?", "values?"], append),
    editor("delete_index", &["target", "start_index", "end_index?"], delete_index),
];

#[derive(Debug)]
struct Append {
    target: Path,
    value: Option<Node>,
    values: Option<Node>,
}

fn append(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let target = arguments.path("target")?;
    let (value, values) = (arguments.optional("value")?, arguments.optional("values")?);
    if value.is_none() && values.is_none() {
        return Err(Wrong::new(arguments.offset(), "`append` needs a `value` or `values`"));
    }
    Ok(Arc::new(Append { target, value, values }))
}

impl Editor for Append {
    /// What is no list yet becomes the first value of one. Nil is not appended.
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let mut items: Vec<ValueView<'a>> = Vec::new();
        let mut add = |value: Value<'a>| match value {
            Value::Nil => Ok(()),
            Value::List(list) => {
                items.extend(list.iter());
                Ok(())
            }
            other => {
                let view = other.to_view();
                items.push(view.ok_or_else(|| Failure::expected("something that can be stored", &other))?);
                Ok(())
            }
        };
        add(self.target.read(&record.read())?)?;
        for node in [&self.value, &self.values].into_iter().flatten() {
            add(node.evaluate(&record.read())?)?;
        }
        write_list(&self.target, &items, record)
    }
}

fn write_list<'a>(
    target: &'a Path,
    items: &[ValueView<'a>],
    record: &mut RecordMut<'_, 'a>,
) -> Result<(), Failure> {
    let bytes = record.arena.write(|out| {
        let mut list = ListWriter::new(out);
        items.iter().for_each(|item| list.put(*item));
    });
    fits(bytes.len())?;
    target.write(record, Value::List(ArrayView::of_list(bytes)))
}

#[derive(Debug)]
struct DeleteIndex {
    target: Path,
    start: Node,
    end: Option<Node>,
}

fn delete_index(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let target = arguments.path("target")?;
    let (start, end) = (arguments.value("start_index")?, arguments.optional("end_index")?);
    Ok(Arc::new(DeleteIndex { target, start, end }))
}

impl Editor for DeleteIndex {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let read = record.read();
        let list = match self.target.read(&read)? {
            Value::List(list) => list,
            other => return Err(Failure::expected("a list", &other)),
        };
        let index = |node: &'a Node| match node.evaluate(&read)? {
            Value::Int(index) => Ok(index),
            other => Err(Failure::expected("an index", &other)),
        };
        let start = index(&self.start)?;
        let end = self.end.as_ref().map_or(Ok(start.saturating_add(1)), index)?;
        let mut items: Vec<_> = list.iter().collect();
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let (from, to) = range.filter(|(from, to)| from <= to && *to <= items.len()).ok_or_else(|| {
            Failure::new(format!("{start} to {end} is beyond the {} values of the list", items.len()))
        })?;
        items.drain(from..to);
        write_list(&self.target, &items, record)
    }
}
