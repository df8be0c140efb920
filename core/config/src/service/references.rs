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
    for item in list.and_then(Node::as_list).into_iter().flatten().filter(|item| item.unresolved.is_none()) {
        let Some((text, id)) = item.as_str().and_then(|text| Some((text, text.parse::<ComponentId>().ok()?)))
        else {
            continue;
        };
        if let Some(first) = found.iter().find(|first| first.id == id) {
            let diagnostic = Diagnostic::error(item.span.clone(), format!("`{text}` is listed twice"));
            diagnostics.push(diagnostic.related(first.span.clone(), "first listed here"));
        } else if parts.section(kind).names.contains_key(text) {
            found.push(Reference { id, span: item.span.clone() });
        } else if !parts.connectors.contains(&text) {
            let message = format!("{owner} names the {kind} `{text}`, which is not defined");
            diagnostics.push(Diagnostic::error(item.span.clone(), message).help(advice(text, kind, parts)));
        }
    }
    found
}

fn advice(text: &str, kind: Kind, parts: &Parts<'_>) -> String {
    if let Some(other) = Kind::ALL.into_iter().find(|other| parts.section(*other).names.contains_key(text)) {
        return format!("`{text}` is defined as {}", other.one());
    }
    let names = parts.section(kind).names.keys().map(String::as_str);
    nearest::suggest(text, names).unwrap_or_else(|| format!("define it in `{}`", kind.section()))
}
