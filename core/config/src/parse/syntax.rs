//! What is behind a YAML syntax error.

use std::sync::Arc;

use crate::{Diagnostic, SourceText, Span};

/// The error that the parser found at byte `at`, in words that help.
pub(super) fn explain(source: &Arc<SourceText>, at: usize, info: &str) -> Diagnostic {
    let text = &source.text;
    let at = at.min(text.len());
    let span = |start: usize, end: usize| Span::new(source.clone(), start..end);
    if let Some(tab) = tab_in_indentation(text, at) {
        return Diagnostic::error(span(tab, tab + 1), "a tab is used for indentation")
            .help("indent with spaces");
    }
    let at = if text[at..].trim().is_empty() { text.trim_end().len() } else { at };
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let line = &text[line_start..line_end];
    let end = text[at..].char_indices().nth(1).map_or(text.len(), |(width, _)| at + width);
    let diagnostic = Diagnostic::error(span(at, end), format!("this is not valid YAML: {info}"));
    if let Some(comparison) = bare_comparison(line) {
        return diagnostic.help(format!("quote it: `'{comparison}'`"));
    }
    let braces = line.find("${").is_some_and(|reference| line[..reference].contains(['{', '[']));
    if braces {
        diagnostic.help("inside of `{...}` and `[...]`, references need quotes: `\"${env:NAME}\"`")
    } else if line.trim_start().starts_with('@') || line.contains(": @") || line.contains(": `") {
        diagnostic.help("a value that starts with `@` or a backtick needs quotes")
    } else if line.contains(": %") {
        diagnostic.help("a value that starts with `%` needs quotes")
    } else if info.starts_with("mapping values") {
        diagnostic.help("a value that contains `: ` needs quotes")
    } else {
        diagnostic
    }
}

/// A value like `>= 80`, which YAML takes for the start of a block of text.
fn bare_comparison(line: &str) -> Option<&str> {
    let comparison = &line[line.find(": >")? + 2..];
    let number = comparison.trim_start_matches(['>', '=', ' ']);
    number.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.').then(|| comparison.trim())
}

/// The first tab in the indentation of the line of byte `at`, or of the lines with text before and after it: the parser
/// may stumble only after the tab, or at the end of the line before it.
fn tab_in_indentation(text: &str, at: usize) -> Option<usize> {
    let tab_of_line = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let indentation = text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len();
        text[start..start + indentation].find('\t').map(|tab| start + tab)
    };
    let after = text[at..].find('\n').map(|newline| at + newline + 1);
    tab_of_line(at)
        .or_else(|| tab_of_line(text[..at].trim_end().len()))
        .or_else(|| after.and_then(tab_of_line))
}
