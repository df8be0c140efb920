//! What a reload has changed.

use crate::graph::Graph;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};
use tidewatch_config::Config;

/// What a reload has changed, by the names of components and pipelines in the configuration, e.g. `exporters::otlp`
/// and `service::pipelines::main`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Changes {
    /// What is new.
    pub added: Vec<String>,
    /// What is gone.
    pub removed: Vec<String>,
    /// What goes on in another way.
    pub changed: Vec<String>,
    /// What goes on as it was, with all that it holds.
    pub kept: Vec<String>,
}

/// Where a component is in memory: the same place is the same component.
type Places = BTreeMap<String, Vec<*const ()>>;

impl Changes {
    pub(crate) fn between(before: &Graph, config_before: &Config, after: &Graph, config: &Config) -> Self {
        let (old, new) = (places(before), places(after));
        let mut changes = Self::default();
        for (name, places) in &new {
            let list = match old.get(name) {
                None => &mut changes.added,
                Some(known) if known.iter().any(|place| places.contains(place)) => &mut changes.kept,
                Some(_) => &mut changes.changed,
            };
            list.push(name.clone());
        }
        changes.removed.extend(old.into_keys().filter(|name| !new.contains_key(name)));
        for (id, node) in &after.pipelines {
            let name = format!("service::pipelines::{id}");
            match before.pipelines.get(id) {
                None => changes.added.push(name),
                Some(known) if known.config == node.config => changes.kept.push(name),
                Some(_) => changes.changed.push(name),
            }
        }
        let gone = before.pipelines.keys().filter(|id| !after.pipelines.contains_key(*id));
        changes.removed.extend(gone.map(|id| format!("service::pipelines::{id}")));
        let (old, new) = (&config_before.service, &config.service);
        for (key, is_same) in [
            ("shutdown_timeout", old.shutdown_timeout == new.shutdown_timeout),
            ("memory_limit", old.memory_limit == new.memory_limit),
            ("dead_letter", old.dead_letter == new.dead_letter),
        ] {
            if !is_same {
                changes.changed.push(format!("service::{key}"));
            }
        }
        changes
    }

    /// Whether everything is as it was.
    pub fn are_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn places(graph: &Graph) -> Places {
    let mut places = Places::new();
    let mut add =
        |kind: &str, id: &str, place| places.entry(format!("{kind}::{id}")).or_default().push(place);
    for node in &graph.receivers {
        add("receivers", &node.id, std::sync::Arc::as_ptr(node).cast());
    }
    for (_, stage) in graph.stages() {
        add("processors", &stage.id, std::sync::Arc::as_ptr(stage).cast());
    }
    for node in &graph.exporters {
        add("exporters", &node.id, std::sync::Arc::as_ptr(&node.exporter).cast());
    }
    for node in &graph.extensions {
        add("extensions", &node.id, std::sync::Arc::as_ptr(node).cast());
    }
    places
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.are_none() {
            return f.write_str("nothing has changed");
        }
        let lists = [("added", &self.added), ("removed", &self.removed), ("changed", &self.changed)];
        let said = lists.iter().filter(|(_, list)| !list.is_empty());
        let said: Vec<String> = said.map(|(what, list)| format!("{what} {}", list.join(", "))).collect();
        write!(f, "{}; kept {}", said.join("; "), self.kept.len())
    }
}
