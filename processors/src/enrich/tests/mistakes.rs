use crate::{enrich::Enrich, testing};
use serde_json::{Value as Json, json};
use std::fs;
use tidewatch_component::ProcessorFactory;

/// Paths and messages of the mistakes in a configuration.
fn mistakes(config: Json) -> Vec<(String, String)> {
    let config = serde_json::from_value(config).expect("keys");
    let mistakes = Enrich::build(config, &testing::context("enrich")).err().expect("mistakes");
    mistakes.into_iter().map(|mistake| (mistake.path, mistake.message)).collect()
}

fn paths(config: Json) -> Vec<String> {
    mistakes(config).into_iter().map(|(path, _)| path).collect()
}

#[test]
fn mistakes_stand_at_their_keys() {
    let rows = json!([{"h": "a", "env": "prod"}]);
    let table = |keys: Json| {
        let mut table = json!({"from": {"inline": rows}, "match": {"host.name": "h"}, "add": {"env": "env"}});
        table.as_object_mut().expect("keys").extend(keys.as_object().expect("keys").clone());
        json!({"tables": [{"from": {"inline": [{"h": 1}]}, "match": {"x": "h"}, "add": "all"}, table]})
    };
    let cases = [
        (json!({}), ""),
        (table(json!({"match": {}})), "tables[1].match"),
        (table(json!({"add": {}})), "tables[1].add"),
        (table(json!({"match": {"host.name": "host"}})), "tables[1].match.host.name"),
        (table(json!({"add": {"a.b": "c"}})), "tables[1].add.a.b"),
        (table(json!({"default": {"emv": 1}})), "tables[1].default.emv"),
        (table(json!({"from": {}})), "tables[1].from"),
        (table(json!({"from": {"inline": [], "csv": "x"}})), "tables[1].from.inline"),
        (table(json!({"from": {"csv": "x", "key": "h"}})), "tables[1].from.key"),
        (table(json!({"from": {"inline": [], "delimiter": ";"}})), "tables[1].from.delimiter"),
        (table(json!({"from": {"csv": "x", "delimiter": "\n"}})), "tables[1].from.delimiter"),
        (table(json!({"from": {"inline": "rows"}})), "tables[1].from.inline"),
        (table(json!({"from": {"inline": [{"h": 1, "env": 2}, {"env": 3}]}})), "tables[1].from.inline[1]"),
        (table(json!({"from": {"inline": {"a": {"env": 2}, "b": 3}}})), "tables[1].from.inline.b"),
        (
            table(json!({"from": {"inline": {"a": {"env": 2}}}, "match": {"x": "h", "y": "env"}})),
            "tables[1].from",
        ),
    ];
    for (config, path) in cases {
        assert_eq!(paths(config.clone()), [path], "{config}");
    }
    let (_, message) = mistakes(table(json!({"match": {"host.name": "host"}}))).remove(0);
    assert_eq!(message, "the table has no column `host`; it has `h`, `env`");
    let twice = json!([{"h": 1, "env": 2}, {"h": "1", "env": 3}]);
    let (_, message) = mistakes(table(json!({"from": {"inline": twice}}))).remove(0);
    assert_eq!(message, "there is a row of the same `h` already, as row 1");
}

#[test]
fn a_file_that_is_missing_or_broken_ends_the_start_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hosts.csv");
    let table = || json!({"tables": [{"from": {"csv": path}, "match": {"host.name": "host"}, "add": {"env": "env"}}]});
    let shown = path.display();
    let (key, message) = mistakes(table()).remove(0);
    assert_eq!(key, "tables[0].from.csv");
    assert!(message.starts_with(&format!("{shown}: the file cannot be read: No such file")), "{message}");
    fs::write(&path, "host,env\na,prod\nb\n").expect("written");
    let (key, message) = mistakes(table()).remove(0);
    assert_eq!(key, "tables[0].from.csv");
    assert_eq!(message, format!("{shown}:3:2: the row has 1 cell, but the first line names 2 columns"));
    fs::write(&path, "name,env\na,prod\n").expect("written");
    let (key, message) = mistakes(table()).remove(0);
    assert_eq!(key, "tables[0].match.host.name");
    assert_eq!(message, format!("{shown}:2:1: the table has no column `host`; it has `name`, `env`"));
}
