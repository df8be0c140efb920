//! What texts and values are compared with.

use super::config::{AttributeConfig, MatchType};
use crate::actions::{any_value, regex};
use regex::Regex;
use std::{borrow::Cow, cmp::Ordering};
use tidewatch_config::Mistake;
use tidewatch_otlp::views::{AttributesView, ValueView};

/// Texts, or regular expressions, one of which has to fit. Without any, everything does.
#[derive(Debug)]
pub(super) enum Texts {
    Strict(Vec<String>),
    Regexp(Vec<Regex>),
}

impl Texts {
    /// The texts that stand at `path` in the configuration.
    pub(super) fn new(path: &str, texts: Vec<String>, type_: MatchType) -> Result<Self, Vec<Mistake>> {
        if type_ == MatchType::Strict {
            return Ok(Self::Strict(texts));
        }
        let (mut regexes, mut mistakes) = (Vec::new(), Vec::new());
        for (index, text) in texts.iter().enumerate() {
            match regex(&format!("{path}[{index}]"), text) {
                Ok(regex) => regexes.push(regex),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() { Ok(Self::Regexp(regexes)) } else { Err(mistakes) }
    }

    pub(super) fn fit(&self, text: &str) -> bool {
        match self {
            Self::Strict(texts) => texts.is_empty() || texts.iter().any(|other| other == text),
            Self::Regexp(regexes) => regexes.is_empty() || regexes.iter().any(|regex| regex.is_match(text)),
        }
    }

    /// The same of a value as text.
    pub(super) fn fit_value(&self, value: ValueView<'_>) -> bool {
        self.is_empty() || self.fit(&as_text(value))
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Strict(texts) => texts.is_empty(),
            Self::Regexp(regexes) => regexes.is_empty(),
        }
    }
}

fn as_text(value: ValueView<'_>) -> Cow<'_, str> {
    match value {
        ValueView::Str(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// An attribute that has to be there.
#[derive(Debug)]
pub(super) struct Attribute {
    key: String,
    value: Wanted,
}

#[derive(Debug)]
enum Wanted {
    Any,
    /// The bytes of an `AnyValue`.
    Value(Vec<u8>),
    Regexp(Regex),
}

/// The attributes that stand at `path` in the configuration.
pub(super) fn attributes(
    path: &str,
    configs: Vec<AttributeConfig>,
    type_: MatchType,
) -> Result<Vec<Attribute>, Vec<Mistake>> {
    let (mut all, mut mistakes) = (Vec::new(), Vec::new());
    for (index, config) in configs.into_iter().enumerate() {
        match Attribute::new(&format!("{path}[{index}]"), config, type_) {
            Ok(attribute) => all.push(attribute),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(all) } else { Err(mistakes) }
}

impl Attribute {
    fn new(path: &str, config: AttributeConfig, type_: MatchType) -> Result<Self, Mistake> {
        let AttributeConfig { key, value } = config;
        if key.is_empty() {
            return Err(Mistake::new(format!("{path}.key"), "the attribute's name is missing"));
        }
        let at = format!("{path}.value");
        let value = match (type_, value) {
            (_, None) => Wanted::Any,
            (MatchType::Strict, Some(value)) => Wanted::Value(any_value(&value)),
            (MatchType::Regexp, Some(value)) => match value.as_str() {
                Some(text) => Wanted::Regexp(regex(&at, text)?),
                None => {
                    let mistake = Mistake::new(at, "a regular expression is a text");
                    return Err(mistake.help("put it in quotes, or write `match_type: strict`"));
                }
            },
        };
        Ok(Self { key, value })
    }

    /// Whether it is among `attributes`; of a key that repeats, the first counts.
    pub(super) fn is_among(&self, attributes: AttributesView<'_>) -> bool {
        attributes.get(&self.key).is_some_and(|value| match &self.value {
            Wanted::Any => true,
            Wanted::Value(wanted) => same(ValueView::of_any_value(wanted), value),
            Wanted::Regexp(_) if is_nested(value) => false,
            Wanted::Regexp(regex) => regex.is_match(&as_text(value)),
        })
    }
}

fn is_nested(value: ValueView<'_>) -> bool {
    use ValueView::{Array, Bytes, Empty, KvList};
    matches!(value, Empty | Bytes(_) | Array(_) | KvList(_))
}

/// Whether values are equal and of the same type; of maps, the order of keys does not matter.
fn same(one: ValueView<'_>, other: ValueView<'_>) -> bool {
    use ValueView::{Array, Bool, Double, Empty, Int, KvList, Str};
    match (one, other) {
        (Str(one), Str(other)) => one == other,
        (Bool(one), Bool(other)) => one == other,
        (Int(one), Int(other)) => one == other,
        (Double(one), Double(other)) => one.partial_cmp(&other) == Some(Ordering::Equal),
        (Empty, Empty) => true,
        (Array(one), Array(other)) => {
            one.iter().count() == other.iter().count()
                && one.iter().zip(other.iter()).all(|(one, other)| same(one, other))
        }
        (KvList(one), KvList(other)) => {
            let holds = |all: AttributesView<'_>, some: AttributesView<'_>| {
                some.iter().all(|(key, value)| all.get(key).is_some_and(|other| same(value, other)))
            };
            holds(one, other) && holds(other, one)
        }
        _ => false,
    }
}
