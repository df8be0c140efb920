//! The top level: which sections there are, and the components in them.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::node::Entry;
use crate::{
    Catalog, Component, ComponentId, ComponentType, Diagnostic, Diagnostics, Kind, Map, Node, Span, Value,
    collector_components, nearest, schema,
};

/// The components of one kind.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Those that can be used.
    pub(crate) components: IndexMap<ComponentId, Component>,
    /// All names, also of those that cannot be used, and where they were written.
    pub(crate) names: IndexMap<String, Span>,
}

/// Refuses top-level keys that there are not, and connectors.
pub(crate) fn check_top_level(root: &Map, diagnostics: &mut Diagnostics) {
    let known: Vec<_> =
        Kind::ALL.iter().map(|kind| kind.section()).chain(["connectors", "service"]).collect();
    for (key, entry) in root {
        if known.contains(&key.as_str()) {
            continue;
        }
        let help = match key.split_once('.') {
            Some((first, _)) if known.contains(&first) => {
                format!("in paths, keys are separated by `::`: `{}`", key.replace('.', "::"))
            }
            _ => nearest::suggest(key, known.iter().copied()).unwrap_or_else(|| {
                format!("the top-level keys are {}", nearest::list(known.iter().copied(), "and"))
            }),
        };
        diagnostics
            .push(Diagnostic::error(entry.key.clone(), format!("unknown top-level key `{key}`")).help(help));
    }
    let connectors = root.get("connectors").and_then(|entry| entry.value.as_map());
    for (id, entry) in connectors.into_iter().flatten() {
        let type_ = id.split('/').next().unwrap_or(id);
        let message = if collector_components::has_connector(type_) {
            format!("`{type_}` is a connector of the Collector that Tidewatch does not have (yet)")
        } else {
            format!("unknown connector `{type_}`: Tidewatch has no connectors (yet)")
        };
        diagnostics.push(Diagnostic::error(entry.key.clone(), message));
    }
}

/// Checks the components of one kind, and types their values in `root`.
pub(crate) fn components(
    root: &mut Map,
    kind: Kind,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) -> Section {
    let mut section = Section::default();
    let Some(entry) = root.get_mut(kind.section()) else { return section };
    let map = match &mut entry.value.value {
        Value::Map(map) => map,
        Value::Null => return section,
        _ if entry.value.unresolved.is_some() => return section,
        _ => {
            let help =
                format!("write each as `type:` on a line of its own, indented below `{}:`", kind.section());
            let message = format!("`{}` is not a mapping from names to components", kind.section());
            diagnostics.push(Diagnostic::error(entry.key.clone(), message).help(help));
            return section;
        }
    };
    for (text, entry) in map {
        if let Some((id, type_)) = identify(text, entry, kind, catalog, diagnostics) {
            let component = component(id.clone(), type_, entry, diagnostics);
            section.components.insert(id, component);
        }
        section.names.insert(text.clone(), entry.key.clone());
    }
    section
}

/// The id and type of a component.
fn identify<'a>(
    text: &str,
    entry: &Entry,
    kind: Kind,
    catalog: &'a Catalog,
    diagnostics: &mut Diagnostics,
) -> Option<(ComponentId, &'a ComponentType)> {
    let id: ComponentId = match text.parse() {
        Ok(id) => id,
        Err(problem) => {
            let message = format!("`{text}` is not the name of a component: {problem}");
            let help = "components are named `type` or `type/name`";
            diagnostics.push(Diagnostic::error(entry.key.clone(), message).help(help));
            return None;
        }
    };
    let type_ = catalog.find(kind, &id.type_);
    match type_ {
        None => diagnostics.push(unknown_type(&id.type_, entry, kind, catalog)),
        Some(type_) => diagnostics.extend(
            type_
                .deprecated_note
                .map(|note| Diagnostic::warning(entry.key.clone(), format!("`{}` {note}", id.type_))),
        ),
    }
    type_.map(|type_| (id, type_))
}

fn unknown_type(type_: &str, entry: &Entry, kind: Kind, catalog: &Catalog) -> Diagnostic {
    let names =
        |kind| catalog.of(kind).flat_map(|of| [of.name].into_iter().chain(of.aliases.iter().copied()));
    let error = |message: String| Diagnostic::error(entry.key.clone(), message);
    if collector_components::has(kind, type_) {
        let diagnostic =
            error(format!("`{type_}` is {} of the Collector that Tidewatch does not have (yet)", kind.one()));
        return diagnostic
            .help("`tidewatch components` lists what there is; see also docs/status.md")
            .maybe_help(collector_components::instead(kind, type_).map(str::to_owned));
    }
    if let Some(other) = Kind::ALL.into_iter().find(|other| catalog.find(*other, type_).is_some()) {
        let help = format!("move it to `{}`", other.section());
        return error(format!("`{type_}` is {}, not {}", other.one(), kind.one())).help(help);
    }
    let all = || format!("there are {}", nearest::list(catalog.of(kind).map(|of| of.name), "and"));
    error(format!("unknown {kind} `{type_}`")).help(nearest::suggest(type_, names(kind)).unwrap_or_else(all))
}

fn component(
    id: ComponentId,
    type_: &ComponentType,
    entry: &mut Entry,
    diagnostics: &mut Diagnostics,
) -> Component {
    if entry.value.is_nothing() {
        entry.value = Node { value: Value::Map(Map::new()), ..entry.value.clone() };
    }
    schema::check(&closed(&type_.schema), &mut entry.value, &entry.key, diagnostics);
    Component {
        id,
        kind: type_.kind,
        type_name: type_.name,
        span: entry.key.clone(),
        body: entry.value.clone(),
    }
}

/// A component without any key has no `properties` in its schema; it takes no keys for that.
pub(crate) fn closed(schema: &Json) -> Json {
    let mut schema = schema.clone();
    let open = ["properties", "additionalProperties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf"];
    if schema.get("type") == Some(&json!("object")) && open.iter().all(|key| schema.get(key).is_none()) {
        schema["additionalProperties"] = Json::Bool(false);
    }
    schema
}
