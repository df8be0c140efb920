//! Execution logs to standardised records, metrics and alerts, by `configs/api-logs.yaml` alone.

mod common;
mod systems;

use common::{get, post};
use serde_json::{Value, json};
use systems::{Place, data, expected};

const CONFIG: &str = "configs/api-logs.yaml";

/// Where the agent takes records over HTTP.
fn address(agent: &common::Agent) -> String {
    let line = agent.line(|line| line["message"] == "listening" && line["receiver"] == "http_json");
    line["address"].as_str().expect("an address").to_owned()
}

/// Whether both are the same, numbers to a millionth.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            (left - right).abs() <= 1e-6 * right.abs().max(1.0)
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        _ => left == right,
    }
}

#[track_caller]
fn assert_same(found: &[Value], expected: &[Value]) {
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(same(found, expected), "{found:#}\nis not\n{expected:#}");
    }
}

/// S1-01, S1-08 to S1-17, S1-19: the sample, all of it.
#[test]
fn logs_become_standardised_records_and_metrics() {
    let place = Place::new(CONFIG, &data("apilogs/logs_sample.jsonl"));
    let agent = place.start(&[]);
    assert_same(&place.lines("standardized.jsonl", 15), &expected("apilogs/expected_standardized.jsonl"));
    assert_same(&place.lines("processed.jsonl", 15), &expected("apilogs/expected_processed.jsonl"));
    // S1-07: the wrapper for topics.
    let messages = place.lines("messages.jsonl", 15);
    let wrapped: Vec<Value> = messages.iter().map(|message| message["data"].clone()).collect();
    assert_same(&wrapped, &expected("apilogs/expected_standardized.jsonl"));
    for message in messages {
        assert_eq!(message["version"], "1.0.0");
        assert_eq!(message["source"], "log-standardization-service");
        assert_eq!(message["original_source"], "log-ingestion-service");
        assert!(message["timestamp"].as_str().is_some_and(|time| time.starts_with("20")));
    }
    place.stop(agent);
    assert_eq!(place.now("dead.jsonl"), Vec::<Value>::new());
}

/// S1-16 to S1-18: seven alerts, three of them high.
#[test]
fn anomalies_make_alerts() {
    let place = Place::new(CONFIG, &data("apilogs/logs_sample.jsonl"));
    let agent = place.start(&[]);
    place.lines("processed.jsonl", 15);
    place.stop(agent);
    let mut alerts = place.now("alerts.jsonl");
    for alert in &mut alerts {
        assert!(alert["timestamp"].as_str().is_some_and(|time| time.starts_with("20")));
        alert["timestamp"] = "<now>".into();
    }
    assert_same(&alerts, &expected("apilogs/expected_alerts.jsonl"));
    assert_eq!(alerts.iter().filter(|alert| alert["severity"] == "high").count(), 3);
}

/// S1-01, S1-05: what is not valid is kept with its reason.
#[test]
fn what_is_not_valid_is_kept_with_the_reason() {
    let place = Place::new(CONFIG, &data("apilogs/logs_bad.jsonl"));
    let agent = place.start(&[]);
    let dead = place.lines("dead.jsonl", 4);
    let reason = |letter: &Value| {
        let attributes = &letter["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"];
        let mut attributes = attributes.as_array().into_iter().flatten();
        let reason = attributes.find(|attribute| attribute["key"] == "dead_letter.reason");
        reason.expect("a reason")["value"]["stringValue"].as_str().expect("a text").to_owned()
    };
    let reasons: Vec<String> = dead.iter().map(reason).collect();
    assert!(reasons[0].contains("Etat") && reasons[0].contains("missing"), "{reasons:?}");
    assert!(reasons[1].contains("Etat") && reasons[1].contains("SUCCESS"), "{reasons:?}");
    assert!(reasons[2].contains("Duree secondes") && reasons[2].contains("number"), "{reasons:?}");
    assert!(reasons[3].contains("line 1"), "{reasons:?}");
    place.stop(agent);
    assert_eq!(place.now("standardized.jsonl"), Vec::<Value>::new());
}

