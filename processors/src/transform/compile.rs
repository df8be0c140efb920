//! Configuration to programs.

use super::config::{ContextKey, GroupConfig, StatementsConfig, TransformConfig};
use crate::ottl::{Program, mistake};
use tidewatch_config::Mistake;
use tidewatch_expr::{Condition, Context, ErrorMode, ParseError, Statement};
use tidewatch_otlp::Signal;

/// The programs of each signal, in the order in which they run.
#[derive(Debug, Default)]
pub(super) struct Programs {
    traces: Vec<Program>,
    metrics: Vec<Program>,
    logs: Vec<Program>,
}

impl Programs {
    pub(super) fn of(&self, signal: Signal) -> &[Program] {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }

    /// All programs, or all mistakes.
    pub(super) fn compile(config: TransformConfig) -> Result<Self, Vec<Mistake>> {
        let mut compiler = Compiler { mode: config.error_mode.into(), mistakes: Vec::new() };
        let programs = Self {
            traces: compiler.signal("trace_statements", Signal::Traces, config.trace_statements),
            metrics: compiler.signal("metric_statements", Signal::Metrics, config.metric_statements),
            logs: compiler.signal("log_statements", Signal::Logs, config.log_statements),
        };
        if compiler.mistakes.is_empty() { Ok(programs) } else { Err(compiler.mistakes) }
    }
}

/// The contexts of a signal, the widest first.
fn contexts(signal: Signal) -> &'static [Context] {
    match signal {
        Signal::Traces => &[Context::Resource, Context::Scope, Context::Span, Context::SpanEvent],
        Signal::Metrics => &[Context::Resource, Context::Scope, Context::Metric, Context::DataPoint],
        Signal::Logs => &[Context::Resource, Context::Scope, Context::Log],
    }
}

struct Compiler {
    mode: ErrorMode,
    mistakes: Vec<Mistake>,
}

impl Compiler {
    fn signal(&mut self, key: &str, signal: Signal, groups: Vec<StatementsConfig>) -> Vec<Program> {
        let compile = |(index, group)| {
            let path = format!("{key}[{index}]");
            match group {
                StatementsConfig::One(text) => self.one(&path, signal, &text),
                StatementsConfig::Group(group) => self.group(&path, signal, group),
            }
        };
        groups.into_iter().enumerate().filter_map(compile).collect()
    }

    fn one(&mut self, path: &str, signal: Signal, text: &str) -> Option<Program> {
        let parsed = narrowest(signal, |context| Statement::parse_prefixed(text, context));
        match parsed {
            Ok((context, statement)) => Some(Program {
                context,
                conditions: Vec::new(),
                statements: vec![statement],
                mode: self.mode,
            }),
            Err(error) => {
                self.mistakes.push(prefixed(path, error, signal));
                None
            }
        }
    }

    fn group(&mut self, path: &str, signal: Signal, group: GroupConfig) -> Option<Program> {
        if group.statements.is_empty() {
            self.mistakes.push(Mistake::new(path, "there are no `statements` in this group"));
        }
        let named = match group.context {
            None => None,
            Some(key) => Some(self.context(path, signal, key)?),
        };
        let context = named.unwrap_or_else(|| {
            // The widest that all of them fit; the last one shows what is wrong where none does.
            let fits = |context: &Context| {
                let statement = |text: &String| Statement::parse_prefixed(text, *context).is_ok();
                let condition = |text: &String| Condition::parse_prefixed(text, *context).is_ok();
                group.statements.iter().all(statement) && group.conditions.iter().all(condition)
            };
            let contexts = contexts(signal);
            contexts.iter().copied().find(fits).unwrap_or(contexts[contexts.len() - 1])
        });
        let mut conditions = Vec::new();
        for (index, text) in group.conditions.into_iter().enumerate() {
            let parse = if named.is_some() { Condition::parse } else { Condition::parse_prefixed };
            match parse(&text, context) {
                Ok(condition) => conditions.push((text, condition)),
                Err(error) => {
                    self.fault(format!("{path}.conditions[{index}]"), error, named.is_none(), signal);
                }
            }
        }
        let mut statements = Vec::new();
        for (index, text) in group.statements.iter().enumerate() {
            let parse = if named.is_some() { Statement::parse } else { Statement::parse_prefixed };
            match parse(text, context) {
                Ok(statement) => statements.push(statement),
                Err(error) => {
                    self.fault(format!("{path}.statements[{index}]"), error, named.is_none(), signal);
                }
            }
        }
        let mode = group.error_mode.map_or(self.mode, ErrorMode::from);
        Some(Program { context, conditions, statements, mode })
    }

    fn context(&mut self, path: &str, signal: Signal, key: ContextKey) -> Option<Context> {
        let context = match key {
            ContextKey::Resource => Context::Resource,
            ContextKey::Scope => Context::Scope,
            ContextKey::Log => Context::Log,
            ContextKey::Span => Context::Span,
            ContextKey::SpanEvent => Context::SpanEvent,
            ContextKey::Metric => Context::Metric,
            ContextKey::DataPoint => Context::DataPoint,
        };
        if contexts(signal).contains(&context) {
            return Some(context);
        }
        let names: Vec<_> = contexts(signal).iter().map(|context| format!("`{}`", context.name())).collect();
        let message = format!("{signal} have no `{}`", context.name());
        let help = format!("there are {}", names.join(", "));
        self.mistakes.push(Mistake::new(format!("{path}.context"), message).help(help));
        None
    }

    fn fault(&mut self, path: String, error: ParseError, inferred: bool, signal: Signal) {
        self.mistakes.push(if inferred { prefixed(&path, error, signal) } else { mistake(path, error) });
    }
}

/// The first context, from the widest, that takes it; else the error of the narrowest.
fn narrowest<T>(
    signal: Signal,
    parse: impl Fn(Context) -> Result<T, ParseError>,
) -> Result<(Context, T), ParseError> {
    let mut last = None;
    for context in contexts(signal) {
        match parse(*context) {
            Ok(parsed) => return Ok((*context, parsed)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.expect("every signal has contexts"))
}

/// Most likely the prefix is missing.
fn prefixed(path: &str, error: ParseError, signal: Signal) -> Mistake {
    let item = match signal {
        Signal::Traces => "span",
        Signal::Metrics => "datapoint",
        Signal::Logs => "log",
    };
    let is_path = error.message.starts_with("unknown path");
    let guessed = error.help.is_some();
    let mistake = mistake(path, error);
    if is_path && !guessed {
        return mistake.help(format!(
            "without `context`, paths start with it: `{item}.attributes[\"...\"]`, `resource.attributes[\"...\"]`"
        ));
    }
    mistake
}
