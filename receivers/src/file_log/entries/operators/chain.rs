use super::{
    Field, Mistakes,
    config::{OnError, OperatorConfig},
    container::{Container, Part},
    json::JsonParser,
    regex::RegexParser,
};
use crate::file_log::entries::{condition::Condition, record::Record};
use std::fmt;
use tidewatch_component::BuildContext;
use tidewatch_config::Mistake;
use tidewatch_otlp::write::Value;
use tidewatch_telemetry::IntCounter;

/// Operators, one behind the other.
#[derive(Debug, Default)]
pub(in crate::file_log::entries) struct Chain {
    operators: Vec<Operator>,
}

struct Operator {
    id: String,
    condition: Option<Condition>,
    on_error: OnError,
    action: Action,
    errors: IntCounter,
}

#[derive(Debug)]
enum Action {
    Add { field: Field, value: Value<'static> },
    Container(Box<Container>),
    Copy { from: Field, to: Field },
    Json(Box<JsonParser>),
    Move { from: Field, to: Field },
    Regex(Box<RegexParser>),
    Remove(Field),
}

/// What came of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::file_log::entries) enum Outcome {
    /// It has been through all operators.
    Done,
    /// An operator failed, and it is to be dropped.
    Dropped,
    /// It is a line of a container, or a part of one, and goes on with operator `next`.
    Part { part: Part, next: usize },
}

/// Failures of operators, by their index; counted when it is certain that nobody reads the entries again.
#[derive(Debug, Default)]
pub(in crate::file_log::entries) struct Tally(Vec<u64>);

impl Chain {
    /// Compiles operators whose configuration is at `path`.
    pub(in crate::file_log::entries) fn build(
        configs: &[OperatorConfig],
        path: &str,
        context: &BuildContext,
        mistakes: &mut Mistakes,
    ) -> Self {
        let errors = context.metrics.counter(
            "tidewatch_file_log_operator_errors_total",
            "Records that an operator failed for, by what became of them.",
            &["receiver", "operator", "action"],
        );
        let ids: Vec<_> = configs.iter().map(id).collect();
        let mut operators = Vec::new();
        let mut has_container = false;
        for (index, config) in configs.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let (_, common) = config.common();
            check_id(index, &ids, common.id.is_some(), &path, mistakes);
            check_output(&common.output, ids.get(index + 1), &path, mistakes);
            let condition = common.condition.as_deref().and_then(|text| condition(text, &path, mistakes));
            if matches!(config, OperatorConfig::Container(_)) && std::mem::replace(&mut has_container, true) {
                let help = "one takes lines of every format";
                mistakes.add(&path, "there is another operator `container` before".into(), help);
            }
            let receiver = context.id.to_string();
            let on_error = common.on_error;
            if let Some(action) = Action::build(config, &path, mistakes) {
                let errors = errors.with_label_values(&[&receiver, &ids[index], on_error.as_str()]);
                operators.push(Operator { id: ids[index].clone(), condition, on_error, action, errors });
            }
        }
        Self { operators }
    }

    pub(in crate::file_log::entries) fn is_empty(&self) -> bool {
        self.operators.is_empty()
    }

    /// Takes a record through the operators from `first` on.
    pub(in crate::file_log::entries) fn run(
        &self,
        first: usize,
        record: &mut Record<'_>,
        now: u64,
        tally: &mut Tally,
    ) -> Outcome {
        for (index, operator) in self.operators.iter().enumerate().skip(first) {
            if operator.condition.as_ref().is_some_and(|condition| !condition.holds(record)) {
                continue;
            }
            match operator.action.run(record, now) {
                Ok(None) => {}
                Ok(Some(part)) => return Outcome::Part { part, next: index + 1 },
                Err(problem) => {
                    tally.add(index);
                    if !operator.on_error.is_quiet() {
                        tracing::warn!(operator = %operator.id, problem, "an operator of file_log failed");
                    }
                    if operator.on_error.drops() {
                        return Outcome::Dropped;
                    }
                }
            }
        }
        Outcome::Done
    }

    /// Counts failures.
    pub(in crate::file_log::entries) fn count(&self, tally: &mut Tally) {
        for (operator, errors) in self.operators.iter().zip(tally.0.drain(..)) {
            operator.errors.inc_by(errors);
        }
    }

    /// The most bytes that parts of containers' lines are joined to, if they are joined.
    pub(in crate::file_log::entries) fn max_joined(&self) -> Option<usize> {
        self.container().map(|container| container.max_size)
    }

    /// Whether the resource names the pod that the file's path does.
    pub(in crate::file_log::entries) fn names_pods(&self) -> bool {
        self.container().is_some_and(|container| container.add_metadata)
    }

    fn container(&self) -> Option<&Container> {
        self.operators.iter().find_map(|operator| match &operator.action {
            Action::Container(container) => Some(&**container),
            _ => None,
        })
    }
}

