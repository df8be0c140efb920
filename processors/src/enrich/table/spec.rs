use super::rows::{Format, Source};
use crate::enrich::config::{Add, SourceConfig, TableConfig};
use serde_json::{Map, Value as Json};
use std::path::PathBuf;
use tidewatch_config::Mistake;

/// A table as it is configured.
#[derive(Debug, Clone)]
pub(in crate::enrich) struct Spec {
    pub(in crate::enrich) source: Source,
    /// Attributes to look up, and the columns that they have to match.
    pub(in crate::enrich) match_: Vec<(String, String)>,
    /// Attributes and the columns that they are taken from. None: every column, under its own name.
    pub(super) add: Option<Vec<(String, String)>>,
    /// The row for events that none of the table's is found for.
    pub(super) default: Option<Map<String, Json>>,
    /// Whether the table replaces what the event already says.
    pub(in crate::enrich) override_: bool,
    /// The column that the keys are, where rows are by their keys.
    pub(super) key: Option<String>,
    pub(super) max_rows: usize,
    /// Bytes of memory that the table may take.
    pub(super) max_memory: usize,
}

/// How many times as large as its file may be a table may be in memory.
const MEMORY_FACTOR: u64 = 4;

impl Spec {
    /// Checks what a schema cannot say; the paths of mistakes start at the table.
    pub(in crate::enrich) fn new(config: TableConfig) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if config.match_.is_empty() {
            mistakes.push(
                Mistake::new("match", "without an attribute to match, no row can be found")
                    .help("write `match: {attribute: column}`"),
            );
        }
        let add = match config.add {
            Add::All(_) => None,
            Add::Columns(columns) => Some(Vec::from_iter(columns)),
        };
        if add.as_ref().is_some_and(Vec::is_empty) {
            mistakes.push(
                Mistake::new("add", "without an attribute to add, the table does nothing")
                    .help("write `add: {attribute: column}`, or `add: all`"),
            );
        }
        if let Some(columns) = &add {
            for column in config.default.iter().flat_map(Map::keys) {
                if columns.iter().all(|(_, added)| added != column) {
                    let message =
                        format!("`add` does not take the column `{column}`, so that it has no effect");
                    mistakes.push(Mistake::new(format!("default.{column}"), message));
                }
            }
        }
        let only_match = match config.match_.values().collect::<Vec<_>>()[..] {
            [column] => Some(column.clone()),
            _ => None,
        };
        let (max_rows, max_bytes) = (config.from.max_rows, config.from.max_bytes.get());
        let key = config.from.key.clone().or(only_match);
        let source = source(config.from, &mut mistakes);
        match source {
            Some(source) if mistakes.is_empty() => Ok(Self {
                source,
                match_: Vec::from_iter(config.match_),
                add,
                default: config.default,
                override_: config.override_,
                key,
                max_rows,
                max_memory: usize::try_from(max_bytes.saturating_mul(MEMORY_FACTOR)).unwrap_or(usize::MAX),
            }),
            _ => Err(mistakes),
        }
    }
}

/// None: there is a mistake.
fn source(config: SourceConfig, mistakes: &mut Vec<Mistake>) -> Option<Source> {
    let SourceConfig { csv, json, yaml, inline, key, delimiter, max_bytes, .. } = config;
    let named: Vec<&str> = [("csv", csv.is_some()), ("json", json.is_some()), ("yaml", yaml.is_some())]
        .into_iter()
        .chain([("inline", inline.is_some())])
        .filter_map(|(name, given)| given.then_some(name))
        .collect();
    match named[..] {
        [] => mistakes.push(
            Mistake::new("from", "there is no table")
                .help("name a file by `csv`, `json` or `yaml`, or write `inline`"),
        ),
        [_] => {}
        [first, second, ..] => mistakes.push(
            Mistake::new(format!("from.{second}"), format!("the table is in `{first}` already"))
                .help("two tables are two items of `tables`"),
        ),
    }
    if csv.is_some() && key.is_some() {
        let message = "the rows of a CSV file are not by keys: its first line names the columns";
        mistakes.push(Mistake::new("from.key", message));
    }
    if delimiter.is_some() && csv.is_none() {
        mistakes.push(Mistake::new("from.delimiter", "only CSV files have a delimiter"));
    }
    let delimiter = delimiter.unwrap_or(',');
    if ['"', '\r', '\n'].contains(&delimiter) {
        mistakes.push(Mistake::new("from.delimiter", "quotes and ends of lines have a meaning of their own"));
    }
    let file = |path: PathBuf, format| Source::File { path, format, max_bytes: max_bytes.get() };
    csv.map(|path| file(path, Format::Csv { delimiter }))
        .or_else(|| json.map(|path| file(path, Format::Json)))
        .or_else(|| yaml.map(|path| file(path, Format::Yaml)))
        .or_else(|| inline.map(Source::Inline))
}
