//! Names of components, and what they lead to.

use super::pipelines::Parts;
use crate::{ComponentId, Diagnostic, Diagnostics, Kind, Node, Span, nearest};

/// A component that is named.
pub(super) struct Reference {
    pub(super) id: ComponentId,
    /// Where it is named.
    pub(super) span: Span,
}

/// The components of `kind` that `list` names, without those that there are not. `owner` is who names them.
pub(super) fn references(
    list: Option<&Node>,
    kind: Kind,
    parts: &Parts<'_>,
    owner: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    for item in list.and_then(Node::as_list).into_iter().flatten() {
        let Some(new) = reference(item, kind, parts, owner, diagnostics) else { continue };
        match found.iter().find(|first| first.id == new.id) {
            Some(first) => {
                let diagnostic = Diagnostic::error(new.span, format!("`{}` is listed twice", new.id));
                diagnostics.push(diagnostic.related(first.span.clone(), "first listed here"));
            }
            None => found.push(new),
        }
    }
    found
}

/// The component of `kind` that `node` names; none if there is no such, which is reported.
pub(super) fn reference(
    node: &Node,
    kind: Kind,
    parts: &Parts<'_>,
    owner: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Reference> {
    let text = node.as_str().filter(|_| node.unresolved.is_none())?;
    let id = text.parse::<ComponentId>().ok()?;
    if parts.section(kind).names.contains_key(text) {
        return Some(Reference { id, span: node.span.clone() });
    }
    if !parts.connectors.contains(&text) {
        let message = format!("{owner} names the {kind} `{text}`, which is not defined");
        diagnostics.push(Diagnostic::error(node.span.clone(), message).help(advice(text, kind, parts)));
    }
    None
}

fn advice(text: &str, kind: Kind, parts: &Parts<'_>) -> String {
    if let Some(other) = Kind::ALL.into_iter().find(|other| parts.section(*other).names.contains_key(text)) {
        return format!("`{text}` is defined as {}", other.one());
    }
    let names = parts.section(kind).names.keys().map(String::as_str);
    nearest::suggest(text, names).unwrap_or_else(|| format!("define it in `{}`", kind.section()))
}
