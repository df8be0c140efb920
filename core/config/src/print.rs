//! The configuration as it is used: merged, expanded, without secrets.

use serde_json::Value as Json;

use crate::load::Loaded;
use crate::node::Value;
use crate::secrecy::{hide_urls, looks_secret};
use crate::values::REDACTED;
use crate::{Node, scalar};

/// The merged and expanded configuration as YAML; empty if the sources could not be read. What the schema calls
/// secret is redacted, as is what stands below keys that look secret, and in URLs who logs in
/// and the query.
pub fn print_config(loaded: &Loaded) -> String {
    let mut text = String::new();
    if let Some(tree) = &loaded.tree {
        block(&redacted(tree, false), 0, &mut text);
    }
    text
}

/// The tree as JSON without secrets; `secret` says that a key above it looks like one.
pub(crate) fn redacted(node: &Node, secret: bool) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::List(items) => items.iter().map(|item| redacted(item, secret)).collect(),
        Value::Map(map) => {
            let entry =
                |(key, value): (&String, &Node)| (key.clone(), redacted(value, secret || looks_secret(key)));
            Json::Object(map.iter().map(|(key, entry)| (key, &entry.value)).map(entry).collect())
        }
        Value::Bool(value) => Json::Bool(*value),
        _ if secret || node.secret => REDACTED.into(),
        Value::Number(number) => Json::Number(number.clone()),
        Value::String(text) => Json::String(hide_urls(text)),
    }
}

/// `value` in block style, each line indented by `indent`.
fn block(value: &Json, indent: usize, text: &mut String) {
    let start = " ".repeat(indent);
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                text.push_str(&format!("{start}{}:", quoted(key)));
                after(value, indent, text);
            }
        }
        Json::Array(items) => {
            for item in items {
                let mut lines = String::new();
                block(item, indent + 2, &mut lines);
                text.push_str(&format!("{start}- {}", lines.trim_start()));
            }
        }
        scalar => text.push_str(&format!("{start}{}\n", inline(scalar))),
    }
}

/// What follows a key's colon.
fn after(value: &Json, indent: usize, text: &mut String) {
    let spread = match value {
        Json::Object(map) => !map.is_empty(),
        Json::Array(items) => items.iter().any(|item| item.is_object() || item.is_array()),
        _ => false,
    };
    if spread {
        text.push('\n');
        block(value, indent + 2, text);
    } else {
        text.push_str(&format!(" {}\n", inline(value)));
    }
}

/// A scalar, an empty mapping, or a list of scalars, on one line. Strings are such that reading them gives the same.
fn inline(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(&text.replace("$$", "$$$$").replace("${", "$${")),
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Json::Object(_) => "{}".into(),
        other => other.to_string(),
    }
}

/// `text` as it is, or in quotes where YAML needs them.
fn quoted(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { Json::String(text.to_owned()).to_string() }
}

/// Whether YAML reads `text` without quotes as just this string, also inside of brackets.
fn is_plain(text: &str) -> bool {
    // Other readers of YAML take these for booleans.
    let boolean = ["y", "n", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str());
    let plain = |c: char| c.is_alphanumeric() || "_-./:@$+=()*%~".contains(c) || c == ' ';
    let starts = text.chars().next().is_some_and(|first| first.is_alphanumeric() || "_/.$(".contains(first));
    starts
        && !boolean
        && text.chars().all(plain)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && matches!(scalar::resolve(text), Value::String(_))
}
