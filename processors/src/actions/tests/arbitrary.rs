//! Actions and attributes of any kind, with keys that meet.

use super::super::{ActionConfig, ActionKind, ConvertedType};
use serde_json::{Value as Json, json};
use tidewatch_otlp::{
    proto::common::v1::{AnyValue, KeyValue, any_value::Value},
    testing::Source,
};

const KEYS: [&str; 5] = ["k", "host", "service.name", "new", "event"];
const TEXTS: [&str; 5] = ["host", "host.name", "12", "-1.5e3", ""];
const PATTERNS: [&str; 4] = ["^h", "e", ".", "nothing"];
const EXTRACTS: [&str; 3] = [r"(?P<k>\w)(?P<new>\w*)", r"^(?<host>[a-z]+)(?:\.(?<event>.*))?$", r"(?<new>.)"];

/// Gives many attributes one of a few keys, so that actions find them, several of one key, too; and some a text that
/// can be extracted from or converted.
pub(crate) fn repeat_keys(attributes: &mut [KeyValue], source: &mut Source<'_>) {
    for attribute in attributes {
        if !source.one_in(3) {
            source.pick(&KEYS).clone_into(&mut attribute.key);
        }
        if source.one_in(3) {
            let text = source.pick(&TEXTS).to_owned();
            attribute.value = Some(AnyValue { value: Some(Value::StringValue(text)) });
        }
    }
}

/// Up to five actions.
pub(crate) fn arb_actions(source: &mut Source<'_>) -> Vec<ActionConfig> {
    let first = arb_action(source);
    let mut actions = source.several(4, arb_action);
    actions.push(first);
    actions
}

fn arb_action(source: &mut Source<'_>) -> ActionConfig {
    use ActionKind::{Convert, Delete, Extract, Hash, Insert, Update, Upsert};
    let action = source.pick(&[Insert, Update, Upsert, Delete, Hash, Extract, Convert]);
    let mut config = ActionConfig {
        key: source.pick(&KEYS).to_owned(),
        action,
        value: None,
        from_attribute: None,
        from_context: None,
        default_value: None,
        pattern: None,
        converted_type: None,
    };
    match action {
        Insert | Update | Upsert => {
            match source.below(4) {
                0 => config.value = Some(arb_json(source)),
                1 => {
                    let header = source.pick(&["metadata.x-tenant", "metadata.none"]);
                    config.from_context = Some(header.to_owned());
                }
                _ => config.from_attribute = Some(source.pick(&KEYS).to_owned()),
            }
            config.default_value = source.one_in(4).then(|| arb_json(source));
        }
        Delete | Hash => {
            config.pattern = source.one_in(2).then(|| source.pick(&PATTERNS).to_owned());
            if config.pattern.is_some() && source.one_in(2) {
                config.key.clear();
            }
        }
        Extract => config.pattern = Some(source.pick(&EXTRACTS).to_owned()),
        Convert => {
            let to = source.pick(&[ConvertedType::Int, ConvertedType::Double, ConvertedType::String]);
            config.converted_type = Some(to);
        }
    }
    config
}

fn arb_json(source: &mut Source<'_>) -> Json {
    match source.below(6) {
        0 => json!("text"),
        1 => json!(true),
        2 => json!(source.word() as i64),
        3 => json!("12"),
        4 => json!([1, {"a": null}]),
        _ => json!({"a": [1.5, ""]}),
    }
}
