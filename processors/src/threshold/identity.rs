//! When a rule is still the rule that it was before a restart.

use super::config::RuleConfig;
use serde_json::json;
use std::collections::BTreeMap;
use tidewatch_component::fingerprint;

/// A number of all keys that say what is judged and how, and which alert it makes; texts for people and
/// `stale_after` may change. Stored: a key that is new joins only where it is set.
pub(super) fn of(config: &RuleConfig) -> u64 {
    let judged =
        json!([config.metric, config.signal, config.value, config.where_, config.statistic, config.by]);
    let limits = json!([config.levels, config.severity, config.absent_for, config.change, config.mode]);
    let timing = json!([config.for_, config.keep_firing_for]);
    let labels = json!(config.labels);
    let keys = [("judged", judged), ("limits", limits), ("timing", timing), ("labels", labels)];
    let keys: BTreeMap<String, String> =
        keys.into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
    // Sixteen hex digits.
    u64::from_str_radix(&fingerprint(&config.alert, &keys), 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn identity(changes: &Value) -> u64 {
        let mut rule =
            json!({"alert": "A", "metric": "m", "levels": {"low": "> 1", "high": "> 2"}, "for": "1m"});
        for (key, value) in changes.as_object().unwrap() {
            rule[key] = value.clone();
        }
        of(&serde_json::from_value(rule).unwrap())
    }

    #[test]
    fn what_is_judged_makes_another_rule_and_what_is_said_does_not() {
        let before = identity(&json!({}));
        assert_eq!(before, identity(&json!({"annotations": {"summary": "x"}, "stale_after": "1h"})));
        for change in [
            json!({"alert": "B"}),
            json!({"metric": "n"}),
            json!({"where": "true"}),
            json!({"by": ["host.name"]}),
            json!({"levels": {"high": "> 2", "low": "> 1"}}),
            json!({"levels": {"low": "> 1", "high": "> 3"}}),
            json!({"for": "2m"}),
            json!({"labels": {"team": "core"}}),
            json!({"change": {"over": "10m"}}),
        ] {
            assert_ne!(before, identity(&change), "{change}");
        }
    }

    /// State is found again by it: this number never changes.
    #[test]
    fn it_is_the_same_in_every_version() {
        assert_eq!(format!("{:016x}", identity(&json!({}))), "d0cfe3b2f82b69aa");
    }
}
