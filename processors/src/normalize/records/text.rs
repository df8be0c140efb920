//! Texts, read into fields.

use crate::normalize::config::{CsvConfig, Form, FormWith, KeyValueConfig, ParseConfig};
use tidewatch_config::Mistake;
use tidewatch_otlp::{edit::Arena, views::AttributesView};
use tidewatch_parse::{Csv, Groups, KeyValue, Quotes, json, logfmt};

/// How a text is read.
#[derive(Debug)]
pub(super) enum Text {
    Json,
    Logfmt,
    KeyValue(KeyValue),
    /// With the names of the columns; none: they are numbered.
    Csv(Csv, Vec<String>),
    Groups(Groups),
}

impl Text {
    /// As a configuration says, or what is wrong with it; paths start at `parse`.
    pub(super) fn new(config: ParseConfig) -> Result<Self, Mistake> {
        Ok(match config {
            ParseConfig::Named(Form::Json) => Self::Json,
            ParseConfig::Named(Form::Logfmt) => Self::Logfmt,
            ParseConfig::Named(Form::KeyValue) => Self::KeyValue(KeyValue::default()),
            ParseConfig::Named(Form::Csv) => Self::Csv(Csv::default(), Vec::new()),
            ParseConfig::With(FormWith::KeyValue(config)) => key_value(&config)?,
            ParseConfig::With(FormWith::Csv(config)) => csv(config)?,
            ParseConfig::With(FormWith::Regex(pattern)) => {
                Self::Groups(Groups::compile(&pattern).map_err(|reason| Mistake::new("regex", reason))?)
            }
        })
    }

    /// The names of all fields that there can be; none where they stand in the text.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        match self {
            Self::Csv(_, columns) if !columns.is_empty() => {
                Some(columns.iter().map(String::as_str).collect())
            }
            Self::Groups(groups) => Some(groups.names().collect()),
            Self::Csv(..) | Self::Json | Self::Logfmt | Self::KeyValue(_) => None,
        }
    }

    /// The fields of a text, or what is wrong with it: nothing of the text is in that.
    pub(super) fn read<'a>(&self, text: &str, arena: &'a Arena) -> Result<AttributesView<'a>, String> {
        let fields = match self {
            Self::Json => json::object(text, json::Numbers::AsWritten, arena),
            Self::Logfmt => logfmt::fields(text, arena),
            Self::KeyValue(pairs) => pairs.fields(text, arena),
            Self::Csv(csv, columns) if columns.is_empty() => csv.numbered(text, arena),
            Self::Csv(csv, columns) => csv.fields(columns.iter().map(String::as_str), text, arena),
            Self::Groups(groups) => groups.fields(text, arena),
        };
        fields.map_err(|failure| failure.to_string())
    }
}

fn key_value(config: &KeyValueConfig) -> Result<Text, Mistake> {
    let delimiter = config.delimiter.as_deref().unwrap_or("=");
    let between = config.pair_delimiter.as_deref().unwrap_or(" ");
    let pairs = KeyValue::new(delimiter, between).map_err(|reason| Mistake::new("key_value", reason))?;
    Ok(Text::KeyValue(pairs))
}

fn csv(config: CsvConfig) -> Result<Text, Mistake> {
    let wrong = |reason: String| Mistake::new("csv.delimiter", reason);
    let mut delimiter = config.delimiter.as_deref().unwrap_or(",").chars();
    let csv = match (delimiter.next(), delimiter.next()) {
        (Some(one), None) => Csv::new(one, Quotes::Strict).map_err(wrong)?,
        _ => return Err(wrong("a delimiter is one character".into())),
    };
    for (index, column) in config.columns.iter().enumerate() {
        let path = format!("csv.columns[{index}]");
        if column.is_empty() {
            return Err(Mistake::new(path, "a column has a name"));
        }
        if config.columns[..index].contains(column) {
            return Err(Mistake::new(path, format!("there is a column `{column}` already")));
        }
    }
    Ok(Text::Csv(csv, config.columns))
}
