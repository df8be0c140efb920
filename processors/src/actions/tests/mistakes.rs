use super::{super::Actions, actions};
use serde_json::{Value as Json, json};

/// Path and message of each mistake in an action.
fn mistakes(action: Json) -> Vec<(String, String)> {
    let mistakes = Actions::new("actions", actions(Json::Array(vec![action]))).err().unwrap_or_default();
    mistakes.into_iter().map(|mistake| (mistake.path, mistake.message)).collect()
}

#[test]
fn every_mistake_stands_at_its_key() {
    for (action, path, message) in [
        (json!({"action": "insert", "value": 1}), "actions[0]", "`insert` needs a `key`"),
        (json!({"action": "insert", "key": "k"}), "actions[0]", "`insert` needs a value"),
        (
            json!({"action": "update", "key": "k", "value": 1, "from_attribute": "a"}),
            "actions[0].from_attribute",
            "`value` and `from_attribute` exclude each other",
        ),
        (
            json!({"action": "upsert", "key": "k", "value": 1, "pattern": "a"}),
            "actions[0].pattern",
            "`upsert` does not use `pattern`",
        ),
        (
            json!({"action": "upsert", "key": "k", "from_attribute": ""}),
            "actions[0].from_attribute",
            "the attribute's name is missing",
        ),
        (
            json!({"action": "upsert", "key": "k", "from_context": "metadata."}),
            "actions[0].from_context",
            "the header's name is missing",
        ),
        (
            json!({"action": "upsert", "key": "k", "from_context": "client.address"}),
            "actions[0].from_context",
            "`client.address` is not known of a request: only its headers are",
        ),
        (json!({"action": "delete"}), "actions[0]", "`delete` needs a `key`, a `pattern` of keys, or both"),
        (
            json!({"action": "hash", "pattern": "("}),
            "actions[0].pattern",
            "this is not a regular expression: unclosed group",
        ),
        (
            json!({"action": "delete", "key": "k", "value": 1}),
            "actions[0].value",
            "`delete` does not use `value`",
        ),
        (
            json!({"action": "extract", "key": "k"}),
            "actions[0]",
            "`extract` needs a `pattern` with named groups",
        ),
        (
            json!({"action": "extract", "key": "k", "pattern": "a"}),
            "actions[0].pattern",
            "without named groups nothing is extracted",
        ),
        (
            json!({"action": "extract", "key": "k", "pattern": "(?<a>a)(b)"}),
            "actions[0].pattern",
            "a group has no name",
        ),
        (json!({"action": "convert", "key": "k"}), "actions[0]", "`convert` needs a `converted_type`"),
        (
            json!({"action": "hash", "key": "k", "converted_type": "int"}),
            "actions[0].converted_type",
            "`hash` does not use `converted_type`",
        ),
    ] {
        assert_eq!(mistakes(action.clone()), [(path.to_owned(), message.to_owned())], "{action}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let both = json!({"action": "convert", "pattern": "a", "value": 1, "key": "k"});
    let paths: Vec<_> = mistakes(both).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["actions[0]", "actions[0].value", "actions[0].pattern"]);
    let none = Actions::new("actions", Vec::new()).unwrap_err();
    assert_eq!((none[0].path.as_str(), none[0].message.as_str()), ("actions", "there is nothing to do"));
}
