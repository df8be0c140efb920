//! `regex_parser`.

use super::{Mistakes, config::RegexParserConfig, parser::Parser};
use crate::file_log::entries::record::Record;
use std::borrow::Cow;
use tidewatch_otlp::write::{Map, Value};
use tidewatch_parse::go_regex;

#[derive(Debug)]
pub(super) struct RegexParser {
    parser: Parser,
    regex: ::regex::Regex,
}

impl RegexParser {
    pub(super) fn build(config: &RegexParserConfig, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let parser = Parser::build(&config.parser, path, mistakes);
        let at = format!("{path}.regex");
        let help = "name groups like this: `^(?P<level>[A-Z]+) (?P<message>.*)$`";
        let regex = match go_regex::text(&config.regex) {
            Ok(regex) if regex.capture_names().flatten().next().is_none() => {
                mistakes.add(&at, "the expression names no groups".into(), help);
                None
            }
            Ok(regex) => Some(regex),
            Err(problem) => {
                mistakes.add(&at, problem, help);
                None
            }
        };
        Some(Self { parser: parser?, regex: regex? })
    }

    pub(super) fn run(&self, record: &mut Record<'_>, now: u64) -> Result<(), String> {
        self.parser.run(record, now, |text| match text {
            Cow::Borrowed(text) => self.fields(text),
            Cow::Owned(text) => self.fields(&text).map(Map::into_owned),
        })
    }

    /// What the named groups match; nothing at all is an empty text.
    fn fields<'t>(&self, text: &'t str) -> Result<Map<'t>, String> {
        let captures = self.regex.captures(text).ok_or("the regular expression does not match")?;
        let groups = self.regex.capture_names().enumerate();
        let named = groups.filter_map(|(index, name)| {
            let value = captures.get(index).map_or("", |group| group.as_str());
            Some((name?.to_owned(), Value::from(value)))
        });
        Ok(named.collect())
    }
}
