//! Converters: functions that give a value. One table, by name.

mod numbers;
mod strings;
mod time;

use crate::{
    Failure, Record, Value,
    arguments::{Argument, Arguments, Signature},
    error::Wrong,
    node::Node,
};
use std::{fmt::Debug, sync::Arc};
use tidewatch_otlp::edit::Arena;

/// A compiled call.
pub(crate) trait Converter: Debug + Send + Sync {
    /// What it gives for a record.
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure>;
}

/// A converter that looks at its arguments' values alone; those left out are nil.
type Plain = for<'a> fn(&[Value<'a>], &'a Arena) -> Result<Value<'a>, Failure>;

/// How a call is compiled.
#[derive(Clone, Copy)]
enum Build {
    /// All arguments are evaluated first.
    Plain(Plain),
    /// The converter looks at its arguments once, when it is compiled.
    Special(fn(&mut Arguments) -> Result<Arc<dyn Converter>, Wrong>),
}

struct Function {
    signature: Signature,
    build: Build,
}

const fn plain(name: &'static str, parameters: &'static [&'static str], call: Plain) -> Function {
    Function { signature: Signature { name, parameters }, build: Build::Plain(call) }
}

const fn special(
    name: &'static str,
    parameters: &'static [&'static str],
    build: fn(&mut Arguments) -> Result<Arc<dyn Converter>, Wrong>,
) -> Function {
    Function { signature: Signature { name, parameters }, build: Build::Special(build) }
}

/// Every converter, topic by topic.
static TABLES: &[&[Function]] = &[numbers::TABLE, strings::TABLE, time::TABLE];

fn all() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().copied().flatten()
}

/// Every converter's name and parameters.
pub(crate) fn signatures() -> impl Iterator<Item = Signature> {
    all().map(|function| function.signature)
}

pub(crate) fn exists(name: &str) -> bool {
    all().any(|function| function.signature.name == name)
}

/// Compiles a call that stands at `offset`.
pub(crate) fn compile(name: &str, given: Vec<Argument>, offset: usize) -> Result<Arc<dyn Converter>, Wrong> {
    let Some(function) = all().find(|function| function.signature.name == name) else {
        return Err(Wrong::new(offset, format!("unknown function `{name}`"))
            .nearest(name, signatures().map(|signature| signature.name)));
    };
    let mut arguments = function.signature.bind(given, offset)?;
    match function.build {
        Build::Plain(call) => Ok(Arc::new(PlainCall { arguments: arguments.values()?, call })),
        Build::Special(build) => build(&mut arguments),
    }
}

struct PlainCall {
    arguments: Box<[Node]>,
    call: Plain,
}

impl Debug for PlainCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.arguments).finish()
    }
}

/// No converter takes more arguments.
const MOST: usize = 8;

impl Converter for PlainCall {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let mut values = [Value::Nil; MOST];
        for (value, argument) in values.iter_mut().zip(&self.arguments) {
            *value = argument.evaluate(record)?;
        }
        (self.call)(&values[..self.arguments.len()], record.arena)
    }
}
