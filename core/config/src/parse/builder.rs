//! Parser events to tree: anchors, merge keys, duplicate keys, bounds.

use std::collections::HashMap;

use saphyr_parser::{Event, ScalarStyle, Tag};

use crate::node::{Entry, Map};
use crate::{Diagnostic, Diagnostics, Node, Span, Value, scalar};

/// How deep lists and mappings may be nested. Everything that walks the tree relies on it.
pub(crate) const MAX_DEPTH: usize = 64;

/// How many values a source may have, aliases counted as often as they are used.
const MAX_NODES: usize = 200_000;

/// Ends reading; boxed, since it is large and rare.
type Fatal = Box<Diagnostic>;

/// A list or mapping that has begun.
enum Open {
    List { items: Vec<Node>, anchor: usize, start: Span },
    Map { map: Map, merged: Vec<Node>, key: Option<Key>, anchor: usize, start: Span },
}

/// The key whose value comes next.
enum Key {
    Named(String, Span),
    /// `<<`
    Merge(Span),
    /// Not a usable key; its value is skipped.
    Unusable,
}

#[derive(Default)]
pub(super) struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The document, if there was one.
    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }

    pub(super) fn event(
        &mut self,
        event: Event<'_>,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Fatal> {
        match event {
            Event::SequenceStart(anchor, _) => {
                self.open(Open::List { items: Vec::new(), anchor, start: span }, diagnostics)
            }
            Event::MappingStart(anchor, _) => self.open(
                Open::Map { map: Map::new(), merged: Vec::new(), key: None, anchor, start: span },
                diagnostics,
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let (node, anchor) = close(open, &span);
                self.add(node, anchor, diagnostics)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                if plain && text == "<<" && self.expects_key() {
                    return self.key(Key::Merge(span));
                }
                let node = scalar_node(&text, plain, tag.as_deref(), span, diagnostics);
                self.add(node, anchor, diagnostics)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(Diagnostic::error(span, "the alias is inside of what it stands for").into());
                };
                let (nodes, depth) = extent(&node);
                self.nodes += nodes;
                self.check_bounds(depth, &span)?;
                self.add(node, 0, diagnostics)
            }
            _ => Ok(()),
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn key(&mut self, next: Key) -> Result<(), Fatal> {
        if let Some(Open::Map { key, .. }) = self.open.last_mut() {
            *key = Some(next);
        }
        Ok(())
    }

    fn open(&mut self, open: Open, diagnostics: &mut Diagnostics) -> Result<(), Fatal> {
        let (Open::List { start, .. } | Open::Map { start, .. }) = &open;
        self.check_bounds(1, start)?;
        if self.expects_key() {
            let message = "a list or mapping is used as a key";
            let help = "keys are strings; a value with `{`, `[` or `${` in it may need quotes";
            diagnostics.push(Diagnostic::error(start.clone(), message).help(help));
        }
        self.open.push(open);
        Ok(())
    }

    fn check_bounds(&self, depth: usize, span: &Span) -> Result<(), Fatal> {
        let message = if self.open.len() + depth > MAX_DEPTH {
            format!("lists and mappings are nested deeper than {MAX_DEPTH} levels")
        } else if self.nodes > MAX_NODES {
            format!("there are more than {MAX_NODES} values, those of aliases included")
        } else {
            return Ok(());
        };
        Err(Diagnostic::error(span.clone(), message).into())
    }

    /// Puts a complete node where it belongs: into the list or mapping that is open, as key or value.
    fn add(&mut self, node: Node, anchor: usize, diagnostics: &mut Diagnostics) -> Result<(), Fatal> {
        self.nodes += 1;
        self.check_bounds(0, &node.span)?;
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { map, merged, key, .. }) => match key.take() {
                None => *key = Some(key_of(node, diagnostics)),
                Some(Key::Unusable) => {}
                Some(Key::Merge(span)) => merged.extend(mappings(node, &span, diagnostics)),
                Some(Key::Named(name, span)) => match map.get(&name) {
                    Some(first) => diagnostics.push(
                        Diagnostic::error(span, format!("the key `{name}` is written twice"))
                            .related(first.key.clone(), "first written here"),
                    ),
                    None => {
                        map.insert(name, Entry { key: span, value: node });
                    }
                },
            },
        }
        Ok(())
    }
}

