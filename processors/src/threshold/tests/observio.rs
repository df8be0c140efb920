//! The samples of the agent-event platform: `cpu_load` warns from 80 and is critical from 90.

use super::*;
use std::collections::BTreeMap;
use tidewatch_component::{AlertKind, timestamp};

/// The events as gauge points, enriched from the inventory as `enrich` does it: the event's own tags win.
fn requests() -> Vec<Request> {
    let inventory: Json = serde_json::from_str(&data("observio/cmdb.json")).unwrap();
    data("observio/raw_events.jsonl")
        .lines()
        .map(|line| request(&serde_json::from_str(line).unwrap(), &inventory))
        .collect()
}

fn request(event: &Json, inventory: &Json) -> Request {
    let text = |key: &str| event[key].as_str();
    let host = text("host").or(text("source_id")).unwrap_or("unknown");
    let known = inventory[host].as_object().into_iter().flatten();
    let own = event["tags"].as_object().into_iter().flatten();
    let tags: BTreeMap<&str, &str> =
        known.chain(own).filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect();
    let tags: Vec<_> = tags.into_iter().collect();
    let value = event["value"].as_f64().or_else(|| text("value")?.parse().ok()).unwrap_or(0.0);
    let time = text("ts_event").map_or_else(timestamp::now, |time| timestamp::from_rfc3339(time).unwrap());
    let point = NumberDataPoint {
        attributes: attributes(&tags),
        time_unix_nano: time,
        value: Some(Value::AsDouble(value)),
        ..NumberDataPoint::default()
    };
    let resource =
        [("tenant.id", text("tenant_id").or(text("tenant")).unwrap_or("default")), ("host.name", host)];
    let gauge = Data::Gauge(Gauge { data_points: vec![point] });
    metrics(&resource, vec![metric(text("metric").unwrap_or("unknown"), gauge)])
}

fn rules(mode: &str) -> Json {
    let rule = |metric: &str, warning: &str, critical: &str| {
        json!({
            "alert": format!("{metric}_threshold"),
            "metric": metric,
            "mode": mode,
            "by": ["tenant.id", "host.name"],
            "levels": {"warning": warning, "critical": critical},
            "annotations": {"summary": "{{ metric }}={{ value }} exceeds {{ severity }} threshold"},
        })
    };
    json!([rule("cpu_load", ">= 80", ">= 90")])
}

/// The alert as that platform records it.
fn record(alert: &Alert) -> Json {
    let mut tags = alert.labels.clone();
    let tenant = tags.remove("tenant.id");
    let source = tags.remove("host.name");
    json!({
        "ts": timestamp::to_rfc3339(alert.starts_at),
        "tenant": tenant,
        "source_id": source,
        "metric": alert.metric,
        "severity": alert.severity,
        "rule": alert.name,
        "value": alert.value,
        "message": alert.summary,
        "tags": tags,
    })
}

#[test]
fn one_alert_per_event_over_the_limit() {
    let bench = Bench::new(rules("event"));
    let alerts: Vec<_> = requests().iter().flat_map(|request| bench.take(0.0, request)).collect();
    assert!(alerts.iter().all(|alert| alert.kind == AlertKind::Event && alert.ends_at.is_none()));
    let expected: Vec<Json> = data("observio/expected_alerts.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(expected.len(), 5);
    assert_eq!(alerts.iter().map(record).collect::<Vec<_>>(), expected);
}

#[test]
fn alerts_that_last_fire_once_and_resolve() {
    let bench = Bench::new(rules("state"));
    let alerts: Vec<_> = requests().iter().flat_map(|request| bench.take(0.0, request)).collect();
    let told: Vec<_> = alerts
        .iter()
        .map(|alert| (alert.labels["host.name"].as_str(), alert.status, alert.summary.as_str()))
        .collect();
    let (firing, resolved) = (AlertStatus::Firing, AlertStatus::Resolved);
    assert_eq!(
        told,
        [
            ("host-a", firing, "cpu_load=92.0 exceeds critical threshold"),
            ("host-a", resolved, "cpu_load=92.0 exceeds critical threshold"),
            ("host-a", firing, "cpu_load=80.0 exceeds warning threshold"),
            ("host-a", firing, "cpu_load=90.0 exceeds critical threshold"),
            ("host-b", firing, "cpu_load=85.5 exceeds warning threshold"),
            ("host-z", firing, "cpu_load=89.999 exceeds warning threshold"),
        ]
    );
    let [worse, worst] = [&alerts[2], &alerts[3]];
    assert_eq!((&worse.fingerprint, worse.starts_at), (&worst.fingerprint, worst.starts_at));
    assert_eq!((worst.upper, worst.lower, worst.score), (Some(90.0), None, Some(1.0)));
}

#[test]
fn a_limit_is_one_line_of_configuration() {
    let mut rules = rules("event");
    let mut memory = rules[0].clone();
    memory["alert"] = json!("mem_used_threshold");
    memory["metric"] = json!("mem_used");
    memory["levels"] = json!({"warning": ">= 90", "critical": ">= 95"});
    rules.as_array_mut().unwrap().push(memory);
    let bench = Bench::new(rules);
    let alerts: Vec<_> = requests().iter().flat_map(|request| bench.take(0.0, request)).collect();
    assert_eq!(alerts.len(), 6);
    let memory = alerts.iter().find(|alert| alert.name == "mem_used_threshold").unwrap();
    assert_eq!(memory.severity, "critical");
    assert_eq!(memory.summary, "mem_used=99.0 exceeds critical threshold");
}
