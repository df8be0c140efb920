use super::{Editor, Function, editor};
use crate::{Failure, RecordMut, arguments::Arguments, error::Wrong, node::Node, path::Path};
use std::sync::Arc;

pub(super) static TABLE: &[Function] = &[editor("set", &["target", "value"], set)];

#[derive(Debug)]
struct Set {
    target: Path,
    value: Node,
}

fn set(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    Ok(Arc::new(Set { target: arguments.path("target")?, value: arguments.value("value")? }))
}

impl Editor for Set {
    /// Nil changes nothing.
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let value = self.value.evaluate(&record.read())?;
        if value.is_nil() { Ok(()) } else { self.target.write(record, value) }
    }
}