/// S1-03, S1-04: over HTTP, with the line and the field at fault.
#[test]
fn records_and_files_come_over_http() {
    let place = Place::new(CONFIG, "");
    place.write("logs_sample.jsonl", &data("apilogs/logs_sample.jsonl"));
    place.write("logs_bad.jsonl", &data("apilogs/logs_bad.jsonl"));
    place.write("logs.jsonl", &data("apilogs/logs_sample.jsonl"));
    let agent = place.start(&[]);
    let address = address(&agent);
    let parse = |body: &str| serde_json::from_str::<Value>(body).expect("JSON");

    // The README's own record lacks `Parametres`, and is valid.
    let sample = data("apilogs/logs_sample.jsonl");
    let single = sample.lines().next().expect("a line");
    let (status, body) = post(&address, "/ingest/single", "", single);
    assert_eq!((status, &parse(&body)["status"]), (200, &json!("success")), "{body}");
    assert_same(&place.lines("standardized.jsonl", 1), &expected("apilogs/expected_standardized.jsonl")[..1]);

    let bad = data("apilogs/logs_bad.jsonl");
    let (status, body) = post(&address, "/ingest/single", "", bad.lines().next().expect("a line"));
    assert_eq!(status, 422, "{body}");
    let fault = &parse(&body)["faults"][0];
    assert_eq!((&fault["line"], &fault["field"]), (&json!(1), &json!("Etat")), "{body}");

    let (status, body) = post(&address, "/ingest/file?file_path=logs_sample.jsonl", "", "");
    assert_eq!(status, 200, "{body}");
    assert_eq!(parse(&body)["results"], json!({"total": 15, "successful": 15, "failed": 0}));
    let (status, body) = post(&address, "/ingest/file?file_path=logs_bad.jsonl", "", "");
    assert_eq!((status, &parse(&body)["results"]["failed"]), (200, &json!(4)), "{body}");
    let lines: Vec<Value> = (0..4).map(|place| parse(&body)["faults"][place]["line"].clone()).collect();
    assert_eq!(lines, [1, 2, 3, 4]);
    let (status, body) = get(&address, "/ingest/trigger");
    assert_eq!((status, &parse(&body)["status"]), (200, &json!("completed")), "{body}");
    for (path, expected) in [("missing.jsonl", 404), ("../etc/passwd", 403), ("/etc/passwd", 403)] {
        let (status, body) = post(&address, &format!("/ingest/file?file_path={path}"), "", "");
        assert_eq!(status, expected, "{path}: {body}");
    }
    place.stop(agent);
    assert_eq!(place.now("standardized.jsonl").len(), 1 + 15 + 15);
}

/// D7, D8: the score stays within its limits, and what could not be read is flagged.
#[test]
fn quirks_are_mended_and_flagged() {
    let quirk = data("apilogs/logs_quirk_efficiency_over_100.jsonl");
    let mut unreadable: Value = serde_json::from_str(quirk.lines().next().expect("a line")).expect("JSON");
    unreadable["Debut"] = "yesterday".into();
    unreadable["memory_used (bytes)"] = "abc".into();
    let place = Place::new(CONFIG, &format!("{}\n{unreadable}\n", quirk.trim_end()));
    let agent = place.start(&[]);
    let processed = place.lines("processed.jsonl", 2);
    assert_eq!(processed[0]["efficiency_score"], json!(100.0));
    assert_eq!(processed[0]["anomaly_reason"], "negative_memory_usage");
    let standardized = place.lines("standardized.jsonl", 2);
    assert_eq!(standardized[1]["memory_used_bytes"], 0);
    assert!(standardized[1]["start_time"].as_str().is_some_and(|time| time.starts_with("20")), "now");
    let (_, metrics) = get(&agent.metrics(), "/metrics");
    for field in ["start_time", "memory_used_bytes"] {
        let counted = metrics.lines().any(|line| {
            line.starts_with("tidewatch_normalize_replaced_values")
                && line.contains(&format!("\"{field}\""))
                && line.ends_with(" 1")
        });
        assert!(counted, "{field}: {metrics}");
    }
    place.stop(agent);
}

/// S1-33: each line of the agent's own log is JSON.
#[test]
fn its_own_log_is_structured() {
    let place = Place::new(CONFIG, "");
    let agent = place.start(&[]);
    for line in &agent.lines {
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
        assert_eq!(line["service"], "tidewatch");
    }
    place.stop(agent);
}
