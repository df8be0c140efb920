//! `${env:NAME}`, `${file:PATH}` and `${yaml:TEXT}` to what they stand for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::parse::{self, MAX_BYTES, MAX_DEPTH};
use crate::source::{self, read_file};
use crate::{Diagnostic, Diagnostics, Node, SourceText, Span, Value};

mod reference;

use reference::{Piece, Reference, pieces};

/// How often a reference may lead to a text with references in it.
const MAX_NESTING: usize = 10;

/// Reads an environment variable.
pub(crate) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Expands every reference in the strings of `node`. What cannot be expanded is marked as unresolved.
///
/// What a variable or file holds is taken as it is if it is a scalar; a list or mapping in it is a piece of
/// configuration, and so expanded in turn.
/// Returns the files that references named, also those that could not be read.
pub(crate) fn expand(node: &mut Node, env: Env<'_>, readable: source::Files) -> Vec<PathBuf> {
    let mut expander = Expander { env, readable, spent: 0, files: Vec::new() };
    expander.node(node, 0, 0);
    expander.files
}

struct Expander<'a> {
    env: Env<'a>,
    readable: source::Files,
    /// How many bytes references have brought in.
    spent: usize,
    /// What references named.
    files: Vec<PathBuf>,
}

impl Expander<'_> {
    fn node(&mut self, node: &mut Node, depth: usize, nesting: usize) {
        if depth > MAX_DEPTH {
            let message = format!("expanded, the configuration is nested deeper than {MAX_DEPTH} levels");
            node.unresolved = Some(Diagnostic::error(node.span.clone(), message).into());
            return;
        }
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.node(item, depth + 1, nesting)),
            Value::Map(map) => {
                map.values_mut().for_each(|entry| self.node(&mut entry.value, depth + 1, nesting));
            }
            Value::String(text) if text.contains('$') => {
                let text = std::mem::take(text);
                self.scalar(node, text, depth, nesting);
            }
            _ => {}
        }
    }

    fn scalar(&mut self, node: &mut Node, text: String, depth: usize, nesting: usize) {
        match self.expand_scalar(&node.span, &text, nesting) {
            Ok(expanded) => *node = expanded,
            Err(diagnostic) => {
                node.value = Value::String(text);
                node.unresolved = Some(diagnostic);
            }
        }
        if matches!(node.value, Value::List(_) | Value::Map(_)) {
            self.node(node, depth, nesting + 1);
        }
    }

    fn expand_scalar(&mut self, span: &Span, text: &str, nesting: usize) -> Result<Node, Box<Diagnostic>> {
        let pieces = pieces(text).map_err(|unclosed| {
            let at = narrow(span, unclosed);
            Diagnostic::error(at, "the reference is not closed")
                .help("end it with `}`; for the characters themselves write `$${`")
        })?;
        if let [Piece::Reference(inner)] = pieces.as_slice() {
            let value = self.value(inner, span, nesting)?;
            return Ok(value.into_node(&span.through(&format!("${{{inner}}}"))));
        }
        let mut span_with_origin = span.clone();
        let mut result = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => result.push_str(text),
                Piece::Reference(inner) => {
                    result.push_str(&self.value(inner, span, nesting)?.text);
                    span_with_origin = span.through(&format!("${{{inner}}}"));
                }
            }
        }
        Ok(Node::new(Value::String(result), span_with_origin))
    }

    /// `text`, which is a part of a reference, with the references in it expanded.
    fn text(&mut self, text: &str, span: &Span, nesting: usize) -> Result<String, Box<Diagnostic>> {
        let node = self.expand_scalar(span, text, nesting)?;
        Ok(match (node.written, node.value) {
            (Some(text), _) | (None, Value::String(text)) => text,
            _ => text.to_owned(),
        })
    }

    /// What `${inner}` stands for.
    fn value(&mut self, inner: &str, span: &Span, nesting: usize) -> Result<Found, Box<Diagnostic>> {
        let at = narrow(span, &format!("${{{inner}"));
        let error = |message: String| Diagnostic::error(at.clone(), message);
        if nesting > MAX_NESTING {
            return Err(error(format!("references lead to references more than {MAX_NESTING} times"))
                .help("does a file include itself?")
                .into());
        }
        // A default is looked at only when it is needed.
        let (inner, default) = match inner.split_once(":-") {
            Some((name, default)) if !name.contains("${") => (name, Some(default)),
            _ => (inner, None),
        };
        let inner = self.text(inner, span, nesting + 1)?;
        let reference = Reference::parse(&inner).map_err(|problem| problem.at(at.clone()))?;
        let found = match reference {
            Reference::Env { name, default: inner_default } => {
                let text = match ((self.env)(name), inner_default, default) {
                    (Some(text), _, _) => text,
                    (None, Some(default), _) => default.to_owned(),
                    (None, None, Some(default)) => self.text(default, span, nesting + 1)?,
                    (None, None, None) => {
                        let help = format!("set it, or give a default: `${{env:{name}:-value}}`");
                        return Err(error(format!("the environment variable {name} is not set"))
                            .help(help)
                            .into());
                    }
                };
                Found { text, file: None, order: span.source().order }
            }
            Reference::File(path) => {
                self.files.push(path.into());
                let text = read_file(Path::new(path), self.readable)
                    .map_err(|diagnostic| error(diagnostic.message))?;
                let end =
                    text.strip_suffix('\n').map_or(text.len(), |text| text.trim_end_matches('\r').len());
                let text = text[..end].to_owned();
                Found { text, file: Some(path.to_owned()), order: span.source().order }
            }
            Reference::Yaml(text) => Found { text: text.to_owned(), file: None, order: span.source().order },
        };
        self.spent += found.text.len();
        if self.spent > MAX_BYTES {
            return Err(error("references bring in more than 10 MiB".into()).into());
        }
        Ok(found)
    }
}

/// What a reference stands for.
struct Found {
    text: String,
    /// The file that it is the contents of.
    file: Option<String>,
    order: usize,
}

impl Found {
    /// The node for a scalar that is this and nothing else. Its key decides later whether it wants a string or
    /// what the text means as YAML.
    fn into_node(self, span: &Span) -> Node {
        let name = self.file.as_deref().or(span.via()).unwrap_or_default().to_owned();
        let source = Arc::new(SourceText::new(name, self.text.clone(), self.order));
        let mut problems = Diagnostics::default();
        let parsed = parse::parse(&source, 0, &mut problems).filter(|_| problems.is_empty());
        let mut node = match parsed {
            Some(node) if !matches!(node.value, Value::String(_)) || self.text.starts_with(['"', '\'']) => {
                node
            }
            _ => Node::new(Value::String(self.text.clone()), span.clone()),
        };
        if self.file.is_none() {
            respan(&mut node, span);
        }
        Node { span: span.clone(), written: Some(self.text), ..node }
    }
}

/// Shows everything in `node` at `span`.
fn respan(node: &mut Node, span: &Span) {
    node.span = span.clone();
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| respan(item, span)),
        Value::Map(map) => map.values_mut().for_each(|entry| {
            entry.key = span.clone();
            respan(&mut entry.value, span);
        }),
        _ => {}
    }
}

/// The part of `span` that starts with `text`, up to the closing brace; all of it if `text` is not written there.
fn narrow(span: &Span, text: &str) -> Span {
    let Some(start) = span.text().find(text) else { return span.clone() };
    let after = &span.text()[start + text.len()..];
    let end = start + text.len() + usize::from(after.starts_with('}'));
    let base = span.range().start;
    Span::new(span.source().clone(), base + start..base + end)
}
