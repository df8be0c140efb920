use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::{collections::BTreeMap, path::PathBuf};
use tidewatch_config::values::{ByteSize, GoDuration};

/// Keys of `enrich`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EnrichConfig {
    /// Tables in which events are looked up, one after another: a later one may match what an earlier one added.
    pub tables: Vec<TableConfig>,
    /// Finds out where the agent runs, when it starts; what is found becomes resource attributes. Of two
    /// detectors that find the same attribute, the earlier one counts.
    pub detect: Vec<Detector>,
    /// Resource attributes that are the same everywhere. They count before what is detected.
    #[schemars(with = "BTreeMap<String, Json>")]
    pub attributes: IndexMap<String, Json>,
    /// Whether `attributes` and what is detected replace what the resource already says. Default false.
    #[serde(rename = "override")]
    pub override_: bool,
    /// How often the files of tables are looked at. One that has changed is read when it has stayed the same
    /// from one look to the next. Default 1s; 0s: they are read at the start alone.
    pub reload_interval: GoDuration,
}

impl Default for EnrichConfig {
    fn default() -> Self {
        Self {
            tables: Vec::new(),
            detect: Vec::new(),
            attributes: IndexMap::new(),
            override_: false,
            reload_interval: GoDuration::from_secs(1),
        }
    }
}

/// A table, and what it adds.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct TableConfig {
    /// Where the table is.
    pub from: SourceConfig,
    /// `attribute: column`. All of them must match for a row to be found; each attribute is looked up in the
    /// record, then its scope, then its resource.
    #[serde(rename = "match")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub match_: IndexMap<String, String>,
    /// `attribute: column`; or `all`: every column, under its own name.
    pub add: Add,
    /// The row for events that none of the table's is found for: `column: value`. Default: they stay as they are.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, Json>>")]
    pub default: Option<serde_json::Map<String, Json>>,
    /// Whether the table replaces what the event already says. Default false.
    #[serde(default, rename = "override")]
    pub override_: bool,
}

/// Where a table is: one of `csv`, `json`, `yaml` and `inline`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SourceConfig {
    /// Path of a CSV file (RFC 4180). Its first line names the columns. Watched.
    pub csv: Option<PathBuf>,
    /// Path of a JSON file: a list of objects, or an object of them by their keys. Watched.
    pub json: Option<PathBuf>,
    /// Path of a YAML file: a list of mappings, or a mapping of them by their keys. Watched.
    pub yaml: Option<PathBuf>,
    /// The rows themselves: a list of mappings, or a mapping of them by their keys.
    pub inline: Option<Json>,
    /// Of a table whose rows are by their keys: the column that the keys are. Default: the one that `match` names.
    pub key: Option<String>,
    /// Of a CSV file: what stands between two cells. Default `,`.
    pub delimiter: Option<char>,
    /// Bytes that the file may have at the most. Default 64MiB.
    pub max_bytes: ByteSize,
    /// Rows that the table may have at the most. Default 1000000.
    pub max_rows: usize,
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self {
            csv: None,
            json: None,
            yaml: None,
            inline: None,
            key: None,
            delimiter: None,
            max_bytes: ByteSize::bytes(64 << 20),
            max_rows: 1_000_000,
        }
    }
}

/// What a table adds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Add {
    /// Every column.
    All(AddAll),
    /// Column by attribute.
    Columns(#[schemars(with = "BTreeMap<String, String>")] IndexMap<String, String>),
}

/// The word for every column.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AddAll {
    /// Every column, under its own name.
    All,
}

impl Default for Add {
    fn default() -> Self {
        Self::Columns(IndexMap::new())
    }
}

/// Something that finds out where the agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// `OTEL_RESOURCE_ATTRIBUTES`.
    Env,
    /// The host and its operating system.
    System,
    /// The agent's own process.
    Process,
    /// The container that the agent runs in.
    Container,
    /// The Kubernetes pod that the agent runs in, from the downward API and the pod's files.
    K8s,
    /// AWS Lambda, from its environment.
    Lambda,
    /// AWS Elastic Beanstalk, from its X-Ray file.
    ElasticBeanstalk,
    /// Google Cloud Run, from its environment.
    CloudRun,
    /// Azure App Service, from its environment.
    AzureAppService,
    /// Heroku, from the dyno's metadata in the environment.
    Heroku,
}
