use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Keys of `normalize`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NormalizeConfig {
    /// What becomes of log records: the first entry whose `when` holds is used; where none holds, a record passes
    /// untouched.
    pub records: Vec<RecordsConfig>,
    /// Units of metrics and the units they are brought to, in UCUM or in common spellings, e.g. `ms: s`. Values,
    /// sums, bounds, quantiles and exemplars are scaled.
    #[schemars(with = "BTreeMap<String, String>")]
    pub units: IndexMap<String, String>,
    /// Old and new names of attributes, of resources, scopes, records, spans, their events, and points.
    pub rename: RenameConfig,
}

/// Names of attributes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RenameConfig {
    /// Applies the renames that the OpenTelemetry semantic conventions have published, names of metrics too.
    pub semantic_conventions: bool,
    /// Old name and new name.
    #[serde(flatten)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub names: IndexMap<String, String>,
}

/// What becomes of some of the log records.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RecordsConfig {
    /// OTTL condition. Default: every record.
    pub when: Option<String>,
    /// How a text body is read: `json`, `logfmt`, `key_value`, `csv`, or e.g. `{regex: '(?<level>\w+) (?<text>.*)'}`.
    /// Default: the body is a map already.
    pub parse: Option<ParseConfig>,
    /// Fields of the result, by name.
    #[schemars(with = "BTreeMap<String, FieldConfig>")]
    pub fields: IndexMap<String, FieldConfig>,
    /// What becomes of fields that `fields` does not name. Default `keep`.
    pub others: Others,
    /// OTTL statements over the fields, as `fields["name"]`, one after another.
    pub compute: Vec<String>,
    /// The record's time. Default: it stays.
    pub time: Option<TimeConfig>,
    /// The record's severity. Default: it stays.
    pub severity: Option<SeverityConfig>,
    /// Attribute of the resource, and the field that moves there.
    #[schemars(with = "BTreeMap<String, String>")]
    pub resource: IndexMap<String, String>,
    /// Attribute of the record, and the field that moves there. `*`: a field that is a map, whose entries become
    /// attributes; those that are named win.
    #[schemars(with = "BTreeMap<String, String>")]
    pub attributes: IndexMap<String, String>,
    /// Where the fields go that moved nowhere else. Default `body`.
    pub into: Target,
    /// Makes the record a point of a gauge.
    pub metric: Option<MetricConfig>,
    /// What becomes of a record that cannot be brought into this form. Default `dead_letter`.
    pub on_error: OnError,
}

/// How a text is read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ParseConfig {
    /// A form without keys of its own.
    Named(Form),
    /// A form with keys.
    With(FormWith),
}

/// Forms of text without keys of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A JSON object.
    Json,
    /// `level=info msg="it works"`.
    Logfmt,
    /// `level=info user=jane`.
    KeyValue,
    /// Columns separated by commas; fields are called `1`, `2` and so on.
    Csv,
}

/// Forms of text with keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormWith {
    /// A regular expression; its named groups are the fields.
    Regex(String),
    /// Columns of a table.
    Csv(CsvConfig),
    /// Pairs of keys and values.
    KeyValue(KeyValueConfig),
}

/// Columns of a table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CsvConfig {
    /// Names of the columns, in order. Default: `1`, `2` and so on.
    pub columns: Vec<String>,
    /// One character between columns. Default `,`.
    pub delimiter: Option<String>,
}

/// Pairs of keys and values.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeyValueConfig {
    /// What stands between a key and its value. Default `=`.
    pub delimiter: Option<String>,
    /// What stands between pairs. Default: a space.
    pub pair_delimiter: Option<String>,
}

/// One field of the result.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FieldConfig {
    /// Fields of the record; the first one that is there counts. Default: the field of the same name.
    pub from: OneOrMore,
    /// What it is made into. Default: it stays as it is.
    #[serde(rename = "as")]
    pub as_: Option<Cast>,
    /// The value where none of the fields is there, or it is null.
    #[schemars(with = "Option<Json>")]
    pub default: Json,
    /// What becomes of a value that cannot be made into `as`, or is not `one_of`: `error` (default) refuses the record;
    /// any other is the value taken instead, noted in the attribute `tidewatch.data_quality` and counted.
    #[schemars(with = "Option<Json>")]
    pub invalid: Json,
    /// Refuses the record where none of the fields is there. Default `false`.
    pub required: bool,
    /// The values there may be.
    pub one_of: Vec<Json>,
    /// With `as: time`: how it may be written, as in `time`. Default `rfc3339`. Its `default` and `invalid` may be `now`, too:
    /// the time of the agent's clock.
    pub formats: OneOrMore,
    /// With `as: time`: the zone of times that name none. Default `UTC`.
    pub zone: Option<String>,
    /// With `as: time`: how it is written from now on, one of the `formats`. Default `rfc3339`.
    pub write: Option<String>,
}

/// One text or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several, in order.
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl OneOrMore {
    /// All of them.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// What a field is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cast {
    /// A floating-point number.
    Double,
    /// An integer of 64 bits.
    Int,
    /// True or false.
    Bool,
    /// Text.
    String,
    /// A time, read in one of the `formats` and written as `write` says.
    Time,
}

/// What becomes of fields that are not named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Others {
    /// They stay as they are.
    #[default]
    Keep,
    /// They go.
    Drop,
}

/// The time of a record.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeConfig {
    /// Fields of the record; the first one that is there counts.
    pub from: OneOrMore,
    /// How it may be written; the first one that fits counts: `rfc3339`, `iso8601`, `unix`, `unix_ms`, `unix_us`,
    /// `unix_ns`, or a layout as of strptime, e.g. `%d-%m-%Y %H:%M:%S%.f`. Default `rfc3339`.
    pub formats: OneOrMore,
    /// The zone of times that name none. Default `UTC`.
    pub zone: Option<String>,
    /// `now`: the time of the agent's clock where the field is absent, or cannot be read. Default: a record without the
    /// field keeps its own time, and one whose field cannot be read is refused.
    pub default: Option<TimeDefault>,
}

/// The time of a record that does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeDefault {
    /// That of the agent's clock.
    Now,
}

/// The severity of a record.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SeverityConfig {
    /// Fields of the record; the first one that is there counts.
    pub from: OneOrMore,
}

/// Where fields go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// They are the record's body.
    #[default]
    Body,
    /// They become attributes, and the body goes.
    Attributes,
}

/// The point that a record becomes. Each key names a field.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MetricConfig {
    /// The metric's name. Default: the name of the field `value`.
    pub name: Option<String>,
    /// The number.
    pub value: String,
    /// The metric's unit. Default: none.
    pub unit: Option<String>,
    /// Attributes of the point: a map, or a list of fields. Default: none.
    pub attributes: OneOrMore,
}

/// What becomes of a record that is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// It goes to `service.dead_letter`, and is dropped where that is not there; its sender is told.
    #[default]
    DeadLetter,
    /// It is dropped; its sender is told.
    Drop,
    /// It goes on as it came, with the reason in the attribute `tidewatch.error`.
    Keep,
}
