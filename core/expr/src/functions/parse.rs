//! Text to maps and lists, and back.

use super::{Converter, Function, lists::map, plain, special};
use crate::{
    Failure, Record, Value, arguments::Arguments, error::Wrong, limits::fits, node::Node, pattern::Pattern,
    text::text,
};
use std::sync::Arc;
use tidewatch_otlp::{
    edit::Arena,
    views::{AttributesView, ValueView},
    write::MapWriter,
};
use tidewatch_parse::{Csv, KeyValue, ParseFailure, Quotes, json};

pub(super) static TABLE: &[Function] = &[
    special("ExtractPatterns", &["target", "pattern"], extract_patterns),
    special("ParseCSV", &["target", "headers", "delimiter?", "header_delimiter?", "mode?"], parse_csv),
    plain("ParseJSON", &["target"], parse_json),
    special("ParseKeyValue", &["target", "delimiter?", "pair_delimiter?"], parse_key_value),
    plain(
        "ToKeyValueString",
        &["target", "delimiter?", "pair_delimiter?", "sort_output?"],
        to_key_value_string,
    ),
];

fn failed(failure: &ParseFailure) -> Failure {
    Failure::new(failure.to_string())
}

/// An object or an array. Its numbers become doubles, as in the Collector.
fn parse_json<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let target = text(&values[0])?;
    fits(target.len())?;
    let value = json::value(target, json::Numbers::Doubles, arena).map_err(|failure| failed(&failure))?;
    match value {
        ValueView::Array(_) | ValueView::KvList(_) => Ok(value.into()),
        other => Err(Failure::expected("a JSON object or array", &other.into())),
    }
}

#[derive(Debug)]
struct ExtractPatterns {
    target: Node,
    pattern: Pattern,
}

fn extract_patterns(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let offset = arguments.offset_of("pattern");
    let pattern = Pattern::argument(arguments, "pattern")?;
    if let Pattern::Fixed(regex) = &pattern
        && regex.capture_names().flatten().next().is_none()
    {
        return Err(Wrong::new(offset, "the expression names no groups").help("name one: `(?P<name>...)`"));
    }
    Ok(Arc::new(ExtractPatterns { target: arguments.value("target")?, pattern }))
}

impl Converter for ExtractPatterns {
    /// Without a match, an empty map.
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let target = self.target.evaluate(record)?;
        let target = text(&target)?;
        fits(target.len())?;
        self.pattern.with(record, |regex| {
            let bytes = record.arena.write(|out| {
                let Some(captures) = regex.captures(target) else { return };
                let mut map = MapWriter::new(1, out);
                for (index, name) in regex.capture_names().enumerate() {
                    if let Some(name) = name {
                        map.put(name, captures.get(index).map_or("", |group| group.as_str()));
                    }
                }
                map.keep_last();
            });
            Value::Map(AttributesView::of_map(bytes))
        })
    }
}

#[derive(Debug)]
struct ParseKeyValue {
    target: Node,
    pairs: KeyValue,
}

fn parse_key_value(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let offset = arguments.offset();
    let delimiter = arguments.optional_text("delimiter")?;
    let pair_delimiter = arguments.optional_text("pair_delimiter")?;
    let pairs = KeyValue::new(delimiter.as_deref().unwrap_or("="), pair_delimiter.as_deref().unwrap_or(" "))
        .map_err(|error| Wrong::new(offset, error))?;
    Ok(Arc::new(ParseKeyValue { target: arguments.value("target")?, pairs }))
}

impl Converter for ParseKeyValue {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let target = self.target.evaluate(record)?;
        let target = text(&target)?;
        if target.is_empty() {
            return Err(Failure::new("the text is empty"));
        }
        fits(target.len())?;
        self.pairs.fields(target, record.arena).map(Value::Map).map_err(|failure| failed(&failure))
    }
}

#[derive(Debug)]
struct ParseCsv {
    target: Node,
    headers: Node,
    header_delimiter: char,
    csv: Csv,
}

fn parse_csv(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let offset = arguments.offset();
    let delimiter = delimiter(arguments, "delimiter")?.unwrap_or(',');
    let header_delimiter = self::delimiter(arguments, "header_delimiter")?.unwrap_or(delimiter);
    let mode_at = arguments.offset_of("mode");
    let quotes = match arguments.optional_text("mode")?.as_deref() {
        None | Some("strict") => Quotes::Strict,
        Some("lazyQuotes") => Quotes::Lazy,
        Some("ignoreQuotes") => Quotes::Ignored,
        Some(other) => {
            let message = format!("`{other}` is none of strict, lazyQuotes, ignoreQuotes");
            return Err(Wrong::new(mode_at, message));
        }
    };
    let csv = Csv::new(delimiter, quotes).map_err(|error| Wrong::new(offset, error))?;
    let (target, headers) = (arguments.value("target")?, arguments.value("headers")?);
    Ok(Arc::new(ParseCsv { target, headers, header_delimiter, csv }))
}

fn delimiter(arguments: &mut Arguments, name: &str) -> Result<Option<char>, Wrong> {
    let offset = arguments.offset_of(name);
    let Some(text) = arguments.optional_text(name)? else { return Ok(None) };
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(delimiter), None) => Ok(Some(delimiter)),
        _ => Err(Wrong::new(offset, format!("`{name}` is one character"))),
    }
}

impl Converter for ParseCsv {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let (target, headers) = (self.target.evaluate(record)?, self.headers.evaluate(record)?);
        let (target, headers) = (text(&target)?, text(&headers)?);
        fits(target.len().saturating_add(headers.len()))?;
        let names = headers.split(self.header_delimiter);
        let row = target.trim_matches(['\r', '\n']);
        self.csv.fields(names, row, record.arena).map(Value::Map).map_err(|failure| failed(&failure))
    }
}

/// What has a delimiter in it stands in quotes.
fn to_key_value_string<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let given = |value: &Value<'a>, default: &'static str| match value {
        Value::Nil => Ok(default),
        other => text(other),
    };
    let (delimiter, pair_delimiter) = (given(&values[1], "=")?, given(&values[2], " ")?);
    if delimiter.is_empty() || delimiter == pair_delimiter {
        return Err(Failure::new("the delimiters have to differ, and none is empty"));
    }
    let mut entries: Vec<_> = map(&values[0])?.iter().collect();
    if values[3].is_true() {
        entries.sort_by_key(|(key, _)| *key);
    }
    let quoted = |part: &str, out: &mut String| {
        let is_plain = !part.contains(delimiter) && !part.contains(pair_delimiter);
        match is_plain {
            true => out.push_str(part),
            false => out.extend(["\"", &part.replace('"', "\\\""), "\""]),
        }
    };
    let mut joined = String::new();
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            joined.push_str(pair_delimiter);
        }
        quoted(key, &mut joined);
        joined.push_str(delimiter);
        quoted(&value.to_string(), &mut joined);
        fits(joined.len())?;
    }
    Ok(Value::Text(arena.text(&joined)))
}
