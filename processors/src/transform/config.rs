use crate::ottl::ErrorModeKey;
use schemars::JsonSchema;
use serde::Deserialize;

/// Keys of `transform`, as in the Collector.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TransformConfig {
    /// What is done where a statement fails on an item. Default `propagate`.
    pub error_mode: ErrorModeKey,
    /// For traces: in the contexts `resource`, `scope`, `span`, `spanevent`.
    pub trace_statements: Vec<StatementsConfig>,
    /// For metrics: in the contexts `resource`, `scope`, `metric`, `datapoint`.
    pub metric_statements: Vec<StatementsConfig>,
    /// For logs: in the contexts `resource`, `scope`, `log`.
    pub log_statements: Vec<StatementsConfig>,
}

/// One statement, or several of one context.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StatementsConfig {
    /// A statement of which each path starts with its context: `set(log.attributes["a"], "b")`.
    One(String),
    /// Statements of one context.
    Group(GroupConfig),
}

/// Statements of one context.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GroupConfig {
    /// What the statements are carried out on, and whose paths need no prefix. Default: the context that the paths
    /// start with.
    pub context: Option<ContextKey>,
    /// They are carried out only where one of these OTTL conditions holds. Default: everywhere.
    pub conditions: Vec<String>,
    /// The statements, carried out one after another on each item.
    pub statements: Vec<String>,
    /// Instead of that of the processor.
    pub error_mode: Option<ErrorModeKey>,
}

/// What statements are carried out on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContextKey {
    /// Each resource.
    Resource,
    /// Each instrumentation scope.
    Scope,
    /// Each log record.
    Log,
    /// Each span.
    Span,
    /// Each event of each span.
    SpanEvent,
    /// Each metric.
    Metric,
    /// Each data point.
    DataPoint,
}
