//! Several sources to one tree.

use crate::node::{Entry, Map};
use crate::{Node, Value};

/// Lays `over` on top of `base`: mappings are merged, everything else replaces.
pub(crate) fn merge(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Value::Map(base), Value::Map(over)) => {
            for (key, entry) in over {
                match base.get_mut(&key) {
                    Some(existing) if existing.value.as_map().is_some() && entry.value.as_map().is_some() => {
                        merge(&mut existing.value, entry.value);
                    }
                    _ => {
                        base.insert(key, entry);
                    }
                }
            }
        }
        (_, value) => *base = Node { value, ..over },
    }
}

/// Turns top-level keys like `exporters::otlp::endpoint` into mappings, as the Collector does.
pub(crate) fn unflatten(root: Node) -> Node {
    let Value::Map(map) = root.value else { return root };
    let mut result = Node::empty_map(root.span.clone());
    for (key, entry) in map {
        merge(&mut result, nest(&key, entry));
    }
    Node { span: root.span, ..result }
}

/// The mapping with one entry that `path` and `entry` make. Every key on the way is shown at the whole path.
pub(crate) fn nest(path: &str, entry: Entry) -> Node {
    let span = entry.key.clone();
    let mut keys = path.split("::").collect::<Vec<_>>().into_iter().rev();
    let last = keys.next().unwrap_or(path);
    let wrap = |name: &str, entry: Entry| {
        let map: Map = [(name.to_owned(), entry)].into_iter().collect();
        Node::new(Value::Map(map), span.clone())
    };
    keys.fold(wrap(last, entry), |inner, name| wrap(name, Entry { key: span.clone(), value: inner }))
}
