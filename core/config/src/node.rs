//! The tree that configuration is held in between YAML and the structs.

use std::fmt;

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

use crate::{Diagnostic, Span, print};

/// A value and where it was written. Nodes are equal if their values are, wherever they stand.
#[derive(Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub span: Span,
    /// How a plain scalar was spelled (`0123`, `1.50`, `no`), for keys that want a string.
    pub(crate) written: Option<String>,
    /// Its schema says that nobody may see it.
    pub(crate) secret: bool,
    /// Why a reference in it could not be resolved, so that nothing can be said about the value. Kept here since
    /// it does not matter where the text around the reference turns out to be a string.
    pub(crate) unresolved: Option<Box<Diagnostic>>,
}

/// What YAML can say.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number.
    Number(Number),
    /// A text.
    String(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Map),
}

/// The entries of a mapping, in the order of the file.
pub type Map = IndexMap<String, Entry>;

/// An entry of a mapping, without its key's text.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where the key was written.
    pub key: Span,
    /// What it maps to.
    pub value: Node,
}

impl Node {
    /// A node that stands at `span`.
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span, written: None, secret: false, unresolved: None }
    }

    /// A mapping without entries.
    pub(crate) fn empty_map(span: Span) -> Self {
        Self::new(Value::Map(Map::new()), span)
    }

    /// Whether nothing is written here, not even by way of a reference that a string could be made of.
    pub(crate) fn is_nothing(&self) -> bool {
        self.value == Value::Null && self.written.is_none()
    }

    /// The entries, if this is a mapping.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entries, to change them.
    pub(crate) fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether both have the same values in the same order, which for some keys has a meaning: of the levels of a
    /// rule, the last one that holds counts.
    pub(crate) fn is_written_as(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Map(one), Value::Map(other)) => {
                let same = |((key, one), (other_key, other)): ((&String, &Entry), (&String, &Entry))| {
                    key == other_key && one.value.is_written_as(&other.value)
                };
                one.len() == other.len() && one.iter().zip(other).all(same)
            }
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_written_as(other))
            }
            (one, other) => one == other,
        }
    }

    /// What `key` maps to, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key).map(|entry| &entry.value)
    }

    /// Why references in it could not be resolved.
    pub(crate) fn all_unresolved(&self) -> Vec<Diagnostic> {
        let below: Vec<_> = match &self.value {
            Value::List(items) => items.iter().flat_map(Self::all_unresolved).collect(),
            Value::Map(map) => map.values().flat_map(|entry| entry.value.all_unresolved()).collect(),
            _ => Vec::new(),
        };
        self.unresolved.as_deref().cloned().into_iter().chain(below).collect()
    }

    /// The value as JSON, secrets included.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => Json::Number(number.clone()),
            Value::String(text) => Json::String(text.clone()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(key, entry)| (key.clone(), entry.value.to_json())).collect())
            }
        }
    }

    /// The span of what `path` names: keys joined by dots, list items as `[0]` or `.0`. Where the path leads
    /// nowhere, the span of the last part that exists. A mapping or list is shown by its key.
    pub fn span_of(&self, path: &str, own_key: &Span) -> Span {
        let parts = split_path(path);
        let (mut node, mut key, mut rest) = (self, own_key, parts.as_slice());
        while !rest.is_empty() {
            let found = match &node.value {
                Value::Map(map) => entry_at(map, rest).map(|(entry, used)| (&entry.key, &entry.value, used)),
                Value::List(items) => {
                    let index = rest[0].parse::<usize>().ok();
                    index.and_then(|index| items.get(index)).map(|item| (&item.span, item, 1))
                }
                _ => None,
            };
            let Some((next_key, next, used)) = found else { return key.clone() };
            (node, key, rest) = (next, next_key, &rest[used..]);
        }
        match node.value {
            Value::Map(_) | Value::List(_) | Value::Null => key.clone(),
            _ => node.span.clone(),
        }
    }
}

/// `rules[0].for` and `rules.0.for` are the same.
fn split_path(path: &str) -> Vec<&str> {
    path.split(['.', '['])
        .map(|part| part.strip_suffix(']').unwrap_or(part))
        .filter(|part| !part.is_empty())
        .collect()
}

/// The entry whose key is the first of `parts`, or as many of them as are needed: keys may have dots in them.
fn entry_at<'a>(map: &'a Map, parts: &[&str]) -> Option<(&'a Entry, usize)> {
    (1..=parts.len()).rev().find_map(|used| Some((map.get(&parts[..used].join("."))?, used)))
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// As JSON, without secrets.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::redacted(self, false).fmt(f)
    }
}
