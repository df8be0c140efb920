//! Keys about what is made of a file's bytes.

use super::operators::OperatorConfig;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;
use tidewatch_config::values::{ByteSize, GoDuration};

/// What is made of a file's bytes. Flattened into the receiver's configuration.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-unsupported" = {
    "include_file_owner_name": "owners of files are not looked up",
    "include_file_owner_group_name": "owners of files are not looked up",
    "include_file_permissions": "permissions of files are not looked up",
}))]
pub(crate) struct EntriesConfig {
    /// How the text is encoded: `utf-8` (default), `utf-16le`, `ascii`, `big5`, ...; `utf-8-raw` keeps bytes that
    /// are not UTF-8, `nop` makes bytes of everything and splits nothing but by size.
    pub encoding: String,
    /// The longest entry; a longer one is cut. Default 1MiB.
    pub max_log_size: ByteSize,
    /// What becomes of the rest of a longer entry: `split` (default), another entry; `truncate`, dropped and counted.
    pub max_log_size_behavior: MaxLogSizeBehavior,
    /// Where entries begin or end, if not with each line.
    pub multiline: Option<MultilineConfig>,
    /// How long an entry without an end waits for more, before it is taken as it is. 0s: for ever. Default 500ms.
    pub force_flush_period: GoDuration,
    /// Keep spaces, tabs and line ends at the start of an entry. Default false.
    pub preserve_leading_whitespaces: bool,
    /// Keep them at its end. Default false.
    pub preserve_trailing_whitespaces: bool,
    /// What happens to each entry, one operator after the other.
    pub operators: Vec<OperatorConfig>,
    /// Lines at the beginning of each file that say something about all others.
    pub header: Option<HeaderConfig>,
    /// Attributes of every record.
    pub attributes: Map<String, Value>,
    /// Attributes of every record's resource.
    pub resource: Map<String, Value>,
    /// Name the file in the attribute `log.file.name`. Default true.
    pub include_file_name: bool,
    /// Name its path in `log.file.path`. Default false.
    pub include_file_path: bool,
    /// Name the file behind symbolic links in `log.file.name_resolved`. Default false.
    pub include_file_name_resolved: bool,
    /// Name its path in `log.file.path_resolved`. Default false.
    pub include_file_path_resolved: bool,
    /// Count a file's entries from 1 in `log.file.record_number`. Default false.
    pub include_file_record_number: bool,
    /// Where the entry begins in the file, in bytes, in `log.file.record_offset`. Default false.
    pub include_file_record_offset: bool,
}

/// What becomes of the rest of an entry that is longer than `max_log_size`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MaxLogSizeBehavior {
    /// Another entry.
    #[default]
    Split,
    /// Dropped and counted.
    Truncate,
}

/// Where entries begin or end: one of both patterns.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct MultilineConfig {
    /// Regular expression that matches where an entry begins.
    pub line_start_pattern: String,
    /// Regular expression that matches where an entry ends.
    pub line_end_pattern: String,
    /// Leave out what the pattern matches. Default false.
    pub omit_pattern: bool,
}

/// Lines at the beginning of each file that say something about all others. The first line that does not match is
/// the first entry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct HeaderConfig {
    /// Regular expression that matches such lines.
    pub pattern: String,
    /// What is made of each of them; the attributes are those of every record of the file.
    pub metadata_operators: Vec<OperatorConfig>,
}

impl Default for EntriesConfig {
    fn default() -> Self {
        Self {
            encoding: "utf-8".into(),
            max_log_size: ByteSize::mib(1),
            max_log_size_behavior: MaxLogSizeBehavior::Split,
            multiline: None,
            operators: Vec::new(),
            header: None,
            force_flush_period: Duration::from_millis(500).into(),
            preserve_leading_whitespaces: false,
            preserve_trailing_whitespaces: false,
            attributes: Map::new(),
            resource: Map::new(),
            include_file_name: true,
            include_file_path: false,
            include_file_name_resolved: false,
            include_file_path_resolved: false,
            include_file_record_number: false,
            include_file_record_offset: false,
        }
    }
}
