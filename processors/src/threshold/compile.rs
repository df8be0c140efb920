//! Configuration to rules: everything that a schema cannot say is checked here.

use super::{
    annotations::Annotations,
    config::{ItemSignal, Mode, RuleConfig, ThresholdConfig},
    identity,
    level::{Level, expression_mistake},
    phase::Timing,
    rule::{Change, Judge, Rule, Source},
};
use crate::series::{By, Statistic};
use std::{collections::HashSet, time::Duration};
use tidewatch_config::{Mistake, values::GoDuration};
use tidewatch_expr::{Condition, Context, Expression};

/// All rules, or all mistakes.
pub(super) fn rules(config: ThresholdConfig) -> Result<Vec<Rule>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    if config.rules.is_empty() {
        mistakes.push(Mistake::new("rules", "without rules there is nothing to judge"));
    }
    if config.max_series == 0 {
        mistakes.push(Mistake::new("max_series", "at least one series must be remembered"));
    }
    let mut names = HashSet::new();
    let mut rules = Vec::new();
    for (index, rule) in config.rules.into_iter().enumerate() {
        let path = format!("rules[{index}]");
        if !names.insert(rule.alert.clone()) {
            let message = format!("there is an alert `{}` above", rule.alert);
            mistakes.push(
                Mistake::new(format!("{path}.alert"), message)
                    .help("several severities of one alert are `levels` of one rule"),
            );
        }
        rules.extend(Compiler { path, mistakes: &mut mistakes }.rule(rule));
    }
    if mistakes.is_empty() { Ok(rules) } else { Err(mistakes) }
}

struct Compiler<'m> {
    /// Of the rule.
    path: String,
    mistakes: &'m mut Vec<Mistake>,
}

