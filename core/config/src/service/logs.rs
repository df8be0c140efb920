//! The agent's own logs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::GoDuration;

/// The agent's own logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Logs {
    /// The least severe level that is written. Default `info`.
    pub level: LogLevel,
    /// How a line looks. Default `console`.
    pub encoding: LogEncoding,
    /// Writes stack traces beside lines from `warn` on. Default `false`.
    pub development: bool,
    /// Leaves out file and line of the code that wrote the line. Default `false`.
    pub disable_caller: bool,
    /// Never writes stack traces, in `development` neither. Default `false`.
    pub disable_stacktrace: bool,
    /// Where lines go: `stderr`, `stdout`, or paths of files, which are appended to. Default `[stderr]`.
    pub output_paths: Vec<String>,
    /// Where it is said that a line could not be written. Default `[stderr]`.
    pub error_output_paths: Vec<String>,
    /// Fields that every line carries. Default none.
    pub initial_fields: BTreeMap<String, serde_json::Value>,
    /// Thins out lines that repeat. Default: every line is written.
    pub sampling: Option<LogSampling>,
    /// Sends the logs elsewhere as OTLP; not possible yet.
    #[schemars(extend("x-warning" = "has no effect: the agent does not export its own logs yet"))]
    pub processors: Option<serde_json::Value>,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            level: LogLevel::Info,
            encoding: LogEncoding::Console,
            development: false,
            disable_caller: false,
            disable_stacktrace: false,
            output_paths: vec!["stderr".into()],
            error_output_paths: vec!["stderr".into()],
            initial_fields: BTreeMap::new(),
            sampling: None,
            processors: None,
        }
    }
}

/// How severe a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What helps to find a mistake.
    Debug,
    /// What happens.
    Info,
    /// What may need a look.
    Warn,
    /// What failed.
    Error,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogEncoding {
    /// For people.
    Console,
    /// One JSON object a line.
    Json,
}

/// Of lines with the same level and message, the first few of each interval are written, then only some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogSampling {
    /// Whether lines are thinned out at all. Default `true`.
    pub enabled: bool,
    /// The interval. Default `10s`.
    pub tick: GoDuration,
    /// How many of an interval are written in any case. Default 10.
    pub initial: u64,
    /// After those, every how manieth is written; 0 for none. Default 100.
    pub thereafter: u64,
}

impl Default for LogSampling {
    fn default() -> Self {
        Self { enabled: true, tick: GoDuration::from_secs(10), initial: 10, thereafter: 100 }
    }
}
