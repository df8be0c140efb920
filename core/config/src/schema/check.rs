//! The walk over a tree, along its schema.

use serde_json::Value as Json;

use super::kind::{self, Kind, readings};
use super::shape::{self, Shape};
use super::{format, variants};
use crate::{Diagnostic, Map, Node, Span, Value, scalar};

/// Something to say, and how much it speaks against the alternative of the schema that it was found with.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) diagnostic: Diagnostic,
    pub(super) weight: u32,
}

/// How much a wrong value weighs.
const WRONG_VALUE: u32 = 3;
/// How much an unknown or a missing key weighs.
pub(super) const WRONG_KEY: u32 = 10;

/// Checks values against schemas whose references lead into `root`.
pub(super) struct Checker<'a> {
    pub(super) root: &'a Json,
}

impl Checker<'_> {
    pub(super) fn shapes(&self, schema: &Json) -> Vec<Shape> {
        shape::shapes(self.root, schema)
    }

    /// Checks `node`, types its scalars, and returns what is to be said. `key` is where the whole node is shown.
    pub(super) fn value(&self, schema: &Json, node: &mut Node, key: &Span) -> Vec<Finding> {
        self.alternatives(&self.shapes(schema), node, key)
    }

    /// As [`Self::value`], for a schema whose alternatives are known.
    pub(super) fn alternatives(&self, shapes: &[Shape], node: &mut Node, key: &Span) -> Vec<Finding> {
        if node.unresolved.is_some() {
            return Vec::new();
        }
        if node.is_nothing() && null_is_empty_map(shapes) {
            node.value = Value::Map(Map::new());
        }
        for (kind, value) in readings(node) {
            let fitting: Vec<_> = shapes.iter().filter(|shape| shape.takes(kind)).collect();
            if !fitting.is_empty() {
                let read = Node { value, ..node.clone() };
                let (typed, findings) = self.best(&fitting, &read, key);
                *node = typed;
                return findings;
            }
        }
        if let Some(list) = self.split(shapes, node) {
            *node = list;
            return self.alternatives(shapes, node, key);
        }
        vec![Finding { diagnostic: wrong_kind(shapes, node, key), weight: WRONG_VALUE }]
    }

    /// The outcome with the alternative that the node was most probably written for.
    fn best(&self, shapes: &[&Shape], node: &Node, key: &Span) -> (Node, Vec<Finding>) {
        let weight = |findings: &[Finding]| findings.iter().map(|finding| finding.weight).sum::<u32>();
        let meant = variants::meant(self, shapes, node);
        let outcomes = meant.as_deref().unwrap_or(shapes).iter().map(|shape| {
            let mut node = node.clone();
            let findings = self.shape(shape, &mut node, key);
            (node, findings)
        });
        let best = outcomes.min_by_key(|(_, findings)| weight(findings));
        let (node, findings) = best.unwrap_or_else(|| (node.clone(), Vec::new()));
        if weight(&findings) > 0
            && let Some(finding) = variants::explain(self, shapes, &node, key)
        {
            let common = variants::common(self, shapes, &node);
            let others =
                common.map(|(shape, mut map)| self.object(&shape, &mut map, key)).unwrap_or_default();
            let place = finding.diagnostic.span.clone();
            let others = others.into_iter().filter(|other| other.diagnostic.span != place);
            return (node, std::iter::once(finding).chain(others).collect());
        }
        (node, findings)
    }

    fn shape(&self, shape: &Shape, node: &mut Node, key: &Span) -> Vec<Finding> {
        let wrong = |diagnostic| Finding { diagnostic, weight: WRONG_VALUE };
        match &mut node.value {
            Value::Map(map) => self.object(shape, map, key),
            Value::List(items) => {
                let mut findings = Vec::new();
                let schemas =
                    shape.first_items.iter().map(Some).chain(std::iter::repeat(shape.items.as_ref()));
                for (item, schema) in items.iter_mut().zip(schemas) {
                    let span = item.span.clone();
                    findings.extend(schema.into_iter().flat_map(|schema| self.value(schema, item, &span)));
                }
                if let Some(least) = shape.min_items.filter(|least| (items.len() as u64) < *least) {
                    let message = match least {
                        1 => "the list is empty".to_owned(),
                        _ => format!("the list has fewer than {least} items"),
                    };
                    findings.push(wrong(Diagnostic::error(key.clone(), message)));
                }
                findings
            }
            _ => format::check(shape, node).map(wrong).into_iter().collect(),
        }
    }

    /// A string with commas where a list of strings is wanted, as the Collector allows it.
    fn split(&self, shapes: &[Shape], node: &Node) -> Option<Node> {
        let lists = shapes.iter().filter(|shape| shape.wants(Kind::Array));
        let items = lists.filter_map(|shape| shape.items.as_ref()).next()?;
        let Value::String(text) = &node.value else { return None };
        self.shapes(items).iter().any(|shape| shape.wants(Kind::String)).then(|| {
            let item = |text: &str| Node::new(Value::String(text.trim().to_owned()), node.span.clone());
            let items = text.split(',').filter(|text| !text.trim().is_empty()).map(item);
            Node::new(Value::List(items.collect()), node.span.clone())
        })
    }
}

/// Whether null stands for a mapping of defaults, rather than for nothing.
fn null_is_empty_map(shapes: &[Shape]) -> bool {
    let takes_null = shapes.iter().any(|shape| shape.takes(Kind::Null));
    shapes.iter().any(|shape| shape.wants(Kind::Object) && (shape.required.is_empty() || !takes_null))
}

/// The node is of no kind that any alternative takes.
fn wrong_kind(shapes: &[Shape], node: &Node, key: &Span) -> Diagnostic {
    let found = match (node.span.via(), &node.value) {
        (Some(reference), Value::Null) => format!("but `{reference}` is empty"),
        (Some(reference), _) => format!("but `{reference}` is {}", kind::describe(node)),
        (None, _) => format!("found {}", kind::describe(node)),
    };
    let spread =
        matches!(node.value, Value::Map(_) | Value::List(_) | Value::Null) && node.span.via().is_none();
    let span = if spread { key } else { &node.span };
    let message = format!("expected {}, {found}", shape::describe(shapes));
    Diagnostic::error(span.clone(), message).maybe_help(advice(shapes, node))
}

/// What to write instead, where that is plain to see.
fn advice(shapes: &[Shape], node: &Node) -> Option<String> {
    let takes = |kind| shapes.iter().any(|shape| shape.takes(kind));
    match &node.value {
        Value::String(text) if takes(Kind::Integer) => {
            if scalar::has_leading_zero(text) {
                let digits = text.trim_start_matches('0');
                return Some(format!("write `{digits}`, or `0o{digits}` if it is octal"));
            }
            let number = scalar::number(text).filter(|_| node.span.via().is_none())?;
            Some(format!("write it without quotes: `{number}`"))
        }
        Value::String(text) if takes(Kind::Boolean) => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" | "y" => Some("write `true`".into()),
            "no" | "off" | "false" | "n" => Some("write `false`".into()),
            _ => None,
        },
        Value::Bool(_) | Value::Number(_) | Value::String(_) if takes(Kind::Array) => {
            Some("a list is written `[a, b]`, or one `- item` a line".into())
        }
        _ => None,
    }
}
