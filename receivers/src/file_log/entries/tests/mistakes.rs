use super::kit::build;
use crate::file_log::FileLog;
use serde_json::{Value as Json, json};
use tidewatch_component::{BuildContext, Registry};
use tidewatch_config::{ComponentType, Kind, SignalSet, Source, load};
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

/// What is said about operators in a file.
fn said(operators: &str) -> String {
    let yaml = format!(
        "receivers:\n  file_log:\n    include: [/a]\n    operators: [{operators}]\nexporters: {{debug: }}\nservice: {{pipelines: {{logs: {{receivers: [file_log], exporters: [debug]}}}}}}\n"
    );
    let registry = Registry::new().receiver::<FileLog>();
    let mut catalog = registry.catalog().clone();
    let debug = ComponentType {
        kind: Kind::Exporter,
        name: "debug",
        aliases: &[],
        schema: json!({"type": "object"}),
        signals: SignalSet::ALL,
        deprecated_note: None,
    };
    catalog.components.push(debug);
    let loaded = load(&[Source::Yaml(yaml)], &[], &catalog, &|_| None);
    let mut said = loaded.diagnostics.render(false);
    if let Some((_, component)) = loaded.config.as_ref().and_then(|config| config.receivers.first()) {
        let build = registry.receiver_builder("file_log").unwrap();
        let context = BuildContext::new(component.id.clone(), &Metrics::default());
        if let Err(diagnostics) = build(component, &context) {
            said += &diagnostics.render(false);
        }
    }
    said
}

#[test]
fn mistakes_are_shown_in_the_file() {
    for (operator, says) in [
        ("{type: recombine}", "the Collector's `recombine` is not supported here"),
        ("{type: recombine, combine_field: body}", "= help: `multiline` joins lines"),
        (
            "{type: time_parser, parse_from: body.t}",
            "= help: write `timestamp: {parse_from: ..., layout: ...}` in the parser",
        ),
        ("{type: json_parse}", "did you mean `json_parser`?"),
        ("{type: json_parser, parse_form: body}", "unknown key `parse_form`"),
        ("{type: json_parser, on_error: explode}", "explode"),
        ("{type: container, parse_from: body.x}", "the Collector's key `parse_from` is not supported here"),
        ("{type: regex_parser, regex: '(?P<a>x)', cache: {size: 10}}", "`cache` has no effect"),
        ("{type: regex_parser}", "the key `regex` is missing"),
        ("{type: add, field: attributes.a, value: 'EXPR(1)'}", "expressions are not supported here"),
        ("{type: json_parser, timestamp: {parse_from: body.t, layout: '%Y-%Q'}}", "there is no `%Q`"),
    ] {
        let said = said(operator);
        assert!(said.contains(says), "{operator}: {said}");
        assert!(said.contains("yaml:4"), "at its line: {said}");
    }
}

#[test]
fn what_is_right_is_not_talked_about() {
    for operators in [
        "{type: json_parser, parse_ints: true, severity: {parse_from: attributes.level, mapping: {error: [5xx, {min: 1, max: 2}], info: 3}}}",
        "{type: json_parser, id: a, output: b}, {type: add, id: b, field: body.x, value: {a: [1]}}",
        "{type: container, format: docker, max_log_size: 2MiB, on_error: drop_quiet, if: 'body contains \"x\"'}",
        "{type: regex_parser, regex: '^(?P<t>\\S+)', timestamp: {parse_from: attributes.t, layout: s.ms, layout_type: epoch}, trace: , scope_name: {parse_from: attributes.t}}",
        "{type: move, from: body.a, to: attributes.b}, {type: copy, from: body, to: attributes.c}, {type: remove, field: attributes}",
    ] {
        assert_eq!(said(operators), "", "{operators}");
    }
}