impl Tally {
    fn add(&mut self, operator: usize) {
        if self.0.len() <= operator {
            self.0.resize(operator + 1, 0);
        }
        self.0[operator] += 1;
    }
}

impl Action {
    fn build(config: &OperatorConfig, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let at = |key: &str| format!("{path}.{key}");
        Some(match config {
            OperatorConfig::Add(config) => {
                let field = mistakes.field(&at("field"), &config.field);
                if matches!(&config.value, serde_json::Value::String(text) if text.starts_with("EXPR(")) {
                    let help = "write the value itself, `${env:NAME}`, or use `copy`";
                    mistakes.add(&at("value"), "expressions are not supported here".into(), help);
                    return None;
                }
                Self::Add { field: field?, value: config.value.clone().into() }
            }
            OperatorConfig::Container(config) => {
                if config.max_log_size.get() == 0 {
                    mistakes.add(&at("max_log_size"), "nothing fits 0 bytes".into(), "e.g. 1MiB");
                }
                Self::Container(Box::new(Container::build(config)))
            }
            OperatorConfig::Copy(config) => {
                let from = mistakes.field(&at("from"), &config.from);
                let to = mistakes.field_or_map(&at("to"), &config.to);
                Self::Copy { from: from?, to: to? }
            }
            OperatorConfig::Move(config) => {
                let from = mistakes.field(&at("from"), &config.from);
                let to = mistakes.field_or_map(&at("to"), &config.to);
                Self::Move { from: from?, to: to? }
            }
            OperatorConfig::JsonParser(config) => {
                Self::Json(Box::new(JsonParser::build(config, path, mistakes)?))
            }
            OperatorConfig::RegexParser(config) => {
                Self::Regex(Box::new(RegexParser::build(config, path, mistakes)?))
            }
            OperatorConfig::Remove(config) => {
                Self::Remove(mistakes.field_or_map(&at("field"), &config.field)?)
            }
        })
    }

    fn run(&self, record: &mut Record<'_>, now: u64) -> Result<Option<Part>, String> {
        match self {
            Self::Add { field, value } => field.set(record, value.clone())?,
            Self::Container(container) => return container.run(record, now).map(Some),
            Self::Copy { from, to } => {
                let value = from.get(record).cloned().ok_or_else(|| format!("there is no `{from}`"))?;
                to.set(record, value)?;
            }
            Self::Json(parser) => parser.run(record, now)?,
            Self::Move { from, to } => {
                let value = from.get(record).ok_or_else(|| format!("there is no `{from}`"))?;
                to.accepts(value)?;
                if let Some(value) = from.remove(record) {
                    to.set(record, value)?;
                }
            }
            Self::Regex(parser) => parser.run(record, now)?,
            Self::Remove(field) => {
                field.remove(record).ok_or_else(|| format!("there is no `{field}`"))?;
            }
        }
        Ok(None)
    }
}

impl OnError {
    fn as_str(self) -> &'static str {
        if self.drops() { "drop" } else { "send" }
    }

    fn drops(self) -> bool {
        matches!(self, Self::Drop | Self::DropQuiet)
    }

    fn is_quiet(self) -> bool {
        matches!(self, Self::SendQuiet | Self::DropQuiet)
    }
}

fn id(config: &OperatorConfig) -> String {
    let (kind, common) = config.common();
    common.id.clone().unwrap_or_else(|| kind.to_owned())
}

fn check_id(index: usize, ids: &[String], is_written: bool, path: &str, mistakes: &mut Mistakes) {
    if is_written && ids[..index].contains(&ids[index]) {
        mistakes.add(
            &format!("{path}.id"),
            format!("another operator is called `{}`", ids[index]),
            "rename one",
        );
    }
}

fn check_output(output: &[String], next: Option<&String>, path: &str, mistakes: &mut Mistakes) {
    if !output.is_empty() && output.iter().ne(next) {
        let help = match next {
            Some(next) => {
                format!("leave it out, or write `{next}`; what is routed by content belongs into processors")
            }
            None => "leave it out: this is the last operator".to_owned(),
        };
        let problem = "operators run in their order: the output is the next one";
        mistakes.push(Mistake::new(format!("{path}.output"), problem).help(help));
    }
}

fn condition(text: &str, path: &str, mistakes: &mut Mistakes) -> Option<Condition> {
    Condition::parse(text)
        .map_err(|wrong| {
            let help =
                "for example `body matches \"^[{]\"`, `attributes.level == \"error\" or body contains \"x\"`";
            mistakes.push(Mistake::new(format!("{path}.if"), wrong.problem).at(wrong.at).help(help));
        })
        .ok()
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").field("id", &self.id).field("action", &self.action).finish_non_exhaustive()
    }
}
