//! Prometheus Alertmanager's webhook, version 4.

use super::{super::grouping::group_key, Message};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tidewatch_component::{Alert, timestamp};

/// The end of an alert that has none: Go's zero time.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

#[derive(Serialize)]
struct Entry {
    status: tidewatch_component::AlertStatus,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt")]
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'static str,
    fingerprint: String,
}

pub(super) fn payload(message: &Message<'_>) -> Value {
    let entries: Vec<Entry> = message.alerts.iter().map(entry).collect();
    json!({
        "version": "4",
        "groupKey": group_key(message.group_labels),
        "truncatedAlerts": 0,
        "status": message.status(),
        "receiver": message.receiver,
        "groupLabels": message.group_labels,
        "commonLabels": common(entries.iter().map(|entry| &entry.labels)),
        "commonAnnotations": common(entries.iter().map(|entry| &entry.annotations)),
        "externalURL": "",
        "alerts": entries,
    })
}

fn entry(alert: &Alert) -> Entry {
    let mut labels = alert.labels.clone();
    labels.insert("alertname".into(), alert.name.clone());
    labels.insert("severity".into(), alert.severity.clone());
    let mut annotations = alert.annotations.clone();
    if !alert.summary.is_empty() {
        annotations.entry("summary".into()).or_insert_with(|| alert.summary.clone());
    }
    Entry {
        status: alert.status,
        labels,
        annotations,
        starts_at: timestamp::to_rfc3339(alert.starts_at),
        ends_at: alert.ends_at.map_or_else(|| NO_TIME.into(), timestamp::to_rfc3339),
        generator_url: "",
        fingerprint: alert.fingerprint.clone(),
    }
}

/// What all have in common.
fn common<'a>(mut all: impl Iterator<Item = &'a BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let mut common = all.next().cloned().unwrap_or_default();
    for other in all {
        common.retain(|key, value| other.get(key) == Some(value));
    }
    common
}

#[cfg(test)]
mod tests {
    use super::super::{
        Body,
        tests::{alert, rendered, resolved},
    };
    use serde_json::json;

    #[test]
    fn a_group_looks_as_if_alertmanager_had_sent_it() {
        let labels = |host| json!({"alertname": "CpuLoadHigh", "severity": "critical", "host.name": host, "team": "core"});
        let annotations =
            |host| json!({"runbook": "https://wiki/cpu", "summary": format!("cpu_load of {host} is high")});
        assert_eq!(
            rendered(&Body::Alertmanager, true, &[alert("a"), resolved(alert("b"))]),
            json!({
                "version": "4",
                "groupKey": "{}:{alertname=\"CpuLoadHigh\"}",
                "truncatedAlerts": 0,
                "status": "firing",
                "receiver": "webhook/ops",
                "groupLabels": {"alertname": "CpuLoadHigh"},
                "commonLabels": {"alertname": "CpuLoadHigh", "severity": "critical", "team": "core"},
                "commonAnnotations": {"runbook": "https://wiki/cpu"},
                "externalURL": "",
                "alerts": [
                    {"status": "firing", "labels": labels("a"), "annotations": annotations("a"),
                     "startsAt": "2026-01-05T10:03:00Z", "endsAt": "0001-01-01T00:00:00Z",
                     "generatorURL": "", "fingerprint": "fp-a"},
                    {"status": "resolved", "labels": labels("b"), "annotations": annotations("b"),
                     "startsAt": "2026-01-05T10:03:00Z", "endsAt": "2026-01-05T10:04:00Z",
                     "generatorURL": "", "fingerprint": "fp-b"},
                ],
            })
        );
        assert_eq!(rendered(&Body::Alertmanager, true, &[resolved(alert("b"))])["status"], "resolved");
    }
}
