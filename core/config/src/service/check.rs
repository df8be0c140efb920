//! The service section as a whole.

use super::pipelines::{Parts, pipelines};
use super::references::{Reference, reference, references};
use super::{Admin, Metrics, Service, ServiceKeys};
use crate::node::Entry;
use crate::{Diagnostic, Diagnostics, Kind, Map, Node, Signal, Value, component, schema};

/// The service section; `None` if it cannot be used.
pub(crate) fn check(root: &mut Map, parts: &Parts<'_>, diagnostics: &mut Diagnostics) -> Option<Service> {
    let Some(entry) = root.get_mut("service") else {
        let example = "service: {pipelines: {main: {receivers: [...], exporters: [...]}}}";
        let mut names: Vec<_> = root.values().map(|entry| entry.key.source().name.as_str()).collect();
        names.dedup();
        let message =
            format!("the section `service` is missing in {}, so nothing would run", names.join(", "));
        diagnostics.push(Diagnostic::error(None, message).help(format!("add `{example}`")));
        return None;
    };
    if entry.value.is_nothing() {
        entry.value = Node { value: Value::Map(Map::new()), ..entry.value.clone() };
    }
    schema::check(&schema::of::<ServiceKeys>(), &mut entry.value, &entry.key, diagnostics);
    let extensions = references(
        entry.value.get("extensions"),
        Kind::Extension,
        parts,
        "`service.extensions`",
        diagnostics,
    );
    let pipelines = pipelines(entry, parts, diagnostics);
    let dead_letter = dead_letter(entry, parts, diagnostics);
    unused(entry, parts, &extensions, dead_letter.as_ref(), diagnostics);
    let keys: ServiceKeys = match component::deserialize(&entry.value, &entry.key) {
        Ok(keys) => keys,
        // Where the schema has found mistakes, serde only finds them again.
        Err(_) if diagnostics.has_errors() => return None,
        Err(problems) => {
            diagnostics.extend(problems);
            return None;
        }
    };
    metrics(&keys.telemetry.metrics, entry, diagnostics);
    if let Some((message, help)) = keys.admin.as_ref().and_then(Admin::mistake) {
        let span = entry.value.span_of("admin.endpoint", &entry.key);
        diagnostics.push(Diagnostic::error(span, message).help(help));
    }
    Some(Service {
        extensions: extensions.into_iter().map(|reference| reference.id).collect(),
        pipelines,
        telemetry: keys.telemetry,
        shutdown_timeout: keys.shutdown_timeout,
        memory_limit: keys.memory_limit,
        threads: keys.threads,
        reload_on_change: keys.reload_on_change,
        admin: keys.admin,
        dead_letter: dead_letter.map(|reference| reference.id),
    })
}

/// The exporter of dead letters, which are log records.
fn dead_letter(service: &Entry, parts: &Parts<'_>, diagnostics: &mut Diagnostics) -> Option<Reference> {
    let node = service.value.get("dead_letter")?;
    let found = reference(node, Kind::Exporter, parts, "`service.dead_letter`", diagnostics)?;
    if let Some(taken) = parts.signals(Kind::Exporter, &found)
        && !taken.contains(Signal::Logs)
    {
        let message = format!("the exporter `{}` takes no logs, only {taken}", found.id);
        let help = "dead letters are log records: name an exporter that takes them, such as `file`";
        diagnostics.push(Diagnostic::error(found.span.clone(), message).help(help));
    }
    Some(found)
}

/// Warns about components that nothing names.
fn unused(
    service: &Entry,
    parts: &Parts<'_>,
    extensions: &[Reference],
    dead_letter: Option<&Reference>,
    diagnostics: &mut Diagnostics,
) {
    let in_pipelines: Vec<&str> = service
        .value
        .get("pipelines")
        .and_then(Node::as_map)
        .into_iter()
        .flat_map(|pipelines| pipelines.values())
        .filter_map(|pipeline| pipeline.value.as_map())
        .flat_map(|lists| lists.values())
        .filter_map(|list| list.value.as_list())
        .flatten()
        .filter_map(Node::as_str)
        .collect();
    for kind in Kind::ALL {
        let section = parts.section(kind);
        // Of what cannot be used that has been said.
        let usable = |name: &str| section.components.keys().any(|id| id.to_string() == name);
        for (name, span) in section.names.iter().filter(|(name, _)| usable(name)) {
            let (used, help) = match kind {
                Kind::Extension => {
                    let listed = extensions.iter().any(|extension| extension.id.to_string() == *name);
                    (listed, "list it in `service.extensions`, or remove it")
                }
                _ => {
                    let letters = kind == Kind::Exporter
                        && dead_letter.is_some_and(|exporter| exporter.id.to_string() == *name);
                    let used = letters || in_pipelines.contains(&name.as_str());
                    (used, "name it in a pipeline, or remove it")
                }
            };
            if !used {
                let message = format!("the {kind} `{name}` is not used");
                diagnostics.push(Diagnostic::warning(span.clone(), message).help(help));
            }
        }
    }
}

/// What the schema cannot say about where metrics are scraped.
fn metrics(metrics: &Metrics, service: &Entry, diagnostics: &mut Diagnostics) {
    let mut error = |path: &str, message: &str, help: &str| {
        let span = service.value.span_of(&format!("telemetry.metrics.{path}"), &service.key);
        diagnostics.push(Diagnostic::error(span, message).help(help));
    };
    let port = metrics
        .address
        .as_deref()
        .map(|address| address.rsplit_once(':').map(|(_, port)| port.parse::<u16>()));
    if let Some(None | Some(Err(_))) = port {
        error("address", "this is not an address with a port", "write it like `localhost:8888`");
    }
    if metrics.readers.as_ref().is_some_and(Vec::is_empty) {
        error("readers", "the list of readers is empty", "to have no metrics, write `level: none`");
    }
    if metrics.readers.is_some() && metrics.address.is_some() {
        error("address", "`address` and `readers` exclude each other", "`readers` is the newer form");
    }
}
