//! A batch and the statements that are carried out on it.

use crate::batch::{self, check};
use crate::generate::Generator;
use crate::record::Message;
use crate::statement::{Expr, Statement};
use crate::value::Fault;
use crate::{common, interpret};
use std::fmt::{self, Display, Formatter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tidewatch_expr::Context;
use tidewatch_otlp::Request;
use tidewatch_otlp::testing::{Source, count, rearrange_at};

/// What comes of a statement on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Its condition does not hold.
    Skipped,
    Failed,
}

impl<E> From<Result<bool, E>> for Outcome {
    fn from(result: Result<bool, E>) -> Self {
        match result {
            Ok(true) => Self::Done,
            Ok(false) => Self::Skipped,
            Err(_) => Self::Failed,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Pair {
    context: Context,
    statements: Vec<Statement>,
    request: Request,
}

impl Pair {
    pub(crate) fn from_seed(seed: u64) -> Self {
        let mut source = Source::from_seed(seed);
        let context = Context::ALL[(seed % 8) as usize];
        let count = if source.one_in(4) { 3 } else { 1 };
        let source = &mut source;
        let statements =
            (0..count).map(|_| Generator { source: &mut *source, context }.statement()).collect();
        Self { context, statements, request: batch::request(context, source) }
    }

    /// How often statements were carried out, or how the two disagree.
    pub(crate) fn judge(&self) -> Result<Vec<Outcome>, String> {
        catch_unwind(AssertUnwindSafe(|| self.compare())).unwrap_or_else(|panic| {
            let message = panic.downcast_ref::<String>().map_or("", String::as_str);
            Err(format!("panicked: {message}"))
        })
    }

    fn compare(&self) -> Result<Vec<Outcome>, String> {
        let parse = |statement: &Statement| {
            tidewatch_expr::Statement::parse(&statement.to_string(), self.context)
                .map_err(|error| format!("{statement} does not parse: {error}"))
        };
        let parsed = self.statements.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let (edited, outcomes) = common::run(&parsed, self.context, &self.request);
        let outcomes: Vec<_> = outcomes.into_iter().map(Outcome::from).collect();
        let checked = Request::check(edited.signal(), edited.bytes().clone())
            .map_err(|malformed| format!("what is written is {malformed}"))?;
        if checked.request != edited || !checked.rejected.is_none() {
            return Err("what is written is not canonical, or not as many items as it says".to_owned());
        }

        let mut message = Message::decode(&self.request);
        let (mut expected, mut is_judged) = (Vec::new(), true);
        message.walk(self.context, &mut |record| {
            for statement in &self.statements {
                let outcome = interpret::run(statement, record);
                is_judged &= !matches!(outcome, Err(Fault::NotJudged));
                expected.push(Outcome::from(outcome));
            }
        });
        if !is_judged {
            return Ok(Vec::new());
        }
        if outcomes != expected {
            return Err(format!("the outcomes are {outcomes:?}, not {expected:?}"));
        }
        let written = Message::decode(&edited);
        if written.clone().encode() != message.clone().encode() {
            return Err(format!("the result is\n{}\nnot\n{}", shown(&written), shown(&message)));
        }
        Ok(outcomes)
    }

    /// The smallest that still disagrees.
    pub(crate) fn shrunk(mut self) -> Self {
        loop {
            let smaller = self.smaller().find(|smaller| smaller.judge().is_err());
            match smaller {
                Some(smaller) => self = smaller,
                None => return self,
            }
        }
    }

    /// With a statement, a condition or a field less.
    fn smaller(&self) -> impl Iterator<Item = Self> {
        let one_less = (0..self.statements.len()).map(|index| {
            let mut smaller = self.clone();
            smaller.statements.remove(index);
            smaller
        });
        let simpler = (0..self.statements.len()).flat_map(move |index| {
            simpler(&self.statements[index]).map(move |statement| {
                let mut smaller = self.clone();
                smaller.statements[index] = statement;
                smaller
            })
        });
        const REMOVE: usize = 2;
        let fields = (0..count(self.request.bytes())).filter_map(|place| {
            let bytes = rearrange_at(self.request.bytes(), place, REMOVE, &mut Source::from_seed(0));
            let request = check(self.request.signal(), bytes)?;
            Some(Self { request, ..self.clone() })
        });
        one_less.chain(simpler).chain(fields)
    }
}

/// The statement without its condition, or with a part of it.
fn simpler(statement: &Statement) -> impl Iterator<Item = Statement> {
    let parts = match &statement.condition {
        None => Vec::new(),
        Some(Expr::Not(inner)) => vec![None, Some((**inner).clone())],
        Some(Expr::All(parts) | Expr::Any(parts)) => {
            [None].into_iter().chain(parts.iter().cloned().map(Some)).collect()
        }
        Some(_) => vec![None],
    };
    parts.into_iter().map(|condition| Statement { condition, ..statement.clone() })
}

impl Display for Pair {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "in the context of a {}:", self.context.name())?;
        self.statements.iter().try_for_each(|statement| writeln!(f, "  {statement}"))?;
        writeln!(f, "over\n{}", shown(&Message::decode(&self.request)))
    }
}

/// As JSON, if it can be written as such.
fn shown(message: &Message) -> String {
    let (signal, bytes) = (message.signal(), message.clone().encode());
    let json = tidewatch_otlp::json::encode(signal, &bytes).ok();
    json.and_then(|json| String::from_utf8(json).ok()).unwrap_or_else(|| format!("{message:?}"))
}