/// The finished list or mapping, spanning from its start to `end`.
fn close(open: Open, end: &Span) -> (Node, usize) {
    let whole = |start: Span| {
        let range = start.range().start..end.range().end.max(start.range().start);
        let length = start.source().text[range.clone()].trim_end().len();
        Span::new(start.source().clone(), range.start..range.start + length)
    };
    match open {
        Open::List { items, anchor, start } => (Node::new(Value::List(items), whole(start)), anchor),
        Open::Map { mut map, merged, anchor, start, .. } => {
            for node in merged {
                let Value::Map(entries) = node.value else { continue };
                for (name, entry) in entries {
                    map.entry(name).or_insert(entry);
                }
            }
            (Node::new(Value::Map(map), whole(start)), anchor)
        }
    }
}

/// A scalar, as its tag says or else as it looks.
fn scalar_node(
    text: &str,
    plain: bool,
    tag: Option<&Tag>,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Node {
    let core = tag.is_some_and(Tag::is_yaml_core_schema);
    let plain = match tag {
        Some(tag) if core && tag.suffix == "str" => false,
        Some(tag) if core && ["int", "float", "bool", "null"].contains(&&*tag.suffix) => true,
        Some(tag) if !(tag.handle.is_empty() && tag.suffix == "!") => {
            let name = if core { format!("!!{}", tag.suffix) } else { tag.to_string() };
            diagnostics
                .push(Diagnostic::error(span.clone(), format!("the YAML tag `{name}` is not supported")));
            plain
        }
        _ => plain,
    };
    let value = if plain { scalar::resolve(text) } else { Value::String(text.to_owned()) };
    let written = (plain && !matches!(value, Value::String(_) | Value::Null)).then(|| text.to_owned());
    Node { written, ..Node::new(value, span) }
}

/// A node in the place of a key. Lists and mappings have been reported when they began.
fn key_of(node: Node, diagnostics: &mut Diagnostics) -> Key {
    let what = match node.value {
        Value::String(name) => return Key::Named(name, node.span),
        Value::List(_) | Value::Map(_) => return Key::Unusable,
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
    };
    let diagnostic = Diagnostic::error(node.span.clone(), format!("the key is {what}, keys are strings"));
    diagnostics.push(match &node.written {
        Some(text) => diagnostic.help(format!("put it in quotes: `\"{text}\"`")),
        None => diagnostic.help("write a name before the colon"),
    });
    Key::Unusable
}

/// What `<<` merges: a mapping, or a list of mappings.
fn mappings(node: Node, key: &Span, diagnostics: &mut Diagnostics) -> Vec<Node> {
    let nodes = match node.value {
        Value::List(items) => items,
        _ => vec![node],
    };
    if nodes.iter().any(|node| node.as_map().is_none()) {
        let message = "the merge key `<<` takes a mapping or a list of mappings";
        diagnostics.push(Diagnostic::error(key.clone(), message).help("write `<<: *anchor`"));
    }
    nodes
}

/// How many nodes there are, and how many levels of lists and mappings.
fn extent(node: &Node) -> (usize, usize) {
    let children: Vec<_> = match &node.value {
        Value::List(items) => items.iter().map(extent).collect(),
        Value::Map(map) => map.values().map(|entry| extent(&entry.value)).collect(),
        _ => return (1, 0),
    };
    children.iter().fold((1, 1), |(nodes, depth), (more, deeper)| (nodes + more, depth.max(deeper + 1)))
}
