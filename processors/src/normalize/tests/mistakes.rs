//! What is said about configurations that make no sense, and where.

use super::*;

/// Path, message and byte of each mistake.
fn told(config: Json) -> Vec<(String, String, Option<usize>)> {
    let config: NormalizeConfig = serde_json::from_value(config).unwrap();
    let mistakes = Normalize::build(config, &testing::context("normalize")).err().unwrap_or_default();
    mistakes.into_iter().map(|mistake| (mistake.path, mistake.message, mistake.at)).collect()
}

#[test]
fn every_mistake_stands_at_its_key() {
    for (entry, path, message) in [
        (json!({"when": "attribute == 1"}), "when", "unknown path `attribute`"),
        (json!({"parse": {"regex": "("}}), "parse.regex", "this is no regular expression: unclosed group"),
        (json!({"parse": {"regex": "x"}}), "parse.regex", "the expression names no groups"),
        (
            json!({"parse": {"csv": {"delimiter": ";;"}}}),
            "parse.csv.delimiter",
            "a delimiter is one character",
        ),
        (
            json!({"parse": {"csv": {"columns": ["a", "a"]}}}),
            "parse.csv.columns[1]",
            "there is a column `a` already",
        ),
        (
            json!({"fields": {"a": {"as": "double", "default": "x"}}}),
            "fields.a.default",
            "`\"x\"` cannot be made into a number",
        ),
        (
            json!({"fields": {"a": {"as": "int", "invalid": 1.5}}}),
            "fields.a.invalid",
            "`1.5` cannot be made into a whole number",
        ),
        (
            json!({"fields": {"a": {"as": "bool", "one_of": ["?"]}}}),
            "fields.a.one_of[0]",
            "`\"?\"` cannot be made into a boolean",
        ),
        (
            json!({"fields": {"a": {"one_of": [[]]}}}),
            "fields.a.one_of[0]",
            "a text, a number or a boolean is expected",
        ),
        (
            json!({"fields": {"a": {"invalid": 0}}}),
            "fields.a.invalid",
            "without `as` or `one_of`, every value is valid",
        ),
        (
            json!({"fields": {"a": {"required": true, "default": 1}}}),
            "fields.a.required",
            "with a `default`, the field is never missing",
        ),
        (json!({"fields": {"a": {"from": [""]}}}), "fields.a.from", "a field has a name"),
        (
            json!({"compute": [r#"set(fields["a"], 1)"#, r#"sett(fields["a"], 1)"#]}),
            "compute[1]",
            "unknown function `sett`",
        ),
        (
            json!({"parse": {"csv": {"columns": ["a"]}}, "fields": {"x": {"from": ["b", "c"]}, "y": {"default": 1}, "z": {"from": "a"}}}),
            "fields.x",
            "`parse` makes no field `b` or `c`",
        ),
        (
            json!({"parse": {"regex": "(?<level>.)"}, "fields": {"lvl": {}}}),
            "fields.lvl",
            "`parse` makes no field `lvl`",
        ),
        (json!({"time": {}}), "time", "a field has to be named"),
        (json!({"fields": {"a": {"write": "unix"}}}), "fields.a.write", "this is for `as: time`"),
        (
            json!({"fields": {"a": {"as": "time", "formats": ["%d", "%"]}}}),
            "fields.a.formats[1]",
            "a directive is missing behind `%`",
        ),
        (
            json!({"fields": {"a": {"as": "time", "default": "x"}}}),
            "fields.a.default",
            "`\"x\"` cannot be made into a time as configured",
        ),
        (
            json!({"time": {"from": "a", "zone": "Europe/Atlantis"}}),
            "time.zone",
            "there is no time zone `Europe/Atlantis`",
        ),
        (json!({"severity": {}}), "severity", "a field has to be named"),
        (json!({"resource": {"host.name": ""}}), "resource.host.name", "a field has a name"),
        (json!({"metric": {}}), "metric", "a point needs a number, and fields have names"),
        (
            json!({"metric": {"value": "a"}, "into": "attributes"}),
            "into",
            "a record that becomes a point has no fields left to put anywhere",
        ),
    ] {
        let made = told(json!({"records": [entry]}));
        assert_eq!(made.len(), 1, "{entry}: {made:?}");
        assert_eq!(
            (made[0].0.as_str(), made[0].1.as_str()),
            (format!("records[0].{path}").as_str(), message),
            "{entry}"
        );
    }
}

#[test]
fn mistakes_within_texts_say_where() {
    let made = told(json!({"records": [{"compute": [r#"set(fields["a"], 1 +)"#], "when": "1 == ",
        "time": {"from": "a", "formats": ["rfc3339", "%d-%Q"]}}]}));
    let places: Vec<_> = made.iter().map(|(path, _, at)| (path.as_str(), *at)).collect();
    assert_eq!(
        places,
        [
            ("records[0].when", Some(5)),
            ("records[0].compute[0]", Some(20)),
            ("records[0].time.formats[1]", Some(3)),
        ]
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let made = told(json!({"records": [{}, {"when": "1"}], "units": {"ms": "By"}, "rename": {"a": ""}}));
    let paths: Vec<_> = made.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(paths, ["records[0]", "records[1].when", "units.ms", "rename.a"]);
    assert_eq!(told(json!({}))[0].1, "without `records`, `units` or `rename` there is nothing to do");
}
