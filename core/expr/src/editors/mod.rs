//! Editors: functions that change what they are given. One table, by name.

mod flatten;
mod lists;
mod maps;
mod metrics;
mod replace;
mod set;
mod values;

use crate::{
    Context, Failure, RecordMut,
    arguments::{Argument, Arguments, Signature},
    error::Wrong,
};
use std::{fmt::Debug, sync::Arc};

/// A compiled call.
pub(crate) trait Editor: Debug + Send + Sync {
    /// Edits a record.
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure>;
}

struct Function {
    signature: Signature,
    build: fn(&mut Arguments) -> Result<Arc<dyn Editor>, Wrong>,
}

const fn editor(
    name: &'static str,
    parameters: &'static [&'static str],
    build: fn(&mut Arguments) -> Result<Arc<dyn Editor>, Wrong>,
) -> Function {
    Function { signature: Signature { name, parameters }, build }
}

/// Every editor, topic by topic.
static TABLES: &[&[Function]] =
    &[flatten::TABLE, lists::TABLE, maps::TABLE, metrics::TABLE, replace::TABLE, set::TABLE, values::TABLE];

fn all() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().copied().flatten()
}

/// Every editor's name and parameters.
pub(crate) fn signatures() -> impl Iterator<Item = Signature> {
    all().map(|function| function.signature)
}

/// Compiles a call that stands at `offset`.
pub(crate) fn compile(
    name: &str,
    given: Vec<Argument>,
    offset: usize,
    context: Context,
) -> Result<Arc<dyn Editor>, Wrong> {
    let Some(function) = all().find(|function| function.signature.name == name) else {
        return Err(Wrong::new(offset, format!("unknown function `{name}`"))
            .nearest(name, signatures().map(|signature| signature.name)));
    };
    (function.build)(&mut function.signature.bind(given, offset, context)?)
}
