//! What actions do to attributes, and what is said about those that make no sense.

mod arbitrary;
mod mistakes;
pub(crate) mod plain;

pub(crate) use arbitrary::{arb_actions, repeat_keys};

use super::{ActionConfig, Actions, Run};
use serde_json::{Value as Json, json};
use tidewatch_component::Metadata;
use tidewatch_otlp::{
    edit::Arena,
    views::{AttributesView, ValueView},
};

pub(crate) fn actions(actions: Json) -> Vec<ActionConfig> {
    serde_json::from_value(actions).unwrap()
}

/// Attributes `before`, a list of keys and values, after `actions`.
fn acted(before: Json, list: Json) -> Json {
    let metadata = [("x-tenant".to_owned(), vec!["blue".to_owned(), "green".to_owned()])];
    acted_for(before, list, &Metadata::from(metadata))
}

fn acted_for(before: Json, list: Json, metadata: &Metadata) -> Json {
    let arena = Arena::new();
    let actions = Actions::new("actions", actions(list)).unwrap();
    let Json::Array(before) = before else { panic!("a list of pairs") };
    let attributes = before.into_iter().fold(AttributesView::empty_map(), |all, pair| {
        let value = super::any_value(&pair[1]);
        all.and(pair[0].as_str().unwrap(), ValueView::of_any_value(&value), &arena)
    });
    let after = Run::new(&actions, metadata, &arena).edit(attributes);
    after.iter().map(|(key, value)| json!([key, value.to_json()])).collect()
}

#[test]
fn insert_update_and_upsert_set_what_is_absent_there_or_either() {
    let before = || json!([["a", 1], ["b", 2], ["a", 3]]);
    for (action, key, after) in [
        ("insert", "a", before()),
        ("insert", "c", json!([["a", 1], ["b", 2], ["a", 3], ["c", 9]])),
        ("update", "a", json!([["a", 9], ["b", 2]])),
        ("update", "c", before()),
        ("upsert", "a", json!([["a", 9], ["b", 2]])),
        ("upsert", "c", json!([["a", 1], ["b", 2], ["a", 3], ["c", 9]])),
    ] {
        let list = json!([{"key": key, "action": action, "value": 9}]);
        assert_eq!(acted(before(), list), after, "{action} {key}");
    }
}

#[test]
fn values_keep_the_type_they_are_written_in() {
    for value in [json!("text"), json!(true), json!(-3), json!(1.5), json!([1, "a"]), json!({"a": {"b": []}})]
    {
        let list = json!([{"key": "k", "action": "insert", "value": value}]);
        assert_eq!(acted(json!([]), list), json!([["k", value]]));
    }
}

#[test]
fn values_come_from_attributes_and_headers_or_are_the_default() {
    let before = json!([["a", [1]], ["b", 2]]);
    for (source, value) in [
        (json!({"from_attribute": "a"}), json!([1])),
        (json!({"from_attribute": "none"}), json!(2)),
        (json!({"from_attribute": "none", "default_value": "x"}), json!("x")),
        (json!({"from_attribute": "a", "default_value": "x"}), json!([1])),
        (json!({"from_context": "metadata.X-Tenant"}), json!("blue;green")),
        (json!({"from_context": "metadata.none"}), json!(2)),
        (json!({"from_context": "metadata.none", "default_value": {"x": 1}}), json!({"x": 1})),
        (json!({"default_value": "x"}), json!("x")),
        (json!({"value": null, "default_value": "x"}), json!("x")),
    ] {
        let mut action = json!({"key": "b", "action": "update"});
        action.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
        assert_eq!(acted(before.clone(), json!([action])), json!([["a", [1]], ["b", value]]), "{source}");
    }
}

#[test]
fn delete_and_hash_take_all_that_repeat_and_keys_by_pattern() {
    let before = || json!([["user.id", 1], ["b", 2], ["user.id", 3], ["user.mail", 4]]);
    let delete = |keys: Json| {
        let mut action = json!({"action": "delete"});
        action.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        acted(before(), json!([action]))
    };
    assert_eq!(delete(json!({"key": "user.id"})), json!([["b", 2], ["user.mail", 4]]));
    assert_eq!(delete(json!({"pattern": "^user"})), json!([["b", 2]]));
    assert_eq!(delete(json!({"key": "b", "pattern": "mail"})), json!([["user.id", 1], ["user.id", 3]]));
    assert_eq!(delete(json!({"key": "none"})), before());

    let one = "7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8";
    let hashed = acted(json!([["a", 1], ["b", 1], ["a", 1]]), json!([{"key": "a", "action": "hash"}]));
    assert_eq!(hashed, json!([["a", one], ["b", 1], ["a", one]]));
    let hashed =
        acted(json!([["aa", 1], ["b", 1]]), json!([{"pattern": "a", "key": "aa", "action": "hash"}]));
    assert_eq!(hashed, json!([["aa", one], ["b", 1]]), "once, though both say so");
}

