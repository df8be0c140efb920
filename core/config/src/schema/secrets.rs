//! Which values a schema calls secret, also where they are not what it wants.

use serde_json::Value as Json;

use super::check::Checker;
use super::shape::Shape;
use crate::{Node, Value, nearest, secrecy};

impl Checker<'_> {
    /// Stars out, wherever their lines are shown, the values in `node` that any alternative of `schema` calls secret.
    /// A key that is misspelt, and a mapping where a single value belongs, hide what they hold, too.
    pub(super) fn hide(&self, schema: &Json, node: &Node) {
        let shapes = self.shapes(schema);
        if shapes.iter().any(is_secret) {
            return secrecy::hide(node, true);
        }
        match &node.value {
            Value::Map(map) => {
                for (name, entry) in map {
                    for schema in shapes.iter().filter_map(|shape| property(shape, name)) {
                        self.hide(schema, &entry.value);
                    }
                }
            }
            Value::List(items) => {
                for schema in shapes.iter().flat_map(|shape| [&shape.items, &shape.additional]).flatten() {
                    items.iter().for_each(|item| self.hide(schema, item));
                }
            }
            _ => {
                let inner = shapes.iter().flat_map(|shape| [&shape.items, &shape.additional]).flatten();
                if inner.flat_map(|schema| self.shapes(schema)).any(|shape| is_secret(&shape)) {
                    secrecy::hide(node, true);
                }
            }
        }
    }
}

fn is_secret(shape: &Shape) -> bool {
    shape.format.as_deref() == Some("secret")
}

/// The schema of the key that `name` is, or probably was meant to be.
fn property<'a>(shape: &'a Shape, name: &str) -> Option<&'a Json> {
    let names = || shape.properties.keys().map(String::as_str);
    let named = shape.canonical(name).or_else(|| names().find(|key| *key == name));
    let meant = named.or_else(|| nearest::nearest(name, names()).filter(|_| shape.additional.is_none()));
    meant.and_then(|name| shape.properties.get(name)).or(shape.additional.as_ref())
}
