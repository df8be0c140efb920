//! Lines at the beginning of a file that say something about all others.

use super::{
    config::HeaderConfig,
    operators::{Chain, Mistakes, Outcome, Tally},
    record::{Record, SharedMap},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, sync::Arc};
use tidewatch_component::BuildContext;
use tidewatch_otlp::write::{Map, Value};
use tidewatch_parse::go_regex;

/// What header lines look like, and what is made of them.
#[derive(Debug)]
pub(super) struct Header {
    pattern: regex::Regex,
    operators: Chain,
}

/// What a file's header has said so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct HeaderState {
    /// A line was none of it.
    over: bool,
    /// Attributes of all records of the file.
    attributes: Option<Arc<serde_json::Map<String, serde_json::Value>>>,
}

impl Header {
    pub(super) fn build(
        config: &HeaderConfig,
        context: &BuildContext,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        if config.metadata_operators.is_empty() {
            let help = "for example `- {type: regex_parser, regex: '^# (?P<key>.*)$'}`";
            mistakes.add("header.metadata_operators", "a header without operators says nothing".into(), help);
        }
        let operators =
            Chain::build(&config.metadata_operators, "header.metadata_operators", context, mistakes);
        if operators.max_joined().is_some() {
            let help = "use `container` among `operators`";
            mistakes.add("header.metadata_operators", "`container` cannot read headers".into(), help);
        }
        let compiled = go_regex::text(&config.pattern);
        let help = "for example `^#`";
        let pattern = compiled.map_err(|problem| mistakes.add("header.pattern", problem, help)).ok()?;
        Some(Self { pattern, operators })
    }

    /// Takes a line. False, if it is none of the header, which is over then.
    pub(super) fn take(&self, line: Cow<'_, str>, state: &mut HeaderState, now: u64) -> bool {
        if !self.pattern.is_match(&line) {
            state.over = true;
            return false;
        }
        let nothing = SharedMap::default();
        let mut record = Record::new(Value::from(line), Map::new(), &nothing);
        let mut tally = Tally::default();
        if self.operators.run(0, &mut record, now, &mut tally) == Outcome::Done {
            let attributes = Arc::make_mut(state.attributes.get_or_insert_default());
            for (key, value) in record.attributes {
                attributes.insert(key.into_owned(), serde_json::to_value(value).unwrap_or_default());
            }
        }
        self.operators.count(&mut tally);
        true
    }
}

impl HeaderState {
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = (String, Value<'static>)> {
        let all = self.attributes.iter().flat_map(|attributes| attributes.iter());
        all.map(|(key, value)| (key.clone(), value.clone().into()))
    }
}
