//! The JSON schema of the whole configuration, for editors.

use serde_json::{Map, Value as Json, json};

use crate::service::ServiceKeys;
use crate::{Catalog, ComponentType, Kind, schema, sections};

/// The JSON schema (draft 2020-12) of a configuration file with the components of `catalog`.
///
/// It takes what a file may hold before it is expanded: references where numbers go, and null for defaults.
pub fn print_schema(catalog: &Catalog) -> Json {
    let mut definitions = Map::new();
    let mut properties = Map::new();
    for kind in Kind::ALL {
        let mut patterns = Map::new();
        for component in catalog.of(kind) {
            let name = format!("{}.{}", kind.section(), component.name);
            let own = adopt(&sections::closed(&component.schema), &name, &mut definitions);
            patterns.insert(id_pattern(component), json!({ "anyOf": [own, { "type": "null" }] }));
        }
        let section = json!({
            "description": format!("The {}, by name: `type` or `type/name`.", kind.section()),
            "type": ["object", "null"],
            "patternProperties": patterns,
            "additionalProperties": false,
        });
        properties.insert(kind.section().into(), section);
    }
    let service = adopt(&schema::of::<ServiceKeys>(), "service", &mut definitions);
    properties.insert("service".into(), service);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tidewatch configuration",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// `^(otlp_http|otlphttp)(/.+)?$`
fn id_pattern(component: &ComponentType) -> String {
    match component.aliases {
        [] => format!("^{}(/.+)?$", component.name),
        aliases => format!("^({}|{})(/.+)?$", component.name, aliases.join("|")),
    }
}

/// Moves `schema` and what it defines to `definitions`, below `name`; returns the reference to it.
fn adopt(schema: &Json, name: &str, definitions: &mut Map<String, Json>) -> Json {
    let mut schema = schema.clone();
    let own = schema.as_object_mut().and_then(|schema| {
        schema.remove("$schema");
        schema.remove("$defs")
    });
    for (inner, mut definition) in own.as_ref().and_then(Json::as_object).cloned().unwrap_or_default() {
        adapt(&mut definition, name, true);
        definitions.insert(format!("{name}.{inner}"), definition);
    }
    adapt(&mut schema, name, true);
    definitions.insert(name.to_owned(), schema);
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// Leads references to where the definitions of `name` have gone, closes objects if `close`, and allows what a file
/// may hold before it is expanded.
fn adapt(schema: &mut Json, name: &str, close: bool) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(Json::String(reference)) = map.get_mut("$ref")
        && let Some(inner) = reference.strip_prefix("#/$defs/")
    {
        *reference = format!("#/$defs/{name}.{inner}");
    }
    let combines = ["allOf", "oneOf", "anyOf", "$ref"].iter().any(|key| map.contains_key(*key));
    let has_properties = map.contains_key("properties");
    for key in ["properties", "patternProperties"] {
        for (_, inner) in map.get_mut(key).and_then(Json::as_object_mut).into_iter().flatten() {
            adapt(inner, name, true);
        }
    }
    for inner in map.get_mut("prefixItems").and_then(Json::as_array_mut).into_iter().flatten() {
        adapt(inner, name, true);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = map.get_mut(key) {
            adapt(inner, name, true);
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for inner in map.get_mut(key).and_then(Json::as_array_mut).into_iter().flatten() {
            // A part of an object cannot know the keys of the other parts.
            adapt(inner, name, close && !has_properties && key != "allOf");
        }
    }
    if has_properties && close && !map.contains_key("additionalProperties") {
        let closing = if combines { "unevaluatedProperties" } else { "additionalProperties" };
        map.entry(closing).or_insert(Json::Bool(false));
    }
    allow_aliases(map);
    allow_references(map);
}

/// Older names of keys are keys, too.
fn allow_aliases(map: &mut Map<String, Json>) {
    let Some(properties) = map.get_mut("properties").and_then(Json::as_object_mut) else { return };
    let mut more = Map::new();
    for (name, property) in properties.iter() {
        for alias in property.get("x-aliases").and_then(Json::as_array).into_iter().flatten() {
            let mut property = property.clone();
            property["description"] = format!("Older name of `{name}`.").into();
            more.insert(alias.as_str().unwrap_or_default().to_owned(), property);
        }
    }
    properties.extend(more);
}

/// Wherever a scalar goes, `${env:NAME}` goes; where a mapping or list goes, nothing goes as well.
fn allow_references(map: &mut Map<String, Json>) {
    const REFERENCE: &str = r"\$\{.+\}";
    let durations = "^([0-9.]+(ns|us|µs|μs|ms|s|m|h|d|w))+$|^0$";
    if map.get("format") == Some(&json!("duration")) {
        map.remove("format");
        map.insert("pattern".into(), format!("{durations}|{REFERENCE}").into());
        map.insert("type".into(), json!(["string", "integer"]));
        map.insert("maximum".into(), 0.into());
        return;
    }
    let branches = map.get_mut("oneOf").and_then(Json::as_array_mut);
    if let Some(branches) = branches.filter(|all| all.iter().all(|branch| branch.get("const").is_some())) {
        branches.push(json!({ "type": "string", "pattern": REFERENCE }));
        return;
    }
    if map.contains_key("enum") {
        let listed = json!({ "enum": map.remove("enum") });
        map.remove("type");
        map.insert("anyOf".into(), json!([listed, { "type": "string", "pattern": REFERENCE }]));
        return;
    }
    let mut types: Vec<Json> = match map.get("type") {
        Some(Json::String(one)) => vec![one.clone().into()],
        Some(Json::Array(several)) => several.clone(),
        _ => return,
    };
    let has = |types: &[Json], name: &str| types.iter().any(|kind| kind == name);
    if ["integer", "number", "boolean"].iter().any(|name| has(&types, name)) && !has(&types, "string") {
        types.push("string".into());
        map.insert("pattern".into(), REFERENCE.into());
    }
    if ["object", "array"].iter().any(|name| has(&types, name)) && !has(&types, "null") {
        types.push("null".into());
    }
    if types.len() > 1 {
        map.insert("type".into(), types.into());
    }
}
