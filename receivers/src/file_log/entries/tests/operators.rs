//! What each operator makes of a record, as the Collector's pages show it.

use super::kit::read;
use serde_json::{Value as Json, json};

/// What operators make of one line, without the file's name.
fn run(operators: Json, line: &str) -> Json {
    let mut config = json!({"include_file_name": false});
    config["operators"] = operators;
    let mut records = read(config, line);
    assert!(records.len() <= 1);
    records.pop().unwrap_or_default()
}

/// The line becomes the body, as what it is in JSON.
fn to_body() -> Json {
    json!({"type": "json_parser", "parse_to": "body", "parse_ints": true})
}

#[test]
fn json_parser() {
    for (operator, line, record) in [
        (json!({}), r#"{}"#, json!({})),
        (json!({}), r#"{"superkey":"superval"}"#, json!({"attributes": {"superkey": "superval"}})),
        (json!({}), r#"{"int":1,"float":1.0}"#, json!({"attributes": {"int": 1.0, "float": 1.0}})),
        (
            json!({"parse_ints": true}),
            r#"{"int":1,"float":1.0}"#,
            json!({"attributes": {"int": 1, "float": 1.0}}),
        ),
        (
            json!({"parse_ints": true}),
            r#"{"a":[1,1.5,{"b":null}],"n":{"t":true},"big":18446744073709551615}"#,
            json!({"attributes": {"a": [1, 1.5, {"b": null}], "n": {"t": true}, "big": 18_446_744_073_709_551_615.0}}),
        ),
        (json!({}), r#"{"a":"ä\n\"","a\tb":"c"}"#, json!({"attributes": {"a": "ä\n\"", "a\tb": "c"}})),
        (json!({}), r#"{"a":1,"a":"last"}"#, json!({"attributes": {"a": "last"}})),
        (
            json!({"timestamp": {"parse_from": "attributes.timestamp", "layout_type": "epoch", "layout": "s"}}),
            r#"{"superkey":"superval","timestamp":1136214245}"#,
            json!({"attributes": {"superkey": "superval", "timestamp": 1_136_214_245.0}, "time": "2006-01-02T15:04:05Z"}),
        ),
        (
            json!({"scope_name": {"parse_from": "attributes.logger_name"}}),
            r#"{"logger_name":"logger"}"#,
            json!({"attributes": {"logger_name": "logger"}, "scope": "logger"}),
        ),
        (json!({"parse_to": "attributes.x"}), r#"{"a":"b"}"#, json!({"attributes": {"x": {"a": "b"}}})),
        (json!({"parse_to": "resource"}), r#"{"a":"b"}"#, json!({"resource": {"a": "b"}})),
    ] {
        let mut operator = operator;
        operator["type"] = "json_parser".into();
        let mut expected = record;
        expected["body"] = line.into();
        assert_eq!(run(json!([operator]), line), expected);
    }
    let both = json!([{"type": "json_parser", "body": "attributes.message"}]);
    let record = json!({"attributes": {"message": "hi", "a": "b"}, "body": "hi"});
    assert_eq!(run(both, r#"{"message":"hi","a":"b"}"#), record);
    assert_eq!(run(json!([to_body()]), r#"{"a":{"b":1}}"#), json!({"body": {"a": {"b": 1}}}));
}

#[test]
fn what_is_no_json_goes_on_as_it_is_or_is_dropped() {
    for line in ["invalid", "{\"a\":1} x", "[1]", "1", "null", "{\"a\":", "{\"a\": 1e999}"] {
        for on_error in ["send", "send_quiet"] {
            let operators = json!([{"type": "json_parser", "on_error": on_error}, {"type": "add", "field": "attributes.b", "value": 1}]);
            assert_eq!(run(operators, line), json!({"body": line, "attributes": {"b": 1}}));
        }
        for on_error in ["drop", "drop_quiet"] {
            assert_eq!(run(json!([{"type": "json_parser", "on_error": on_error}]), line), Json::Null);
        }
    }
    let nested = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let line = format!("{{\"a\":{nested}}}");
    assert_eq!(run(json!([{"type": "json_parser"}]), &line), json!({"body": line}), "too deep for a parser");
    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let record = run(json!([{"type": "json_parser", "parse_ints": true}]), &format!("{{\"a\":{nested}}}"));
    assert!(record["attributes"]["a"].to_string().contains("\"[[[[["), "deep lists become text: {record}");
}

#[test]
fn regex_parser() {
    let regex = "^Host=(?P<host>[^,]+), Type=(?P<type>.*)$";
    let line = r#"{"message":"Host=127.0.0.1, Type=HTTP"}"#;
    let operators =
        json!([to_body(), {"type": "regex_parser", "parse_from": "body.message", "regex": regex}]);
    let body = json!({"message": "Host=127.0.0.1, Type=HTTP"});
    assert_eq!(
        run(operators, line),
        json!({"body": body, "attributes": {"host": "127.0.0.1", "type": "HTTP"}})
    );
    let operators = json!([{
        "type": "regex_parser",
        "regex": r"^Time=(?P<timestamp_field>\d{4}-\d{2}-\d{2}), Host=(?P<host>[^,]+)( (?P<more>x))?$",
        "timestamp": {"parse_from": "attributes.timestamp_field", "layout": "%Y-%m-%d", "location": "UTC"},
    }]);
    let line = "Time=2020-01-31, Host=127.0.0.1";
    let attributes = json!({"timestamp_field": "2020-01-31", "host": "127.0.0.1", "more": ""});
    let record = json!({"body": line, "attributes": attributes, "time": "2020-01-31T00:00:00Z"});
    assert_eq!(run(operators.clone(), line), record);
    assert_eq!(run(operators, "other"), json!({"body": "other"}));
    // A field that is not borrowed from the line.
    let operators = json!([{"type": "json_parser"}, {"type": "regex_parser", "parse_from": "attributes.a", "regex": "(?<x>b)"}]);
    assert_eq!(run(operators, r#"{"a":"\u0061b"}"#)["attributes"], json!({"a": "ab", "x": "b"}));
}

#[test]
fn copies_and_moves() {
    let moved = |from: &str, to: &str| json!([to_body(), {"type": "move", "from": from, "to": to}]);
    let copied = |from: &str, to: &str| json!([to_body(), {"type": "copy", "from": from, "to": to}]);
    for (operators, line, record) in [
        (
            moved("body.key1", "body.key3"),
            r#"{"key1":"val1","key2":"val2"}"#,
            json!({"body": {"key3": "val1", "key2": "val2"}}),
        ),
        (moved("body.uuid", "resource.uuid"), r#"{"uuid":"091e"}"#, json!({"resource": {"uuid": "091e"}})),
        (moved("body.ip", "attributes.ip"), r#"{"ip":"8.8.8.8"}"#, json!({"attributes": {"ip": "8.8.8.8"}})),
        (
            moved("body.a.b", "body"),
            r#"{"a":{"b":{"c":1}},"d":2}"#,
            json!({"body": {"a": {}, "d": 2, "c": 1}}),
        ),
        (moved("body.a", "body"), r#"{"a":"text","d":2}"#, json!({"body": "text"})),
        (moved("body", "attributes.x"), r#"{"a":1}"#, json!({"attributes": {"x": {"a": 1}}})),
        (moved("body", "attributes"), r#"{"a":{"b":1}}"#, json!({"attributes": {"a": {"b": 1}}})),
        (moved("body.a", "attributes"), r#"{"a":1}"#, json!({"body": {"a": 1}})),
        (moved("body.none", "attributes.x"), r#"{"a":1}"#, json!({"body": {"a": 1}})),
        (
            copied("body.a", "attributes[\"b.c\"]"),
            r#"{"a":1}"#,
            json!({"body": {"a": 1}, "attributes": {"b.c": 1}}),
        ),
        (copied("body.a", "body.b"), r#"{"a":[1]}"#, json!({"body": {"a": [1], "b": [1]}})),
        (copied("body.none", "attributes.b"), r#"{"a":1}"#, json!({"body": {"a": 1}})),
    ] {
        assert_eq!(run(operators.clone(), line), record, "{operators}");
    }
}

#[test]
fn add_and_remove() {
    for (operators, record) in [
        (
            json!([{"type": "add", "field": "attributes.a", "value": "b"}]),
            json!({"body": "x", "attributes": {"a": "b"}}),
        ),
        (
            json!([{"type": "add", "field": "resource.a.b", "value": [1, 2.5, true]}]),
            json!({"body": "x", "resource": {"a": {"b": [1, 2.5, true]}}}),
        ),
        (
            json!([{"type": "add", "field": "body", "value": {"a": {"b": 1}}}]),
            json!({"body": {"a": {"b": 1}}}),
        ),
        (json!([{"type": "add", "field": "body", "value": "y"}]), json!({"body": "y"})),
        (json!([{"type": "remove", "field": "body"}]), json!({})),
        (
            json!([{"type": "add", "field": "attributes.a", "value": 1}, {"type": "remove", "field": "attributes.a"}]),
            json!({"body": "x"}),
        ),
        (
            json!([{"type": "add", "field": "attributes.a", "value": 1}, {"type": "remove", "field": "attributes"}]),
            json!({"body": "x"}),
        ),
        (
            json!([{"type": "add", "field": "resource.a", "value": 1}, {"type": "remove", "field": "resource"}]),
            json!({"body": "x"}),
        ),
        (json!([{"type": "remove", "field": "attributes.none", "on_error": "drop"}]), Json::Null),
        (
            json!([{"type": "remove", "field": "attributes.none", "on_error": "drop", "if": "attributes.none != nil"}]),
            json!({"body": "x"}),
        ),
    ] {
        assert_eq!(run(operators.clone(), "x"), record, "{operators}");
    }
}

#[test]
fn the_name_of_the_file_is_an_attribute_like_others() {
    let operators = json!([{"type": "move", "from": "attributes[\"log.file.name\"]", "to": "resource[\"log.file.name\"]"}]);
    let records = read(json!({"operators": operators}), "a\n");
    assert_eq!(records, [json!({"body": "a", "resource": {"log.file.name": "app.log"}})]);
}

#[test]
fn severities_have_many_names() {
    let severity = |config: Json, value: Json| {
        let mut config = config;
        config["parse_from"] = "attributes.s".into();
        let operators = json!([{"type": "json_parser", "parse_ints": true, "severity": config}]);
        let record = run(operators, &json!({"s": value}).to_string());
        (
            record["severity"].as_u64().unwrap_or(0),
            record["severity_text"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let found = |number: u64, text: &str| (number, text.to_owned());
    for (value, number, text) in [
        (json!("info"), 9, "info"),
        (json!("INFO"), 9, "INFO"),
        (json!("Warning"), 13, "Warning"),
        (json!("err2"), 18, "err2"),
        (json!("fatal4"), 24, "fatal4"),
        (json!("trace"), 1, "trace"),
        (json!(17), 17, "17"),
        (json!(17.0), 17, "17"),
        (json!("unknown level of mine"), 0, "unknown level of mine"),
        (json!("ÄRGER"), 0, "ÄRGER"),
        (json!(true), 0, ""),
        (json!(1.5), 0, ""),
    ] {
        assert_eq!(severity(json!({}), value.clone()), found(number, text), "{value}");
    }
    assert_eq!(severity(json!({"preset": "otel"}), json!("warning")), found(0, "warning"));
    assert_eq!(severity(json!({"preset": "none"}), json!("info")), found(0, "info"));
    assert_eq!(severity(json!({"overwrite_text": true}), json!("warning3")), found(15, "WARN3"));
    assert_eq!(severity(json!({"overwrite_text": true}), json!("odd")), found(0, "odd"));
    let mapping = json!({"mapping": {
        "error": ["oops", "4xx", {"min": 1000, "max": 900}], "fatal2": "PANIC", "debug": 42, "info": "2xx", "warn": "Ärger",
    }});
    for (value, number) in [
        (json!("oops"), 17),
        (json!("Panic"), 22),
        (json!(42), 5),
        (json!("404"), 17),
        (json!(204), 9),
        (json!(950), 17),
        (json!(1001), 0),
        (json!("ärger"), 13),
        (json!("warn"), 13),
    ] {
        assert_eq!(severity(mapping.clone(), value.clone()).0, number, "{value}");
    }
}

#[test]
fn records_know_their_trace() {
    let line =
        r#"{"trace_id":"480140f3d770a5ae32f0a22b6a812cff","span_id":"92c3792d54ba94f3","trace_flags":"01"}"#;
    let record = run(json!([{"type": "json_parser", "parse_to": "body", "trace": {}}]), line);
    assert_eq!(record["trace_id"], "480140f3d770a5ae32f0a22b6a812cff");
    assert_eq!((&record["span_id"], &record["flags"]), (&json!("92c3792d54ba94f3"), &json!(1)));
    let trace = json!({"trace_id": {"parse_from": "attributes.t"}});
    let operators = json!([{"type": "json_parser", "trace": trace}]);
    assert_eq!(
        run(operators.clone(), r#"{"t":"480140F3D770A5AE32F0A22B6A812CFF"}"#)["trace_id"],
        "480140f3d770a5ae32f0a22b6a812cff"
    );
    for wrong in [r#"{"t":"48"}"#, r#"{"t":"x80140f3d770a5ae32f0a22b6a812cff"}"#, r#"{"t":1}"#] {
        assert_eq!(run(operators.clone(), wrong)["trace_id"], Json::Null);
    }
}

#[test]
fn operators_run_where_their_condition_holds() {
    let operators = json!([
        {"type": "json_parser", "if": "body startsWith '{'", "id": "json", "output": ["next"]},
        {"type": "add", "field": "attributes.text", "value": true, "if": "not (body matches '^[{]')", "id": "next"},
    ]);
    assert_eq!(run(operators.clone(), "{\"a\":\"b\"}")["attributes"], json!({"a": "b"}));
    assert_eq!(run(operators, "plain")["attributes"], json!({"text": true}));
}
