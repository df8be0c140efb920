//! Converters: functions that give a value. One table, by name.

mod case;
mod durations;
mod encodings;
mod format;
mod hashes;
mod ids;
mod lists;
mod network;
mod numbers;
mod parse;
mod severity;
mod sort;
mod strings;
mod time;
mod types;

use crate::{
    Context, Failure, Record, Value,
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
static TABLES: &[&[Function]] = &[
    case::TABLE,
    durations::TABLE,
    encodings::TABLE,
    format::TABLE,
    hashes::TABLE,
    ids::TABLE,
    lists::TABLE,
    network::TABLE,
    numbers::TABLE,
    parse::TABLE,
    severity::TABLE,
    sort::TABLE,
    strings::TABLE,
    time::TABLE,
    types::TABLE,
];

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
pub(crate) fn compile(
    name: &str,
    given: Vec<Argument>,
    offset: usize,
    context: Context,
) -> Result<Arc<dyn Converter>, Wrong> {
    let Some(function) = all().find(|function| function.signature.name == name) else {
        return Err(Wrong::new(offset, format!("unknown function `{name}`"))
            .nearest(name, signatures().map(|signature| signature.name)));
    };
    let mut arguments = function.signature.bind(given, offset, context)?;
    match function.build {
        Build::Plain(call) => Ok(Arc::new(PlainCall { arguments: arguments.values()?, call })),
        Build::Special(build) => build(&mut arguments),
    }
}

/// A converter that is given by its name, to be called with one text.
#[derive(Clone, Copy)]
pub(crate) struct Mapper {
    parameters: usize,
    call: Plain,
}

impl Mapper {
    /// The converter of this name, which stands at `offset`.
    pub(crate) fn named(name: &str, offset: usize) -> Result<Self, Wrong> {
        let function = all().find(|function| function.signature.name == name);
        let takes_one = |signature: &Signature| {
            let mut parameters = signature.parameters.iter();
            parameters.next().is_some() && parameters.all(|parameter| parameter.ends_with('?'))
        };
        match function {
            Some(Function { signature, build: Build::Plain(call) }) if takes_one(signature) => {
                Ok(Self { parameters: signature.parameters.len(), call: *call })
            }
            _ => Err(Wrong::new(offset, format!("`{name}` does not make a text of one text"))
                .help("one that does is `SHA256`")),
        }
    }

    /// The text that it makes of a text.
    pub(crate) fn map<'a>(&self, text: &'a str, arena: &'a Arena) -> Result<&'a str, Failure> {
        let mut values = [Value::Nil; MOST];
        values[0] = Value::Text(text);
        let made = (self.call)(&values[..self.parameters], arena)?;
        made.as_str().ok_or_else(|| Failure::expected("a function that gives text", &made))
    }
}

impl Debug for Mapper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapper").finish_non_exhaustive()
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
