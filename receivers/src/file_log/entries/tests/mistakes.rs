use super::kit::build;
use serde_json::{Value as Json, json};
use tidewatch_telemetry::Metrics;

fn mistakes(config: Json) -> Vec<(String, String)> {
    let mistakes = build(config, &Metrics::default()).err().unwrap_or_default();
    assert!(
        mistakes.iter().all(|mistake| mistake.help.is_some() || mistake.at.is_some()),
        "with advice: {mistakes:?}"
    );
    mistakes.into_iter().map(|mistake| (mistake.path, mistake.message)).collect()
}

#[test]
fn all_mistakes_are_told_where_they_stand() {
    let config = json!({
        "encoding": "utf-9",
        "max_log_size": 0,
        "multiline": {"line_start_pattern": "(", "line_end_pattern": ""},
        "attributes": {"a": "EXPR(1)"},
        "header": {"pattern": "[", "metadata_operators": []},
        "operators": [
            {"type": "json_parser", "parse_from": "log", "parse_to": "body.", "if": "body = 1", "output": ["b"],
                "timestamp": {"parse_from": "attributes", "layout": "%Q"},
                "severity": {"parse_from": "body.x", "preset": "mine", "mapping": {}}},
            {"type": "regex_parser", "regex": "x", "id": "a",
                "timestamp": {"parse_from": "attributes.t", "layout": "m", "layout_type": "epoch"},
                "severity": {"parse_from": "body.x", "mapping": {"catastrophe": 1, "info": true}}},
            {"type": "regex_parser", "regex": "(?P<a>", "id": "a",
                "timestamp": {"parse_from": "attributes.t", "layout": "%Y", "location": "Mars"}},
            {"type": "add", "field": "attributes", "value": "x"},
            {"type": "add", "field": "attributes.x", "value": "EXPR(env('A'))"},
            {"type": "move", "from": "resource", "to": "a"},
            {"type": "container"},
            {"type": "container", "max_log_size": 0},
        ],
    });
    let paths: Vec<_> = mistakes(config).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "encoding",
            "max_log_size",
            "multiline.line_start_pattern",
            "operators[0].output",
            "operators[0].if",
            "operators[0].parse_from",
            "operators[0].parse_to",
            "operators[0].timestamp.parse_from",
            "operators[0].timestamp.layout",
            "operators[0].severity.preset",
            "operators[1].timestamp.layout",
            "operators[1].severity.mapping.catastrophe",
            "operators[1].severity.mapping.info",
            "operators[1].regex",
            "operators[2].id",
            "operators[2].timestamp.location",
            "operators[2].regex",
            "operators[3].field",
            "operators[4].value",
            "operators[5].from",
            "operators[5].to",
            "operators[7]",
            "operators[7].max_log_size",
            "header.metadata_operators",
            "header.pattern",
            "attributes.a",
        ]
    );
}

#[test]
fn what_excludes_each_other_is_told() {
    let both = json!({"multiline": {"line_start_pattern": "a", "line_end_pattern": "b"}});
    assert_eq!(mistakes(both)[0].0, "multiline.line_end_pattern");
    let nop = json!({"encoding": "nop", "multiline": {"line_start_pattern": "a"},
        "header": {"pattern": "a", "metadata_operators": [{"type": "json_parser"}]}});
    let paths: Vec<_> = mistakes(nop).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["multiline.line_start_pattern", "header"]);
    let body = json!({"operators": [{"type": "json_parser", "parse_to": "body", "body": "body.x"}]});
    assert_eq!(mistakes(body)[0].0, "operators[0].body");
    let header = json!({"header": {"pattern": "a", "metadata_operators": [{"type": "container"}]}});
    assert_eq!(mistakes(header)[0].0, "header.metadata_operators");
}

#[test]
fn a_message_says_what_is_wrong() {
    let message = |operator: Json| mistakes(json!({"operators": [operator]})).remove(0).1;
    assert_eq!(
        message(json!({"type": "json_parser", "parse_from": "log.level"})),
        "a field begins with `body`, `attributes` or `resource`, not with `log`"
    );
    assert_eq!(
        message(json!({"type": "add", "field": "attributes", "value": 1})),
        "`attributes` is all of them"
    );
    assert_eq!(
        message(json!({"type": "json_parser", "if": "len(body) > 3"})),
        "`len` is not supported here: compare `body`, `attributes` and `resource`"
    );
    assert_eq!(message(json!({"type": "regex_parser", "regex": "^.*$"})), "the expression names no groups");
}
