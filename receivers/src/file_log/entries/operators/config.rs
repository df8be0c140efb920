//! Keys of operators, as the Collector calls them.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use tidewatch_config::values::ByteSize;

/// An operator, by its `type`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(extend("x-unsupported-variants" = {
    "assign_keys": "name the fields with `regex_parser`, or with `move`",
    "csv_parser": "write a `regex_parser` with a group for each column",
    "file_output": "send the logs to the exporter `file`",
    "filter": "drop what a parser does not match with `on_error: drop`; conditions on whole records belong into processors",
    "flatten": "`move` the map to the one above it: its entries are added to those that are there",
    "json_array_parser": "put the text into an object, or leave it as it is: only JSON objects are parsed",
    "key_value_parser": "write a `regex_parser` with a group for each key",
    "noop": "leave it out: operators run in their order",
    "recombine": "`multiline` joins lines, and `container` joins the parts of one that a runtime has cut",
    "regex_replace": "take what is to stay with a `regex_parser`",
    "retain": "`remove` the other fields, or `move` those that stay",
    "router": "give each operator an `if` of its own, or write several receivers",
    "sanitize_utf8": "leave it out: with `encoding: utf-8`, what is not UTF-8 is replaced in any case",
    "scope_name_parser": "write `scope_name: {parse_from: ...}` in the parser before it",
    "severity_parser": "write `severity: {parse_from: ...}` in the parser before it",
    "stdout": "send the logs to the exporter `debug`",
    "syslog_parser": "write a `regex_parser`, with `timestamp` and `severity`",
    "time_parser": "write `timestamp: {parse_from: ..., layout: ...}` in the parser before it",
    "trace_parser": "write `trace: {trace_id: {parse_from: ...}}` in the parser before it",
    "unquote": "take what stands within the quotes with a `regex_parser`",
    "uri_parser": "write a `regex_parser` with a group for each part",
}))]
pub(crate) enum OperatorConfig {
    /// Sets a field to a value.
    Add(AddConfig),
    /// Takes logs out of what Docker, containerd or CRI-O wrote around them, and joins their parts.
    Container(ContainerConfig),
    /// Copies a field.
    Copy(MoveConfig),
    /// Makes fields of a text that is a JSON object.
    JsonParser(JsonParserConfig),
    /// Moves a field.
    Move(MoveConfig),
    /// Makes fields of what the named groups of a regular expression match.
    RegexParser(RegexParserConfig),
    /// Takes a field out.
    Remove(RemoveConfig),
}

/// Keys that every operator has.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct CommonConfig {
    /// What it is called in logs and metrics. Default: its type.
    pub id: Option<String>,
    /// The `id` of the operator behind it. Operators run in their order, so it can only be the next one.
    pub output: Vec<String>,
    /// What becomes of a record that it fails for: `send` (default) lets it go on as it is, `drop` drops it; both are
    /// counted. `send_quiet` and `drop_quiet` log nothing.
    pub on_error: OnError,
    /// The operator is run where this holds, e.g. `body startsWith "{" and attributes.x != nil`.
    #[serde(rename = "if")]
    pub condition: Option<String>,
}

/// What becomes of a record that an operator fails for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnError {
    /// It goes on as it is.
    #[default]
    Send,
    /// It goes on as it is, and nothing is logged.
    SendQuiet,
    /// It is dropped.
    Drop,
    /// It is dropped, and nothing is logged.
    DropQuiet,
}

/// Keys that every parser has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct ParserConfig {
    /// `id`, `output`, `on_error`, `if`.
    #[serde(flatten)]
    pub common: CommonConfig,
    /// The text to parse. Default `body`.
    pub parse_from: String,
    /// Where the fields go. Default `attributes`.
    pub parse_to: String,
    /// A field that becomes the body.
    pub body: Option<String>,
    /// The record's time, from a field.
    pub timestamp: Option<TimestampConfig>,
    /// The record's severity, from a field.
    pub severity: Option<SeverityConfig>,
    /// The record's trace and span, from fields.
    pub trace: Option<TraceConfig>,
    /// The name of the record's scope, from a field.
    pub scope_name: Option<ScopeNameConfig>,
}

impl Default for ParserConfig {
    fn default() -> Self {
        Self {
            common: CommonConfig::default(),
            parse_from: "body".into(),
            parse_to: "attributes".into(),
            body: None,
            timestamp: None,
            severity: None,
            trace: None,
            scope_name: None,
        }
    }
}

/// `json_parser`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct JsonParserConfig {
    /// What every parser has.
    #[serde(flatten)]
    pub parser: ParserConfig,
    /// Numbers without a fraction become integers. Default false: all numbers are floating-point.
    pub parse_ints: bool,
}

/// `regex_parser`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct RegexParserConfig {
    /// What every parser has.
    #[serde(flatten)]
    pub parser: ParserConfig,
    /// Its groups `(?P<name>...)` become fields. The syntax is that of Go.
    pub regex: String,
    /// As in the Collector.
    #[serde(default)]
    #[expect(dead_code, reason = "it has no effect")]
    #[schemars(extend("x-warning" = "has no effect: matching takes no longer than looking up"))]
    pub cache: Option<CacheConfig>,
}