impl Compiler<'_> {
    /// None: there is a mistake.
    fn rule(&mut self, config: RuleConfig) -> Option<Rule> {
        if config.alert.is_empty() {
            self.wrong("alert", "an alert needs a name");
        }
        if config.mode == Mode::Event {
            self.check_event(&config);
        }
        let identity = identity::of(&config);
        let context = match config.signal {
            Some(ItemSignal::Logs) => Context::Log,
            Some(ItemSignal::Traces) => Context::Span,
            None => Context::DataPoint,
        };
        let by = self.by(&config);
        let condition = config.where_.as_deref().map(|text| {
            Condition::parse(text, context)
                .map_err(|error| self.mistakes.push(expression_mistake(&self.at("where"), error)))
        });
        let change = self.change(&config);
        let judge = self.judge(&config, context);
        let source = self.source(&config, judge.as_ref(), change.is_some(), context);
        let wants_value = compares(judge.as_ref())
            || change.is_some()
            || config.statistic.is_some()
            || config.value.is_some();
        let annotations = Annotations::compile(config.annotations).map_err(|failed| {
            for (annotation, reason) in failed {
                let mistake = Mistake::new(self.at(&format!("annotations.{annotation}")), reason);
                self.mistakes.push(mistake.help(Annotations::help()));
            }
        });
        Some(Rule {
            identity,
            alert: config.alert,
            source: source?,
            condition: condition.transpose().ok()?,
            by,
            change,
            wants_value,
            judge: judge?,
            mode: config.mode,
            timing: Timing { hold: nanos(config.for_), keep: nanos(config.keep_firing_for) },
            stale_after: Some(Duration::from(config.stale_after)).filter(|after| *after > Duration::ZERO),
            labels: config.labels,
            annotations: annotations.ok()?,
        })
    }

    /// Events belong to one record, so nothing about them lasts.
    fn check_event(&mut self, config: &RuleConfig) {
        for (key, given) in [
            ("for", config.for_ != GoDuration::ZERO),
            ("keep_firing_for", config.keep_firing_for != GoDuration::ZERO),
            ("absent_for", config.absent_for.is_some()),
        ] {
            if given {
                self.wrong_help(
                    key,
                    "with `mode: event` there is one alert per record",
                    "leave out one of them",
                );
            }
        }
    }

    fn by(&mut self, config: &RuleConfig) -> By {
        let Some(keys) = &config.by else { return By::All };
        for (index, key) in keys.iter().enumerate() {
            if key.is_empty() {
                self.wrong(&format!("by[{index}]"), "an attribute has a name");
            } else if keys[..index].contains(key) {
                self.wrong(&format!("by[{index}]"), format!("`{key}` is named twice"));
            }
        }
        By::Named(keys.clone())
    }

    fn change(&mut self, config: &RuleConfig) -> Option<Change> {
        let change = config.change.as_ref()?;
        if config.absent_for.is_some() {
            self.wrong("change", "of a silent series nothing changes");
        }
        match change.over.map(nanos) {
            Some(over) if over > 0 => return Some(Change { over, unit: change.as_ }),
            Some(_) => self.wrong("change.over", "nothing changes in no time"),
            None => self.wrong_help("change", "a change needs the time it takes", "write e.g. `over: 10m`"),
        }
        None
    }

    fn judge(&mut self, config: &RuleConfig, context: Context) -> Option<Judge> {
        if let Some(after) = config.absent_for {
            if !config.levels.is_empty() {
                self.wrong("levels", "a series that is absent has no level");
            }
            if config.for_ != GoDuration::ZERO || config.keep_firing_for != GoDuration::ZERO {
                self.wrong(
                    "absent_for",
                    "`absent_for` says how long; `for` and `keep_firing_for` say nothing here",
                );
            }
            if after == GoDuration::ZERO {
                self.wrong("absent_for", "every series is silent between two points");
            }
            let severity = config.severity.clone().unwrap_or_else(|| "critical".to_owned());
            return Some(Judge::Absent { after: nanos(after), severity });
        }
        if config.levels.is_empty() {
            let message = "a rule needs `levels`, or `absent_for`";
            self.wrong_help("levels", message, "write e.g. `levels: {warning: '>= 80', critical: '>= 90'}`");
        }
        if config.levels.len() > 255 {
            self.wrong("levels", "there are at most 255 levels");
        }
        if config.severity.is_some() && config.levels.len() > 1 {
            self.wrong("severity", "the names of the levels are the severities");
        }
        let mut levels = Vec::new();
        for (name, text) in &config.levels {
            let severity = config.severity.as_ref().unwrap_or(name);
            let path = self.at(&format!("levels.{name}"));
            match Level::parse(severity, text, context, &path) {
                Ok(level) => levels.push(level),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        Some(Judge::Levels(levels))
    }

    fn source(
        &mut self,
        config: &RuleConfig,
        judge: Option<&Judge>,
        changes: bool,
        context: Context,
    ) -> Option<Source> {
        let name = match (&config.metric, config.signal) {
            (Some(name), None) => Some(name.clone()),
            (None, Some(_)) => None,
            (Some(_), Some(_)) => {
                self.wrong("signal", "a rule judges a metric or a signal, not both");
                return None;
            }
            (None, None) => {
                self.wrong_help(
                    "",
                    "a rule needs something to judge",
                    "write `metric: <name>`, `signal: logs` or `signal: traces`",
                );
                return None;
            }
        };
        let absent = config.absent_for.is_some();
        if absent && config.statistic.is_some() {
            self.wrong("statistic", "a series that is absent has no number");
        }
        if absent && config.value.is_some() {
            self.wrong("value", "a series that is absent has no number");
        }
        if let Some(name) = name {
            if config.value.is_some() {
                self.wrong_help(
                    "value",
                    "`value` is for log records and spans",
                    "of a metric, `statistic` says which number",
                );
            }
            let statistic = match config.statistic.as_deref().unwrap_or("value").parse() {
                Ok(statistic) => statistic,
                Err(reason) => {
                    self.wrong_help("statistic", reason, Statistic::HELP);
                    return None;
                }
            };
            return Some(Source::Metric { name, statistic });
        }
        if config.statistic.is_some() {
            self.wrong_help(
                "statistic",
                "`statistic` is for metrics",
                "of log records and spans, `value` says which number",
            );
        }
        if config.value.is_none() && (compares(judge) || changes) {
            self.wrong_help(
                "",
                "a comparison needs a `value`",
                r#"write e.g. `value: 'attributes["duration"]'`"#,
            );
        }
        let value = match config.value.as_deref().map(|text| Expression::parse(text, context)).transpose() {
            Ok(value) => value,
            Err(error) => {
                self.mistakes.push(expression_mistake(&self.at("value"), error));
                return None;
            }
        };
        Some(if context == Context::Log { Source::Logs { value } } else { Source::Spans { value } })
    }

    fn at(&self, key: &str) -> String {
        if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) }
    }

    fn wrong(&mut self, key: &str, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(self.at(key), message));
    }

    fn wrong_help(&mut self, key: &str, message: impl Into<String>, help: &str) {
        self.mistakes.push(Mistake::new(self.at(key), message).help(help));
    }
}

/// Whether a level compares the number.
fn compares(judge: Option<&Judge>) -> bool {
    matches!(judge, Some(Judge::Levels(levels)) if levels.iter().any(Level::needs_value))
}

/// Durations of a configuration fit: at most 292 years.
fn nanos(duration: GoDuration) -> u64 {
    u64::try_from(Duration::from(duration).as_nanos()).unwrap_or(u64::MAX)
}
