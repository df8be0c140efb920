use crate::ottl::ErrorModeKey;
use schemars::JsonSchema;
use serde::Deserialize;

/// Keys of `filter`, as in the Collector. What any of the conditions holds for is dropped.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FilterConfig {
    /// What is done where a condition fails on an item. Default `propagate`.
    pub error_mode: ErrorModeKey,
    /// Conditions for traces.
    pub traces: TraceConditions,
    /// Conditions for metrics.
    pub metrics: MetricConditions,
    /// Conditions for logs.
    pub logs: LogConditions,
    /// Conditions for traces of which each path starts with its context: `span.name == "health"`.
    pub trace_conditions: Vec<String>,
    /// Conditions for metrics of which each path starts with its context: `metric.name == "up"`.
    pub metric_conditions: Vec<String>,
    /// Conditions for logs of which each path starts with its context: `log.severity_number < 9`.
    pub log_conditions: Vec<String>,
}

/// OTTL conditions for traces.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TraceConditions {
    /// Resources to drop, with all of their spans.
    pub resource: Vec<String>,
    /// Scopes to drop, with all of their spans.
    pub scope: Vec<String>,
    /// Spans to drop.
    pub span: Vec<String>,
    /// Span events to drop; their span stays.
    pub spanevent: Vec<String>,
}

/// OTTL conditions for metrics.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MetricConditions {
    /// Resources to drop, with all of their metrics.
    pub resource: Vec<String>,
    /// Scopes to drop, with all of their metrics.
    pub scope: Vec<String>,
    /// Metrics to drop, with all of their points.
    pub metric: Vec<String>,
    /// Data points to drop; a metric goes with its last one.
    pub datapoint: Vec<String>,
}

/// OTTL conditions for logs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogConditions {
    /// Resources to drop, with all of their records.
    pub resource: Vec<String>,
    /// Scopes to drop, with all of their records.
    pub scope: Vec<String>,
    /// Records to drop.
    pub log_record: Vec<String>,
}