/// A cache of results.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct CacheConfig {
    /// How many there are.
    pub size: u16,
}

/// `container`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-unsupported" = {
    "parse_from": "containers' logs are parsed from the body",
    "parse_to": "containers' logs are parsed to body, time and attributes",
}))]
pub(crate) struct ContainerConfig {
    /// `id`, `output`, `on_error`, `if`.
    #[serde(flatten)]
    pub common: CommonConfig,
    /// What the lines look like. Default: found out line by line.
    pub format: Option<ContainerFormat>,
    /// Names pod and container in the resource, if the file's path does. Default true.
    pub add_metadata_from_filepath: bool,
    /// Parts are joined up to this size. Default 1MiB.
    pub max_log_size: ByteSize,
}

impl Default for ContainerConfig {
    fn default() -> Self {
        Self {
            common: CommonConfig::default(),
            format: None,
            add_metadata_from_filepath: true,
            max_log_size: ByteSize::mib(1),
        }
    }
}

/// What containers' logs look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ContainerFormat {
    /// JSON of log, stream and time.
    Docker,
    /// Time with `Z`, stream, tag, log.
    Containerd,
    /// Time with an offset, stream, tag, log.
    Crio,
}

/// `move` and `copy`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct MoveConfig {
    /// `id`, `output`, `on_error`, `if`.
    #[serde(flatten)]
    pub common: CommonConfig,
    /// The field.
    pub from: String,
    /// Where it goes.
    pub to: String,
}

/// `add`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct AddConfig {
    /// `id`, `output`, `on_error`, `if`.
    #[serde(flatten)]
    pub common: CommonConfig,
    /// The field.
    pub field: String,
    /// Its value, of any kind.
    pub value: Value,
}

/// `remove`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct RemoveConfig {
    /// `id`, `output`, `on_error`, `if`.
    #[serde(flatten)]
    pub common: CommonConfig,
    /// The field; `attributes` and `resource` are all of them.
    pub field: String,
}

/// Where a record's time is found.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub(crate) struct TimestampConfig {
    /// The field.
    pub parse_from: String,
    /// How it is written: `%Y-%m-%d %H:%M:%S,%L`; for `gotime`, `2006-01-02 15:04:05`; for `epoch`, `s`, `ms`, `us`,
    /// `ns`, `s.ms`, `s.us` or `s.ns`.
    pub layout: String,
    /// The kind of layout: `strptime` (default), `gotime` or `epoch`.
    #[serde(default)]
    pub layout_type: LayoutType,
    /// The zone of times that name none, e.g. `Europe/Berlin`. Default: the machine's, or UTC if the layout ends with `Z`.
    #[serde(default)]
    pub location: Option<String>,
}

/// The kind of a time's layout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LayoutType {
    /// Directives such as `%Y`.
    #[default]
    Strptime,
    /// An example of Go's reference time.
    Gotime,
    /// A number of seconds, or of parts of them.
    Epoch,
}

/// Where a record's severity is found.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub(crate) struct SeverityConfig {
    /// The field.
    pub parse_from: String,
    /// Names that are known without `mapping`: `default`; `otel`, without `warning` and `err`; `none`.
    #[serde(default)]
    pub preset: String,
    /// By severity, what stands for it: a text, an integer, `{min: 400, max: 499}`, `5xx`, or a list of such.
    #[serde(default)]
    pub mapping: Map<String, Value>,
    /// Write severities as OpenTelemetry does (`INFO`), and not as they were found. Default false.
    #[serde(default)]
    pub overwrite_text: bool,
}

/// Where a record's trace is found.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct TraceConfig {
    /// 32 hexadecimal digits. Default: from `body.trace_id`.
    pub trace_id: FromConfig,
    /// 16 hexadecimal digits. Default: from `body.span_id`.
    pub span_id: FromConfig,
    /// Two hexadecimal digits. Default: from `body.trace_flags`.
    pub trace_flags: FromConfig,
}

impl Default for TraceConfig {
    fn default() -> Self {
        let from = |field: &str| FromConfig { parse_from: field.into() };
        Self {
            trace_id: from("body.trace_id"),
            span_id: from("body.span_id"),
            trace_flags: from("body.trace_flags"),
        }
    }
}

/// Where something is found.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub(crate) struct FromConfig {
    /// The field.
    pub parse_from: String,
}

/// Where a scope's name is found.
pub(crate) type ScopeNameConfig = FromConfig;

impl OperatorConfig {
    /// Its type and the keys that every operator has.
    pub(super) fn common(&self) -> (&'static str, &CommonConfig) {
        match self {
            Self::Add(config) => ("add", &config.common),
            Self::Container(config) => ("container", &config.common),
            Self::Copy(config) => ("copy", &config.common),
            Self::JsonParser(config) => ("json_parser", &config.parser.common),
            Self::Move(config) => ("move", &config.common),
            Self::RegexParser(config) => ("regex_parser", &config.parser.common),
            Self::Remove(config) => ("remove", &config.common),
        }
    }
}
