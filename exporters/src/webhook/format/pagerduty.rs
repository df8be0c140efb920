//! An event of `PagerDuty`, Events API v2.

use super::summary;
use serde_json::{Value, json};
use tidewatch_component::{Alert, AlertStatus, timestamp};
use tidewatch_config::values::Secret;

/// No longer summary is taken.
const MAX_SUMMARY: usize = 1024;

/// Labels that say where an alert comes from, best first.
const SOURCES: [&str; 5] = ["host.name", "instance", "service.instance.id", "service.name", "host"];

pub(super) fn payload(alert: &Alert, routing_key: &Secret) -> Value {
    let action = match alert.status {
        AlertStatus::Firing => "trigger",
        AlertStatus::Resolved => "resolve",
    };
    let source = SOURCES.iter().find_map(|label| alert.labels.get(*label));
    json!({
        "routing_key": routing_key.expose(),
        "event_action": action,
        "dedup_key": alert.fingerprint,
        "client": "Tidewatch",
        "payload": {
            "summary": summary(alert).chars().take(MAX_SUMMARY).collect::<String>(),
            "source": source.map_or("tidewatch", String::as_str),
            "severity": severity(&alert.severity),
            "timestamp": timestamp::to_rfc3339(alert.ends_at.unwrap_or(alert.starts_at)),
            "class": alert.name,
            "custom_details": alert,
        },
    })
}

fn severity(severity: &str) -> &'static str {
    match severity.to_ascii_lowercase().as_str() {
        "critical" | "page" | "fatal" | "emergency" => "critical",
        "error" | "high" | "major" => "error",
        "info" | "low" | "none" => "info",
        _ => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Body,
        tests::{alert, rendered, resolved},
    };
    use serde_json::json;
    use tidewatch_component::Alert;

    #[test]
    fn an_alert_triggers_and_resolves_the_same_incident() {
        let body = Body::PagerDuty { routing_key: "R123".into() };
        let event = rendered(&body, false, &[alert("a")]);
        assert_eq!(
            event,
            json!({
                "routing_key": "R123",
                "event_action": "trigger",
                "dedup_key": "fp-a",
                "client": "Tidewatch",
                "payload": {
                    "summary": "cpu_load of a is high",
                    "source": "a",
                    "severity": "critical",
                    "timestamp": "2026-01-05T10:03:00Z",
                    "class": "CpuLoadHigh",
                    "custom_details": alert("a"),
                },
            })
        );
        let end = rendered(&body, false, &[resolved(alert("a"))]);
        assert_eq!((&end["event_action"], &end["dedup_key"]), (&json!("resolve"), &json!("fp-a")));
    }

    #[test]
    fn other_severities_become_the_four_that_are_known() {
        let body = Body::PagerDuty { routing_key: "R123".into() };
        for (ours, theirs) in
            [("page", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info")]
        {
            let alert = Alert { severity: ours.into(), summary: "x".repeat(2000), ..alert("a") };
            let event = rendered(&body, false, &[alert]);
            assert_eq!(event["payload"]["severity"], theirs);
            assert_eq!(event["payload"]["summary"].as_str().map(str::len), Some(1024));
        }
    }
}
