//! Enums of structs: says which variants there are when a mapping is none of them.

use serde_json::Value as Json;

use super::check::{Checker, Finding, WRONG_KEY};
use super::shape::{Shape, join, show};
use crate::{Diagnostic, Map, Node, Span, nearest};

/// The variants that `node`, a mapping, says it is, if `shapes` are those of an enum.
pub(super) fn meant<'a>(checker: &Checker<'_>, shapes: &[&'a Shape], node: &Node) -> Option<Vec<&'a Shape>> {
    let map = node.as_map()?;
    let says = |shape: &&&Shape| match tagged(checker, shapes) {
        Some((tag, _)) => {
            map.get(&tag).is_some_and(|entry| value_of(checker, shape, &tag) == Some(entry.value.to_json()))
        }
        None => shape.required.iter().any(|name| !in_all(shapes, name) && map.contains_key(name)),
    };
    if tagged(checker, shapes).is_none() {
        keyed(shapes)?;
    }
    let meant: Vec<_> = shapes.iter().filter(says).copied().collect();
    (!meant.is_empty()).then_some(meant)
}

/// A better message than those about one alternative, if `shapes` are the variants of an enum and `node` is a
/// mapping that does not say which one it is.
pub(super) fn explain(checker: &Checker<'_>, shapes: &[&Shape], node: &Node, key: &Span) -> Option<Finding> {
    let map = node.as_map()?;
    let diagnostic = match tagged(checker, shapes) {
        Some((tag, values)) => wrong_tag(map, shapes, &tag, &values, key),
        None => wrong_variant(map, shapes, key),
    };
    diagnostic.map(|diagnostic| Finding { diagnostic, weight: WRONG_KEY })
}

fn wrong_tag(map: &Map, shapes: &[&Shape], tag: &str, values: &[Json], key: &Span) -> Option<Diagnostic> {
    let possible = join(&show(values));
    let Some(entry) = map.get(tag) else {
        let diagnostic = Diagnostic::error(key.clone(), format!("the key `{tag}` is missing"));
        return Some(diagnostic.help(format!("write `{tag}: ...` with {possible}")));
    };
    if values.contains(&entry.value.to_json()) {
        return None;
    }
    let text = entry.value.as_str().unwrap_or_default();
    if let Some(why) = shapes.iter().find_map(|shape| shape.unsupported_variants.get(text)) {
        let message = format!("the Collector's `{text}` is not supported here");
        return Some(Diagnostic::error(entry.value.span.clone(), message).help(why.clone()));
    }
    let message = format!("this is not a possible `{tag}`: expected {possible}");
    let help = nearest::suggest(text, values.iter().filter_map(Json::as_str));
    Some(Diagnostic::error(entry.value.span.clone(), message).maybe_help(help))
}

fn wrong_variant(map: &Map, shapes: &[&Shape], key: &Span) -> Option<Diagnostic> {
    let names = keyed(shapes)?;
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let expected = format!("expected one of the keys {}", join(&quoted));
    let mut known = map.iter().filter(|(name, _)| names.contains(name));
    let stranger =
        map.iter().find(|(name, _)| shapes.iter().all(|shape| !shape.properties.contains_key(*name)));
    match (stranger, known.next(), known.next()) {
        (None, None, _) => Some(Diagnostic::error(key.clone(), expected)),
        (Some((name, entry)), None, _) => {
            let help = nearest::suggest(name, names.iter().map(String::as_str)).unwrap_or(expected);
            Some(Diagnostic::error(entry.key.clone(), format!("unknown key `{name}`")).help(help))
        }
        (_, Some(_), None) => None,
        (_, Some((first, one)), Some((second, other))) => {
            let message = format!("`{first}` and `{second}` exclude each other");
            Some(Diagnostic::error(other.key.clone(), message).related(one.key.clone(), "the other one"))
        }
    }
}

/// The key that every shape has with a value of its own, and those values.
fn tagged(checker: &Checker<'_>, shapes: &[&Shape]) -> Option<(String, Vec<Json>)> {
    let first = shapes.first().filter(|_| shapes.len() > 1)?;
    let values =
        |name: &String| shapes.iter().map(|shape| value_of(checker, shape, name)).collect::<Option<Vec<_>>>();
    first.properties.keys().find_map(|name| Some((name.clone(), values(name)?)))
}

/// The only value that the key `name`, which is required, can have.
fn value_of(checker: &Checker<'_>, shape: &Shape, name: &String) -> Option<Json> {
    let schema = shape.properties.get(name).filter(|_| shape.required.contains(name))?;
    match checker.shapes(schema).as_slice() {
        [Shape { values: Some(values), .. }] if values.len() == 1 => values.first().cloned(),
        _ => None,
    }
}

/// The keys of an enum whose variants are each a mapping with one key, perhaps next to keys that they all have.
fn keyed(shapes: &[&Shape]) -> Option<Vec<String>> {
    let name_of = |shape: &&Shape| {
        let mut own = shape.properties.keys().filter(|name| !in_all(shapes, name));
        match (own.next(), own.next()) {
            (Some(name), None) if shape.required.contains(name) => Some(name.clone()),
            _ => None,
        }
    };
    let names = shapes.iter().map(name_of).collect::<Option<Vec<_>>>()?;
    (names.len() > 1).then_some(names)
}

fn in_all(shapes: &[&Shape], name: &str) -> bool {
    shapes.iter().all(|shape| shape.properties.contains_key(name))
}

/// What the variants of an enum with one key each have in common, and the entries of `node` that are not about them.
pub(super) fn common(checker: &Checker<'_>, shapes: &[&Shape], node: &Node) -> Option<(Shape, Map)> {
    let names = keyed(shapes).filter(|_| tagged(checker, shapes).is_none())?;
    let mut common = (*shapes.first()?).clone();
    common.properties.retain(|name, _| in_all(shapes, name));
    common.required.retain(|name| in_all(shapes, name));
    let mut map = node.as_map()?.clone();
    map.retain(|name, _| !names.contains(name));
    Some((common, map))
}
