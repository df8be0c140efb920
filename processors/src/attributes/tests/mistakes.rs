//! What is said about properties that make no sense, and where.

use super::*;

/// Path and message of each mistake in `include`, in this pipeline.
fn mistakes(pipeline: &str, include: Json) -> Vec<(String, String)> {
    let mut config = json!({"actions": [{"key": "k", "action": "delete"}]});
    config["include"] = include;
    let mut context = context("attributes");
    pipeline.clone_into(&mut context.pipeline);
    let mistakes =
        Attributes::build(serde_json::from_value(config).unwrap(), &context).err().unwrap_or_default();
    mistakes.into_iter().map(|mistake| (mistake.path, mistake.message)).collect()
}

#[test]
fn every_mistake_stands_at_its_key() {
    for (pipeline, include, path, message) in [
        ("main", json!({"match_type": "strict"}), "include", "there is nothing to match"),
        ("logs", json!({"match_type": "strict", "span_names": []}), "include", "there is nothing to match"),
        (
            "main",
            json!({"match_type": "strict", "span_names": ["a"], "log_bodies": ["b"]}),
            "include.log_bodies",
            "nothing has both `log_bodies` and `span_names`",
        ),
        (
            "main",
            json!({"match_type": "strict", "metric_names": ["a"], "attributes": [{"key": "b"}]}),
            "include.attributes",
            "nothing has both `attributes` and `metric_names`",
        ),
        (
            "logs/2",
            json!({"match_type": "strict", "services": ["a"]}),
            "include.services",
            "logs are not matched by `services`",
        ),
        (
            "traces",
            json!({"match_type": "strict", "log_severity_number": {}}),
            "include.log_severity_number",
            "traces are not matched by `log_severity_number`",
        ),
        (
            "metrics",
            json!({"match_type": "strict", "metric_names": ["a"], "libraries": [{"name": "b"}]}),
            "include.libraries",
            "metrics are not matched by `libraries`",
        ),
        (
            "traces",
            json!({"match_type": "strict", "span_kinds": ["SPAN_KIND_SERVER", "server"]}),
            "include.span_kinds[1]",
            "`server` is not a kind of span",
        ),
        (
            "main",
            json!({"match_type": "regexp", "services": ["a", "("]}),
            "include.services[1]",
            "this is not a regular expression: unclosed group",
        ),
        (
            "main",
            json!({"match_type": "regexp", "libraries": [{"name": "a", "version": "("}]}),
            "include.libraries[0].version",
            "this is not a regular expression: unclosed group",
        ),
        (
            "main",
            json!({"match_type": "regexp", "resources": [{"key": "a", "value": 1}]}),
            "include.resources[0].value",
            "a regular expression is a text",
        ),
        (
            "main",
            json!({"match_type": "strict", "attributes": [{"key": ""}]}),
            "include.attributes[0].key",
            "the attribute's name is missing",
        ),
    ] {
        assert_eq!(mistakes(pipeline, include.clone()), [(path.to_owned(), message.to_owned())], "{include}");
    }
    assert_eq!(mistakes("metrics", json!({"match_type": "strict", "metric_names": ["a"]})), []);
    assert_eq!(mistakes("main", json!({"match_type": "strict", "services": ["a"]})), []);
}

#[test]
fn mistakes_of_all_parts_are_told_at_once() {
    let config = json!({
        "include": {"match_type": "strict"},
        "exclude": {"match_type": "regexp", "span_names": ["("]},
        "actions": [{"action": "delete"}],
    });
    let mistakes =
        Attributes::build(serde_json::from_value(config).unwrap(), &context("attributes")).err().unwrap();
    let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(paths, ["include", "exclude.span_names[0]", "actions[0]"]);
}
