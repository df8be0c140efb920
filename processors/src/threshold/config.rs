use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidewatch_config::values::GoDuration;

/// Keys of `threshold`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ThresholdConfig {
    /// The limits.
    pub rules: Vec<RuleConfig>,
    /// Series remembered at the most, of all rules together. Idle ones go first, else new ones are refused
    /// and counted. Default 100000.
    #[schemars(range(min = 1))]
    pub max_series: usize,
    /// The extension in which pending and firing alerts, counters and windows survive a restart, such as
    /// `file_storage`. Default: none, they are forgotten.
    pub storage: Option<String>,
    /// With `storage`: how old what is stored may be. What fires and what resolves is stored within a second.
    /// Default 10s.
    pub storage_interval: GoDuration,
}

impl Default for ThresholdConfig {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            max_series: 100_000,
            storage: None,
            storage_interval: GoDuration::from_secs(10),
        }
    }
}

/// One limit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct RuleConfig {
    /// Name of the alert; every rule has its own.
    pub alert: String,
    /// Name of the metric to judge. Either this or `signal`.
    #[serde(default)]
    pub metric: Option<String>,
    /// `logs` or `traces`: judges log records or spans.
    #[serde(default)]
    pub signal: Option<ItemSignal>,
    /// With `signal`: the number to judge, an OTTL expression. Not needed where all levels are conditions.
    #[serde(default)]
    pub value: Option<String>,
    /// Judges only what this OTTL condition holds for.
    #[serde(default, rename = "where")]
    pub where_: Option<String>,
    /// With `metric`: `value` (default), `rate`, `delta`, `count`, `sum`, `avg`, or a percentile such as `p95`.
    #[serde(default)]
    pub statistic: Option<String>,
    /// The attributes that make a series, each looked up in the record, then its scope, then its resource.
    /// Default: every attribute of record and resource.
    #[serde(default)]
    pub by: Option<Vec<String>>,
    /// Severities and when they hold: a comparison with a number (`'>= 80'`), or an OTTL condition. The last
    /// one that holds counts.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub levels: IndexMap<String, String>,
    /// With `absent_for`: the severity, default `critical`. With a single level: instead of its name.
    #[serde(default)]
    pub severity: Option<String>,
    /// How long a level must hold before the alert fires, in event time. Default 0s: at once.
    #[serde(default, rename = "for")]
    pub for_: GoDuration,
    /// How long the alert goes on firing after no level holds any more. Default 0s.
    #[serde(default)]
    pub keep_firing_for: GoDuration,
    /// Fires when a series has been silent this long; instead of `levels`.
    #[serde(default)]
    pub absent_for: Option<GoDuration>,
    /// Judges how much the number has changed, not the number itself.
    #[serde(default)]
    pub change: Option<ChangeConfig>,
    /// `state` (default): fires once, then resolves. `event`: one alert per record that is over.
    #[serde(default)]
    pub mode: Mode,
    /// A firing alert whose series is silent this long (after `for`) resolves. Default 5m; 0s: never.
    #[serde(default = "five_minutes")]
    pub stale_after: GoDuration,
    /// Labels of the alert, besides the series' own.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Texts for people: templates over `name`, `status`, `severity`, `metric`, `unit`, `value`, `threshold`
    /// and `labels`.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

fn five_minutes() -> GoDuration {
    GoDuration::from_secs(300)
}

/// What a rule without a metric judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ItemSignal {
    /// Log records.
    Logs,
    /// Spans.
    Traces,
}

/// How a rule alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Fires once, then resolves.
    #[default]
    State,
    /// One alert per record that is over, never resolved.
    Event,
}

/// How much a number has changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ChangeConfig {
    /// Compared with the number this long ago, in event time.
    pub over: Option<GoDuration>,
    /// `rate` (default): per second; `delta`: the difference.
    #[serde(rename = "as")]
    pub as_: ChangeAs,
}

/// The unit of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeAs {
    /// Per second.
    #[default]
    Rate,
    /// The difference.
    Delta,
}