#[test]
fn a_hash_is_the_collectors() {
    for (value, hash) in [
        (json!("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (json!(true), "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"),
        (json!(false), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (json!(0), "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"),
        (json!(0.0), "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"),
        (json!(""), ""),
        (json!(null), ""),
        (json!([1]), ""),
        (json!({"a": 1}), ""),
    ] {
        let after = acted(json!([["k", value]]), json!([{"key": "k", "action": "hash"}]));
        assert_eq!(after, json!([["k", hash]]), "{value}");
    }
}

#[test]
fn extract_sets_what_its_groups_match() {
    let pattern = r"^(?P<method>\w+) (?P<route>[^?]+)(?:\?(?P<query>.*))?$";
    let extract =
        |before: Json| acted(before, json!([{"key": "line", "action": "extract", "pattern": pattern}]));
    assert_eq!(
        extract(json!([["query", 1], ["line", "GET /a?b"], ["query", 2]])),
        json!([["query", "b"], ["line", "GET /a?b"], ["method", "GET"], ["route", "/a"]])
    );
    assert_eq!(
        extract(json!([["line", "GET /a"]])),
        json!([["line", "GET /a"], ["method", "GET"], ["route", "/a"], ["query", ""]]),
        "a group that is not part of the match is empty"
    );
    for unfit in [json!([["line", "-"]]), json!([["line", 7]]), json!([["other", "GET /a"]])] {
        assert_eq!(extract(unfit.clone()), unfit);
    }
}

#[test]
fn convert_changes_the_type_where_that_is_possible() {
    for (value, to, after) in [
        (json!("-12"), "int", json!(-12)),
        (json!("+12"), "int", json!(12)),
        (json!("1.5"), "int", json!("1.5")),
        (json!(" 1"), "int", json!(" 1")),
        (json!("9223372036854775808"), "int", json!("9223372036854775808")),
        (json!(-1.9), "int", json!(-1)),
        (json!(true), "int", json!(1)),
        (json!([1]), "int", json!([1])),
        (json!(null), "int", json!(null)),
        (json!("1.5e3"), "double", json!(1500.0)),
        (json!("inf"), "double", json!("Infinity")),
        (json!("1e999"), "double", json!("1e999")),
        (json!("much"), "double", json!("much")),
        (json!(3), "double", json!(3.0)),
        (json!(false), "double", json!(0.0)),
        (json!({"a": 1}), "double", json!({"a": 1})),
        (json!(3), "string", json!("3")),
        (json!(1.5), "string", json!("1.5")),
        (json!(true), "string", json!("true")),
        (json!([1, "a"]), "string", json!(r#"[1,"a"]"#)),
        (json!({"a": 1}), "string", json!(r#"{"a":1}"#)),
        (json!(null), "string", json!("")),
    ] {
        let list = json!([{"key": "k", "action": "convert", "converted_type": to}]);
        assert_eq!(acted(json!([["k", value]]), list), json!([["k", after]]), "{value} to {to}");
    }
}

#[test]
fn actions_follow_one_another() {
    let rename = json!([
        {"key": "new", "action": "upsert", "from_attribute": "old"},
        {"key": "old", "action": "delete"},
    ]);
    assert_eq!(acted(json!([["old", [1]], ["b", 2]]), rename.clone()), json!([["b", 2], ["new", [1]]]));
    assert_eq!(acted(json!([["new", 0], ["old", 1]]), rename.clone()), json!([["new", 1]]));
    assert_eq!(acted(json!([["new", 0]]), rename), json!([["new", 0]]));

    let backfill = json!([
        {"key": "operation", "action": "insert", "value": "default"},
        {"key": "svc.operation", "action": "upsert", "from_attribute": "operation"},
        {"key": "operation", "action": "delete"},
    ]);
    assert_eq!(
        acted(json!([["timeout", 3]]), backfill),
        json!([["timeout", 3], ["svc.operation", "default"]])
    );
    let swapped = json!([
        {"key": "a", "action": "delete"},
        {"key": "b", "action": "upsert", "from_attribute": "a"},
    ]);
    assert_eq!(acted(json!([["a", 1]]), swapped), json!([]), "what is gone is not copied");
}
