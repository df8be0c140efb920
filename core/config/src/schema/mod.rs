//! Checks a tree against a JSON schema as schemars emits it for serde structs and enums, and gives each scalar the
//! type that its key wants.
//!
//! Beyond JSON schema: objects with properties are closed unless they say otherwise; null stands for an empty
//! mapping or an absent key; `x-warning` on a property warns whoever sets it, `x-warnings` whoever gives it one of certain
//! values; `x-aliases` on a property lists older
//! names of the key; `x-unsupported` on an object says of keys that are unknown here, and known to the Collector, why;
//! `x-unsupported-variants` on an enum with a tag says the same of values of the tag.

use serde_json::Value as Json;

use crate::{Diagnostics, Node, Span};

mod check;
mod format;
mod kind;
mod object;
mod secrets;
mod shape;
mod variants;

/// Checks `node` against `schema`, and types its scalars on the way. `key` is where `node` as a whole is shown.
pub(crate) fn check(schema: &Json, node: &mut Node, key: &Span, diagnostics: &mut Diagnostics) {
    let checker = check::Checker { root: schema };
    checker.hide(schema, node);
    let findings = checker.value(schema, node, key);
    diagnostics.extend(findings.into_iter().map(|finding| finding.diagnostic));
    diagnostics.extend(node.all_unresolved());
}

/// The JSON schema of a struct, as the components' schemas are made.
pub(crate) fn of<T: schemars::JsonSchema>() -> Json {
    schemars::schema_for!(T).to_value()
}
