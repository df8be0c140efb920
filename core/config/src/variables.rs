//! Variables of a shell, which mean nothing here: `$NAME` without braces.

use crate::{Diagnostic, Diagnostics, Node, Severity, Value};

/// Warns about values that are nothing but `$NAME`.
pub(crate) fn warn(node: &Node, diagnostics: &mut Diagnostics) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| warn(item, diagnostics)),
        Value::Map(map) => map.values().for_each(|entry| warn(&entry.value, diagnostics)),
        Value::String(text) if node.span.via().is_none() => {
            let written = node.span.text().trim_matches(['"', '\'']);
            let wrong = diagnostics.errors().any(|error| error.span.as_ref() == Some(&node.span));
            let alone = |name: &&str| !wrong && written == text && text.len() == name.len() + 1;
            if let Some(name) = first(text).filter(alone) {
                let shown = if node.span.is_hidden() { "NAME" } else { name };
                let message = format!("`${shown}` is taken as it is written, not as a variable");
                diagnostics.push(Diagnostic::warning(node.span.clone(), message).help(help(shown)));
            }
        }
        _ => {}
    }
}

/// Says how a variable is written where a value with `$NAME` in it is wrong.
pub(crate) fn advise(diagnostic: Diagnostic) -> Diagnostic {
    let span =
        diagnostic.span.clone().filter(|span| diagnostic.severity == Severity::Error && !span.is_hidden());
    match span.as_ref().and_then(|span| first(span.text())) {
        Some(name) => diagnostic.help(help(name)),
        None => diagnostic,
    }
}

fn help(name: &str) -> String {
    format!("a variable is written `${{env:{name}}}`")
}

/// The first name of a variable, in capital letters, behind a `$` that is not doubled.
fn first(text: &str) -> Option<&str> {
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let rest = &text[at + character.len_utf8()..];
        if character == '$' && before != '$' && rest.starts_with(|c: char| c.is_ascii_uppercase()) {
            let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
            return Some(&rest[..end.unwrap_or(rest.len())]);
        }
        before = character;
    }
    None
}
