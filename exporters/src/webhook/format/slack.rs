//! A message for a Slack incoming webhook: one line, and an attachment per alert.

use super::{Message, summary};
use serde_json::{Value, json};
use tidewatch_component::{Alert, AlertStatus};

/// Slack shows no more attachments.
const MAX_ATTACHMENTS: usize = 100;

pub(super) fn payload(message: &Message<'_>) -> Value {
    let attachments: Vec<Value> = message.alerts.iter().take(MAX_ATTACHMENTS).map(attachment).collect();
    json!({ "text": escape(&title(message)), "attachments": attachments })
}

/// `[FIRING:2] CpuLoadHigh`
fn title(message: &Message<'_>) -> String {
    let mut names: Vec<&str> = message.alerts.iter().map(|alert| alert.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let names = names.join(", ");
    match message.firing() {
        0 => format!("[RESOLVED] {names}"),
        firing => format!("[FIRING:{firing}] {names}"),
    }
}

fn attachment(alert: &Alert) -> Value {
    let mut fields = vec![json!({"title": "severity", "value": escape(&alert.severity), "short": true})];
    if let Some(value) = alert.value {
        let unit = alert.unit.as_deref().unwrap_or_default();
        let value = escape(format!("{value} {unit}").trim_end());
        fields.push(json!({"title": "value", "value": value, "short": true}));
    }
    for (name, value) in &alert.labels {
        fields.push(json!({"title": escape(name), "value": escape(value), "short": true}));
    }
    let text = escape(&summary(alert));
    json!({
        "color": colour(alert),
        "title": escape(&alert.name),
        "text": text,
        "fallback": text,
        "fields": fields,
        "ts": alert.ends_at.unwrap_or(alert.starts_at) / 1_000_000_000,
    })
}

fn colour(alert: &Alert) -> &'static str {
    if alert.status == AlertStatus::Resolved {
        return "good";
    }
    match alert.severity.to_ascii_lowercase().as_str() {
        "critical" | "page" | "fatal" | "emergency" | "error" | "high" | "major" => "danger",
        "info" | "low" | "none" => "#439FE0",
        _ => "warning",
    }
}

/// Slack's three special characters.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
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
    fn a_message_has_a_line_and_a_coloured_attachment_per_alert() {
        let low = Alert { severity: "info".into(), summary: "a < b & c".into(), ..alert("b") };
        let message = rendered(&Body::Slack, true, &[alert("a"), low, resolved(alert("c"))]);
        assert_eq!(message["text"], "[FIRING:2] CpuLoadHigh");
        assert_eq!(
            message["attachments"][0],
            json!({
                "color": "danger",
                "title": "CpuLoadHigh",
                "text": "cpu_load of a is high",
                "fallback": "cpu_load of a is high",
                "fields": [
                    {"title": "severity", "value": "critical", "short": true},
                    {"title": "value", "value": "92", "short": true},
                    {"title": "host.name", "value": "a", "short": true},
                    {"title": "team", "value": "core", "short": true},
                ],
                "ts": 1_767_607_380,
            })
        );
        assert_eq!(message["attachments"][1]["color"], "#439FE0");
        assert_eq!(message["attachments"][1]["text"], "a &lt; b &amp; c");
        assert_eq!(message["attachments"][2]["color"], "good");
        assert_eq!(rendered(&Body::Slack, false, &[resolved(alert("c"))])["text"], "[RESOLVED] CpuLoadHigh");
    }
}
