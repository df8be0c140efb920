//! What is said about rules that make no sense, and where.

use super::*;

/// Path and message of each mistake in a rule `{alert: A, metric: m, levels: {warning: '> 1'}}` with `changes`;
/// null takes a key away.
fn mistakes(changes: Json) -> Vec<(String, String)> {
    let mut rule = json!({"alert": "A", "metric": "m", "levels": {"warning": "> 1"}});
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Json::Null => drop(rule.as_object_mut().unwrap().remove(key)),
            other => rule[key] = other.clone(),
        }
    }
    told(json!({"rules": [rule]}))
}

fn told(config: Json) -> Vec<(String, String)> {
    let config: ThresholdConfig = serde_json::from_value(config).unwrap();
    let mistakes = compile::rules(config).err().unwrap_or_default();
    mistakes.into_iter().map(|mistake| (mistake.path, mistake.message)).collect()
}

#[test]
fn every_mistake_stands_at_its_key() {
    assert_eq!(mistakes(json!({})), []);
    for (changes, path, message) in [
        (json!({"alert": ""}), "alert", "an alert needs a name"),
        (json!({"metric": null}), "", "a rule needs something to judge"),
        (json!({"signal": "logs", "value": "1"}), "signal", "a rule judges a metric or a signal, not both"),
        (json!({"where": "attribute == 1"}), "where", "unknown path `attribute`"),
        (json!({"where": "1 +"}), "where", "a value is missing before the end"),
        (json!({"statistic": "median"}), "statistic", "`median` is not a statistic"),
        (json!({"statistic": "p101"}), "statistic", "`p101` is not a percentile: there are p0 to p100"),
        (json!({"statistic": "p-1"}), "statistic", "`p-1` is not a percentile: there are p0 to p100"),
        (json!({"levels": {}}), "levels", "a rule needs `levels`, or `absent_for`"),
        (json!({"levels": {"warning": "=> 80"}}), "levels.warning", "`=>` is not a comparison"),
        (json!({"levels": {"warning": ">= much"}}), "levels.warning", "`much` is not a number"),
        (json!({"levels": {"warning": "> NaN"}}), "levels.warning", "`NaN` is not a number"),
        (json!({"levels": {"warning": "> 1e400"}}), "levels.warning", "`1e400` is not a finite number"),
        (
            json!({"levels": {"warning": "80"}}),
            "levels.warning",
            "`80` does not say what to do with the number",
        ),
        (json!({"levels": {"warning": "valeu_int > 1"}}), "levels.warning", "unknown path `valeu_int`"),
        (json!({"absent_for": "5m"}), "levels", "a series that is absent has no level"),
        (
            json!({"absent_for": "0s", "levels": null}),
            "absent_for",
            "every series is silent between two points",
        ),
        (
            json!({"absent_for": "5m", "levels": null, "statistic": "avg"}),
            "statistic",
            "a series that is absent has no number",
        ),
        (
            json!({"absent_for": "5m", "levels": null, "for": "5m"}),
            "absent_for",
            "`absent_for` says how long; `for` and `keep_firing_for` say nothing here",
        ),
        (
            json!({"absent_for": "5m", "levels": null, "change": {"over": "1m"}}),
            "change",
            "of a silent series nothing changes",
        ),
        (json!({"change": {}}), "change", "a change needs the time it takes"),
        (json!({"change": {"over": "0s"}}), "change.over", "nothing changes in no time"),
        (
            json!({"severity": "page", "levels": {"a": "> 1", "b": "> 2"}}),
            "severity",
            "the names of the levels are the severities",
        ),
        (json!({"mode": "event", "for": "1m"}), "for", "with `mode: event` there is one alert per record"),
        (json!({"by": ["a", "b", "a"]}), "by[2]", "`a` is named twice"),
        (json!({"value": "1"}), "value", "`value` is for log records and spans"),
        (json!({"metric": null, "signal": "logs"}), "", "a comparison needs a `value`"),
        (
            json!({"metric": null, "signal": "logs", "value": "1", "statistic": "avg"}),
            "statistic",
            "`statistic` is for metrics",
        ),
        (
            json!({"metric": null, "signal": "traces", "value": "severity_number"}),
            "value",
            "`severity_number` is a path of a log, not of a span",
        ),
        (
            json!({"annotations": {"summary": "{{ valeu }}"}}),
            "annotations.summary",
            "there is no `valeu` here",
        ),
    ] {
        let path = if path.is_empty() { "rules[0]".to_owned() } else { format!("rules[0].{path}") };
        assert_eq!(mistakes(changes.clone()), [(path, message.to_owned())], "{changes}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let rule = json!({"alert": "A", "metric": "m", "levels": {"warning": "> 1"}});
    let mut broken = rule.clone();
    broken["statistic"] = json!("x");
    let paths: Vec<_> =
        told(json!({"max_series": 0, "rules": [rule, broken]})).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["max_series", "rules[1].alert", "rules[1].statistic"]);
    assert_eq!(told(json!({}))[0].0, "rules");
}

#[test]
fn a_single_level_may_be_named_by_its_severity() {
    let bench =
        Bench::new(json!([{"alert": "A", "metric": "m", "levels": {"limit": "> 1"}, "severity": "page"}]));
    assert_eq!(brief(&bench.gauge(0, 2.0)), [(AlertStatus::Firing, "page", Some(2.0))]);
}
