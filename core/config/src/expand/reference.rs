//! The syntax of references.

use crate::{Diagnostic, Span, nearest};

/// A part of a string.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// As it is.
    Text(&'a str),
    /// What is between `${` and `}`.
    Reference(&'a str),
}

/// Takes a string apart; `$$` is a dollar sign. An unclosed reference is the error.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, &str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let after = &rest[dollar + 1..];
        if let Some(after) = after.strip_prefix('$') {
            pieces.push(Piece::Text(&rest[..=dollar]));
            rest = after;
        } else if let Some(inner) = after.strip_prefix('{') {
            if dollar > 0 {
                pieces.push(Piece::Text(&rest[..dollar]));
            }
            let end = closing_brace(inner).ok_or(&rest[dollar..])?;
            pieces.push(Piece::Reference(&inner[..end]));
            rest = &inner[end + 1..];
        } else {
            pieces.push(Piece::Text(&rest[..=dollar]));
            rest = after;
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

/// Where the reference ends whose `${` stands before `inner`.
fn closing_brace(inner: &str) -> Option<usize> {
    let mut open = 0;
    let mut before = ' ';
    for (at, character) in inner.char_indices() {
        match character {
            '{' if before == '$' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
        before = character;
    }
    None
}

/// What a reference names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    Env { name: &'a str, default: Option<&'a str> },
    File(&'a str),
    Yaml(&'a str),
}

/// Why a reference names nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    message: String,
    help: String,
}

impl Problem {
    pub(super) fn at(self, span: Span) -> Diagnostic {
        Diagnostic::error(span, self.message).help(self.help)
    }
}

impl<'a> Reference<'a> {
    /// The reference `${inner}`.
    pub(super) fn parse(inner: &'a str) -> Result<Self, Problem> {
        let Some((scheme, rest)) = inner.split_once(':') else {
            let help = if is_variable(inner) {
                format!("write `${{env:{inner}}}`; for the characters themselves write `$${{{inner}}}`")
            } else {
                "references look like `${env:NAME}`; for the characters themselves write `$${`".into()
            };
            return Err(Problem {
                message: format!("the reference `${{{inner}}}` does not say what it refers to"),
                help,
            });
        };
        match scheme {
            "env" => Self::env(rest),
            "file" => Ok(Self::File(rest)),
            "yaml" => Ok(Self::Yaml(rest)),
            _ => {
                let help = nearest::suggest(scheme, ["env", "file", "yaml"])
                    .unwrap_or_else(|| "references start with `env:`, `file:` or `yaml:`".into());
                Err(Problem { message: format!("`{scheme}` is not a kind of reference"), help })
            }
        }
    }

    fn env(rest: &'a str) -> Result<Self, Problem> {
        let (name, default) = match rest.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (rest, None),
        };
        if is_variable(name) {
            return Ok(Self::Env { name, default });
        }
        let help = if name.contains(['-', ':']) {
            "a default follows `:-`, as in `${env:NAME:-default}`"
        } else {
            "names consist of letters, digits and `_`, and start with no digit"
        };
        Err(Problem {
            message: format!("`{name}` is not the name of an environment variable"),
            help: help.into(),
        })
    }
}

fn is_variable(name: &str) -> bool {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '_');
    rest.len() < name.len() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_taken_apart() {
        use Piece::{Reference, Text};
        for (text, expected) in [
            ("${env:A}", vec![Reference("env:A")]),
            ("a${env:A}b", vec![Text("a"), Reference("env:A"), Text("b")]),
            ("${env:A:-${env:B}}", vec![Reference("env:A:-${env:B}")]),
            ("$${env:A}", vec![Text("$"), Text("{env:A}")]),
            ("^a$|b$$", vec![Text("^a$"), Text("|b$")]),
        ] {
            assert_eq!(pieces(text), Ok(expected), "{text}");
        }
        assert_eq!(pieces("a ${env:A"), Err("${env:A"));
    }

    #[test]
    fn references_have_a_scheme() {
        assert_eq!(Reference::parse("env:A"), Ok(Reference::Env { name: "A", default: None }));
        assert_eq!(Reference::parse("env:A:-b:-c"), Ok(Reference::Env { name: "A", default: Some("b:-c") }));
        assert_eq!(Reference::parse("file:/a:b"), Ok(Reference::File("/a:b")));
        for bad in ["A", "", "env:", "env:1", "env:A-b", "vault:x"] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }
}
