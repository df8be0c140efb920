use crate::actions::ActionConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Keys of `attributes`, as in the Collector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct AttributesConfig {
    /// Only what this matches is acted on. Default: everything.
    #[serde(default)]
    pub include: Option<MatchConfig>,
    /// What this matches is left as it is, whether or not it is included. Default: nothing.
    #[serde(default)]
    pub exclude: Option<MatchConfig>,
    /// What is done to the attributes of each log record, span and data point, in order.
    pub actions: Vec<ActionConfig>,
}

/// What log records, spans and metrics have to be like: every key that is written has to fit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct MatchConfig {
    /// How texts and values are compared.
    pub match_type: MatchType,
    /// As in the Collector.
    #[serde(default)]
    pub regexp: Option<RegexpConfig>,
    /// Of spans: one of these is the `service.name` of the resource.
    #[serde(default)]
    pub services: Vec<String>,
    /// Of spans: one of these is the name.
    #[serde(default)]
    pub span_names: Vec<String>,
    /// Of spans: one of these is the kind, `SPAN_KIND_INTERNAL`, `SPAN_KIND_SERVER`, `SPAN_KIND_CLIENT`,
    /// `SPAN_KIND_PRODUCER` or `SPAN_KIND_CONSUMER`.
    #[serde(default)]
    pub span_kinds: Vec<String>,
    /// Of log records: one of these is the body, as text.
    #[serde(default)]
    pub log_bodies: Vec<String>,
    /// Of log records: one of these is the severity's text.
    #[serde(default)]
    pub log_severity_texts: Vec<String>,
    /// Of log records: the severity is high enough.
    #[serde(default)]
    pub log_severity_number: Option<SeverityConfig>,
    /// Of metrics: one of these is the name.
    #[serde(default)]
    pub metric_names: Vec<String>,
    /// Of spans and log records: all of these are among the attributes.
    #[serde(default)]
    pub attributes: Vec<AttributeConfig>,
    /// All of these are among the attributes of the resource.
    #[serde(default)]
    pub resources: Vec<AttributeConfig>,
    /// Of spans and log records: one of these is the instrumentation scope.
    #[serde(default)]
    pub libraries: Vec<LibraryConfig>,
}

/// How texts and values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatchType {
    /// They are equal, the type of a value, too.
    Strict,
    /// The text is a regular expression that matches somewhere in the other.
    Regexp,
}

/// How results of regular expressions are remembered.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RegexpConfig {
    /// As in the Collector.
    #[schemars(extend("x-warning" = "has no effect: matching anew costs no more than remembering"))]
    pub cacheenabled: bool,
    /// As in the Collector.
    #[schemars(extend("x-warning" = "has no effect: matching anew costs no more than remembering"))]
    pub cachemaxnumentries: u64,
}

/// How severe a log record has to be.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SeverityConfig {
    /// The lowest severity number that fits, 1 (trace) to 24 (fatal). Default 0: any.
    #[schemars(range(max = 24))]
    pub min: u8,
    /// Whether a record without a severity number fits. Default false.
    pub match_undefined: bool,
}

/// An attribute that has to be there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct AttributeConfig {
    /// Its key.
    pub key: String,
    /// Its value. Default: any.
    #[serde(default)]
    pub value: Option<Json>,
}

/// An instrumentation scope.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct LibraryConfig {
    /// Its name.
    pub name: String,
    /// Its version; an empty one is that of a scope without a version. Default: any.
    #[serde(default)]
    pub version: Option<String>,
}
