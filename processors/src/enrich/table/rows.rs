use super::{build::Builder, csv, fault::Fault, json, yaml};
use serde_json::{Map, Value as Json};
use std::{borrow::Cow, path::PathBuf};

/// Where a table is.
#[derive(Debug, Clone)]
pub(in crate::enrich) enum Source {
    /// In a file.
    File { path: PathBuf, format: Format, max_bytes: u64 },
    /// In the configuration.
    Inline(Json),
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::enrich) enum Format {
    Csv { delimiter: char },
    Json,
    Yaml,
}

impl Format {
    pub(super) fn read(self, text: &str, builder: &mut Builder<'_>) -> Result<(), Fault> {
        match self {
            Self::Csv { delimiter } => csv::read(text, delimiter, builder),
            Self::Json => json::read(text, builder),
            Self::Yaml => yaml::read(text, builder),
        }
    }

    /// The key that names such a file, below the table's.
    pub(in crate::enrich) fn key(self) -> &'static str {
        match self {
            Self::Csv { .. } => "from.csv",
            Self::Json => "from.json",
            Self::Yaml => "from.yaml",
        }
    }

    /// Whether a text that ends too early can look like a whole one.
    pub(super) fn may_end_anywhere(self) -> bool {
        self != Self::Json
    }
}

/// A row, as it is read.
pub(super) struct Row<'r> {
    /// Where it begins; see [`Places`](super::fault::Places).
    pub(super) at: usize,
    pub(super) cells: Vec<Cell<'r>>,
}

/// A cell that is not empty.
pub(super) struct Cell<'r> {
    pub(super) column: &'r str,
    /// Where it begins.
    pub(super) at: usize,
    pub(super) value: Value<'r>,
}

/// What a cell holds.
pub(super) enum Value<'r> {
    Text(Cow<'r, str>),
    Json(&'r Json),
}

/// Gives the builder a row that is written as an object, perhaps by its key.
pub(super) fn object(
    builder: &mut Builder<'_>,
    at: usize,
    key: Option<&str>,
    row: &Json,
) -> Result<(), Fault> {
    let Json::Object(row) = row else {
        return Err(builder.places().fault(at, format!("a row is an object, this is {}", kind(row))));
    };
    let column = key.map(|_| key_column(builder, at)).transpose()?;
    let key = column.as_deref().zip(key);
    if let Some((column, _)) = key.filter(|(column, _)| row.contains_key(*column)) {
        let message = format!("the row has a `{column}` of its own, which its key is already");
        return Err(builder.places().fault(at, message));
    }
    let key = key.map(|(column, key)| Cell { column, at, value: Value::Text(key.into()) });
    builder.row(&Row { at, cells: key.into_iter().chain(cells(at, row)).collect() })
}

fn cells(at: usize, row: &Map<String, Json>) -> impl Iterator<Item = Cell<'_>> {
    let given = row.iter().filter(|(_, value)| !value.is_null());
    given.map(move |(column, value)| Cell { column, at, value: Value::Json(value) })
}

fn key_column(builder: &Builder<'_>, at: usize) -> Result<String, Fault> {
    builder.key_column().map(str::to_owned).ok_or_else(|| {
        let message = "the rows are by their keys: `key` has to say which column these are";
        builder.places().fault(at, message).of_key("from")
    })
}

/// Gives the builder the rows of the configuration.
pub(super) fn inline(table: &Json, builder: &mut Builder<'_>) -> Result<(), Fault> {
    match table {
        Json::Array(rows) => rows.iter().enumerate().try_for_each(|(at, row)| object(builder, at, None, row)),
        Json::Object(rows) => {
            rows.iter().enumerate().try_for_each(|(at, (key, row))| object(builder, at, Some(key), row))
        }
        other => Err(not_a_table(other).of_key("from.inline")),
    }
}

/// The whole is neither a list nor an object.
pub(super) fn not_a_table(found: &Json) -> Fault {
    Fault::new(format!(
        "a table is a list of rows, or an object of them by their keys, but this is {}",
        kind(found)
    ))
}

/// What people call such a value.
pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
