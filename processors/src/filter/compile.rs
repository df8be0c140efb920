//! Configuration to conditions.

use super::config::FilterConfig;
use crate::ottl::mistake;
use tidewatch_config::Mistake;
use tidewatch_expr::{Condition, Context};
use tidewatch_otlp::Signal;

/// A condition, and how it was written.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) text: String,
    pub(super) condition: Condition,
}

/// The conditions of one signal, by what they look at.
#[derive(Debug, Default)]
pub(super) struct Tests {
    pub(super) resource: Vec<Test>,
    pub(super) scope: Vec<Test>,
    /// Log records, spans or metrics.
    pub(super) item: Vec<Test>,
    /// Span events or data points.
    pub(super) part: Vec<Test>,
}

impl Tests {
    pub(super) fn is_empty(&self) -> bool {
        [&self.resource, &self.scope, &self.item, &self.part].into_iter().all(Vec::is_empty)
    }

    fn at(&mut self, context: Context) -> &mut Vec<Test> {
        match context {
            Context::Resource => &mut self.resource,
            Context::Scope => &mut self.scope,
            Context::Log | Context::Fields | Context::Span | Context::Metric => &mut self.item,
            Context::SpanEvent | Context::DataPoint => &mut self.part,
        }
    }
}

/// The conditions of all signals.
#[derive(Debug, Default)]
pub(super) struct Filters {
    traces: Tests,
    metrics: Tests,
    logs: Tests,
}

impl Filters {
    pub(super) fn of(&self, signal: Signal) -> &Tests {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }

    /// All conditions, or all mistakes.
    pub(super) fn compile(config: FilterConfig) -> Result<Self, Vec<Mistake>> {
        let mut filters = Self::default();
        let mut mistakes = Vec::new();
        let FilterConfig { traces, metrics, logs, .. } = config;
        let signals = [
            (
                &mut filters.traces,
                "trace_conditions",
                config.trace_conditions,
                vec![
                    ("traces.resource", Context::Resource, traces.resource),
                    ("traces.scope", Context::Scope, traces.scope),
                    ("traces.span", Context::Span, traces.span),
                    ("traces.spanevent", Context::SpanEvent, traces.spanevent),
                ],
            ),
            (
                &mut filters.metrics,
                "metric_conditions",
                config.metric_conditions,
                vec![
                    ("metrics.resource", Context::Resource, metrics.resource),
                    ("metrics.scope", Context::Scope, metrics.scope),
                    ("metrics.metric", Context::Metric, metrics.metric),
                    ("metrics.datapoint", Context::DataPoint, metrics.datapoint),
                ],
            ),
            (
                &mut filters.logs,
                "log_conditions",
                config.log_conditions,
                vec![
                    ("logs.resource", Context::Resource, logs.resource),
                    ("logs.scope", Context::Scope, logs.scope),
                    ("logs.log_record", Context::Log, logs.log_record),
                ],
            ),
        ];
        for (tests, key, prefixed, groups) in signals {
            let contexts: Vec<Context> = groups.iter().map(|(_, context, _)| *context).collect();
            for (path, context, texts) in groups {
                for (index, text) in texts.into_iter().enumerate() {
                    match Condition::parse(&text, context) {
                        Ok(condition) => tests.at(context).push(Test { text, condition }),
                        Err(error) => mistakes.push(mistake(format!("{path}[{index}]"), error)),
                    }
                }
            }
            for (index, text) in prefixed.into_iter().enumerate() {
                let mut last = None;
                let found = contexts.iter().find_map(|context| {
                    let parsed = Condition::parse_prefixed(&text, *context);
                    parsed.map_err(|error| last = Some(error)).ok().map(|condition| (*context, condition))
                });
                match (found, last) {
                    (Some((context, condition)), _) => tests.at(context).push(Test { text, condition }),
                    (None, Some(error)) => mistakes.push(mistake(format!("{key}[{index}]"), error)),
                    (None, None) => {}
                }
            }
        }
        if mistakes.is_empty() { Ok(filters) } else { Err(mistakes) }
    }
}
