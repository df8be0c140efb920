//! What a request's body looks like.

mod alertmanager;
mod pagerduty;
mod slack;

use crate::template::{self, Template};
use std::collections::BTreeMap;
use tidewatch_component::{Alert, AlertStatus};
use tidewatch_config::values::Secret;

pub(super) enum Body {
    Json,
    Alertmanager,
    Slack,
    PagerDuty { routing_key: Secret },
    Template(Box<Template>),
}

/// What one request tells.
pub(super) struct Message<'a> {
    /// Id of the exporter.
    pub(super) receiver: &'a str,
    pub(super) group_labels: &'a BTreeMap<String, String>,
    /// Whether it could be several alerts.
    pub(super) grouped: bool,
    /// At least one.
    pub(super) alerts: &'a [Alert],
}

/// What a template knows beside the fields of the first alert. `status` is there already, and of the group.
pub(super) const TEMPLATE_NAMES: [&str; 3] = ["alerts", "group_labels", "receiver"];

impl Body {
    /// Whether a group has to be told alert by alert.
    pub(super) fn holds_one_alert(&self) -> bool {
        matches!(self, Self::PagerDuty { .. })
    }

    /// The bytes of the body.
    ///
    /// # Errors
    /// What a template cannot do with these alerts.
    pub(super) fn render(&self, message: &Message<'_>) -> Result<Vec<u8>, String> {
        let first = message.alerts.first().ok_or("there is no alert to tell")?;
        match self {
            Self::Json if message.grouped => json(&message.alerts),
            Self::Json => json(first),
            Self::Alertmanager => json(&alertmanager::payload(message)),
            Self::Slack => json(&slack::payload(message)),
            Self::PagerDuty { routing_key } => json(&pagerduty::payload(first, routing_key)),
            Self::Template(template) => {
                let mut fields = template::fields(first);
                let value =
                    |value: Result<serde_json::Value, _>| value.map_err(|e: serde_json::Error| e.to_string());
                fields.insert("alerts".into(), value(serde_json::to_value(message.alerts))?);
                fields.insert("group_labels".into(), value(serde_json::to_value(message.group_labels))?);
                fields.insert("receiver".into(), message.receiver.into());
                fields.insert("status".into(), message.status().into());
                template.render_fields(fields).map(String::into_bytes)
            }
        }
    }
}

impl Message<'_> {
    /// A group fires as long as one of its alerts does.
    fn status(&self) -> &'static str {
        if self.firing() > 0 { "firing" } else { "resolved" }
    }

    fn firing(&self) -> usize {
        self.alerts.iter().filter(|alert| alert.status == AlertStatus::Firing).count()
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

/// What to say about an alert in one line.
fn summary(alert: &Alert) -> String {
    match (alert.summary.as_str(), alert.value) {
        ("", Some(value)) => format!("{}: {value}", alert.name),
        ("", None) => alert.name.clone(),
        (summary, _) => summary.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in super::super) fn alert(host: &str) -> Alert {
        let labels = [("host.name", host), ("team", "core")];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let mut alert = Alert::firing("CpuLoadHigh", "critical", labels, 1_767_607_380_000_000_000);
        alert.fingerprint = format!("fp-{host}");
        alert.value = Some(92.0);
        alert.summary = format!("cpu_load of {host} is high");
        alert.annotations = BTreeMap::from([("runbook".to_owned(), "https://wiki/cpu".to_owned())]);
        alert
    }

    pub(in super::super) fn resolved(alert: Alert) -> Alert {
        Alert { status: AlertStatus::Resolved, ends_at: Some(1_767_607_440_000_000_000), ..alert }
    }

    pub(super) fn rendered(body: &Body, grouped: bool, alerts: &[Alert]) -> Value {
        let group_labels = BTreeMap::from([("alertname".to_owned(), "CpuLoadHigh".to_owned())]);
        let message = Message { receiver: "webhook/ops", group_labels: &group_labels, grouped, alerts };
        serde_json::from_slice(&body.render(&message).unwrap()).unwrap()
    }

    #[test]
    fn json_is_the_alert_or_an_array_of_a_group() {
        let alert = alert("a");
        let one = serde_json::to_value(&alert).unwrap();
        assert_eq!(rendered(&Body::Json, false, std::slice::from_ref(&alert)), one);
        assert_eq!(rendered(&Body::Json, true, &[alert]), json!([one]));
    }

    #[test]
    fn a_template_sees_the_first_alert_the_list_and_the_group() {
        let source = "{{ {'n': alerts | length, 'first': labels['host.name'], 'hosts': alerts | map(attribute='fingerprint') \
                      | list, 'status': status, 'of': group_labels, 'to': receiver} | tojson }}";
        let body = Body::Template(Box::new(Template::compile("body", source, &TEMPLATE_NAMES).unwrap()));
        assert_eq!(
            rendered(&body, true, &[resolved(alert("a")), alert("b")]),
            json!({"n": 2, "first": "a", "hosts": ["fp-a", "fp-b"], "status": "firing",
                "of": {"alertname": "CpuLoadHigh"}, "to": "webhook/ops"})
        );
    }
}
