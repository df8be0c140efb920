//! Mappings: known, unknown and missing keys.

use serde_json::Value as Json;

use super::check::{Checker, Finding, WRONG_KEY};
use super::kind::Kind;
use super::shape::{self, Shape};
use crate::node::{Entry, Map};
use crate::{Diagnostic, Span, nearest};

impl Checker<'_> {
    /// Checks a mapping against a shape that takes mappings.
    pub(super) fn object(&self, shape: &Shape, map: &mut Map, key: &Span) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (written, entry) in std::mem::take(map) {
            let name = shape.canonical(&written).map_or_else(|| written.clone(), str::to_owned);
            if let Some(first) = map.get(&name) {
                let mut finding = wrong_key(&entry.key, format!("the key `{name}` is written twice"));
                finding.diagnostic =
                    finding.diagnostic.related(first.key.clone(), "the same key by another name");
                findings.push(finding);
            } else if let Some(entry) = self.entry(shape, &name, entry, &mut findings) {
                map.insert(name, entry);
            }
        }
        for name in shape.required.iter().filter(|name| !map.contains_key(*name)) {
            let mut finding = wrong_key(key, format!("the key `{name}` is missing"));
            let shapes = shape.properties.get(name).map(|schema| self.shapes(schema));
            finding.diagnostic.help = example(name, &shapes.unwrap_or_default());
            findings.push(finding);
        }
        findings
    }

    /// Checks one entry. It is left out if it stands for its default.
    fn entry(
        &self,
        shape: &Shape,
        name: &str,
        mut entry: Entry,
        findings: &mut Vec<Finding>,
    ) -> Option<Entry> {
        let closed = shape.additional == Some(Json::Bool(false))
            || (shape.additional.is_none() && !shape.properties.is_empty());
        let (schema, is_property) = match (shape.properties.get(name), &shape.additional) {
            (Some(schema), _) => (schema, true),
            (None, _) if closed => {
                findings.push(unknown(shape, name, &entry.key));
                return Some(entry);
            }
            (None, Some(schema)) => (schema, false),
            (None, None) => return Some(entry),
        };
        if let Some(warning) = schema.get("x-warning").and_then(Json::as_str) {
            let diagnostic = Diagnostic::warning(entry.key.clone(), warned(name, warning));
            findings.push(Finding { diagnostic, weight: 0 });
        }
        if let Some((value, warning)) = warned_value(schema, &entry) {
            let diagnostic =
                Diagnostic::warning(entry.value.span.clone(), warned(&format!("{name}: {value}"), warning));
            findings.push(Finding { diagnostic, weight: 0 });
        }
        let shapes = self.shapes(schema);
        let takes = |kind| shapes.iter().any(|shape: &Shape| shape.takes(kind));
        if is_property && entry.value.is_nothing() && !takes(Kind::Null) && !takes(Kind::Object) {
            if !shape.required.iter().any(|required| required == name) {
                return None;
            }
            let mut finding = wrong_key(&entry.key, format!("`{name}` has no value"));
            finding.diagnostic.help = example(name, &shapes);
            findings.push(finding);
            return Some(entry);
        }
        findings.extend(self.alternatives(&shapes, &mut entry.value, &entry.key));
        Some(entry)
    }
}

impl Shape {
    /// The property that `key` is an older name of.
    pub(super) fn canonical(&self, key: &str) -> Option<&str> {
        let is_alias = |schema: &Json| {
            let aliases = schema.get("x-aliases").and_then(Json::as_array);
            aliases.is_some_and(|aliases| aliases.iter().any(|alias| alias.as_str() == Some(key)))
        };
        let named = self.properties.iter().find(|(_, schema)| is_alias(schema));
        named.filter(|_| !self.properties.contains_key(key)).map(|(name, _)| name.as_str())
    }
}

/// A warning reads on from the key's name, unless it names it itself.
fn warned(name: &str, warning: &str) -> String {
    if warning.starts_with('`') { warning.to_owned() } else { format!("`{name}` {warning}") }
}

/// The value, if whoever writes it is to be warned, and of what.
fn warned_value<'a>(schema: &'a Json, entry: &Entry) -> Option<(String, &'a str)> {
    let warnings = schema.get("x-warnings")?.as_object()?;
    let value = match entry.value.to_json() {
        Json::String(text) => text,
        other => other.to_string(),
    };
    let warning = warnings.get(&value)?.as_str()?;
    Some((value, warning))
}

fn wrong_key(key: &Span, message: String) -> Finding {
    Finding { diagnostic: Diagnostic::error(key.clone(), message), weight: WRONG_KEY }
}

fn unknown(shape: &Shape, name: &str, key: &Span) -> Finding {
    if let Some(why) = shape.unsupported.get(name) {
        let mut finding = wrong_key(key, format!("the Collector's key `{name}` is not supported here"));
        finding.diagnostic.help = Some(why.clone());
        return finding;
    }
    let names = || shape.properties.keys().map(String::as_str);
    let mut finding = wrong_key(key, format!("unknown key `{name}`"));
    let help = nearest::suggest(name, names());
    finding.diagnostic.help = help.or_else(|| match shape.properties.len() {
        0 => Some("no keys are possible here".into()),
        _ => Some(format!("possible here: {}", nearest::list(names(), "and"))),
    });
    finding
}

/// How a key could be written.
fn example(name: &str, shapes: &[Shape]) -> Option<String> {
    let wanted = shape::describe(shapes);
    (!wanted.is_empty()).then(|| format!("write `{name}: ...` with {wanted}"))
}
