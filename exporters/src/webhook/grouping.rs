//! Which alerts leave together, and when.

use super::SendConfig;
use std::{collections::BTreeMap, time::Duration};
use tidewatch_component::Alert;

/// When groups are told.
pub(super) struct Grouping {
    pub(super) by: By,
    /// How long a new group waits.
    pub(super) wait: Duration,
    /// The least time between two requests.
    pub(super) interval: Duration,
    /// When a group that fires on is told again.
    pub(super) repeat: Option<Duration>,
    pub(super) resolved: bool,
}

/// What makes a group.
pub(super) enum By {
    /// Every alert is a group, whatever its severity.
    Alert,
    /// The values of these labels.
    Labels(Vec<String>),
    /// All labels.
    All,
}

impl Grouping {
    /// None where every change is told at once and nothing is repeated.
    pub(super) fn new(config: &SendConfig) -> Option<Self> {
        let SendConfig { resolved, group_by, group_wait, group_interval, repeat_interval } = config;
        if group_by.is_none() && [group_wait, group_interval, repeat_interval].iter().all(|key| key.is_none())
        {
            return None;
        }
        let [wait, interval, repeat] = match group_by {
            Some(_) => [30, 300, 4 * 3600],
            None => [0; 3],
        }
        .map(Duration::from_secs);
        let repeat = repeat_interval.map_or(repeat, Duration::from);
        Some(Self {
            by: match group_by {
                None => By::Alert,
                Some(names) if names.iter().any(|name| name == "...") => By::All,
                Some(names) => By::Labels(names.clone()),
            },
            wait: group_wait.map_or(wait, Duration::from),
            interval: group_interval.map_or(interval, Duration::from),
            repeat: (!repeat.is_zero()).then_some(repeat),
            resolved: *resolved,
        })
    }
}

impl Grouping {
    /// Whether requests carry lists of alerts.
    pub(super) fn joins(&self) -> bool {
        !matches!(self.by, By::Alert)
    }
}

impl By {
    /// The labels that an alert's group is known by. A label that an alert does not have is not there.
    pub(super) fn labels(&self, alert: &Alert) -> BTreeMap<String, String> {
        let mut all = alert.labels.clone();
        all.insert("alertname".into(), alert.name.clone());
        match self {
            Self::Alert => all,
            Self::All => {
                all.insert("severity".into(), alert.severity.clone());
                all
            }
            Self::Labels(names) => {
                all.insert("severity".into(), alert.severity.clone());
                let names = names.iter().map(|name| if name == "name" { "alertname" } else { name.as_str() });
                names.filter_map(|name| all.remove_entry(name)).collect()
            }
        }
    }
}

/// Alertmanager's name of a group: `{}:{alertname="CpuLoadHigh", team="core"}`.
pub(super) fn group_key(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{}}:{{{}}}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn grouping(send: serde_json::Value) -> Option<Grouping> {
        Grouping::new(&serde_json::from_value(send).unwrap())
    }

    #[test]
    fn without_keys_nothing_waits_and_with_group_by_alertmanagers_times_hold() {
        assert!(grouping(json!({})).is_none() && grouping(json!({"resolved": false})).is_none());
        let grouped = grouping(json!({"group_by": ["name"]})).unwrap();
        let seconds = [grouped.wait, grouped.interval, grouped.repeat.unwrap()].map(|time| time.as_secs());
        assert_eq!(seconds, [30, 300, 14400]);
        let repeated = grouping(json!({"repeat_interval": "1h"})).unwrap();
        assert!(matches!(repeated.by, By::Alert) && repeated.wait.is_zero() && repeated.interval.is_zero());
        assert!(grouping(json!({"group_by": [], "repeat_interval": "0s"})).unwrap().repeat.is_none());
    }

    #[test]
    fn groups_are_known_by_name_severity_and_labels() {
        let labels = BTreeMap::from([("host.name".to_owned(), "a \"b\"".to_owned())]);
        let alert = Alert::firing("CpuLoadHigh", "critical", labels, 0);
        let key = |names: &[&str]| {
            let send = json!({ "group_by": names });
            group_key(&grouping(send).unwrap().by.labels(&alert))
        };
        assert_eq!(key(&[]), "{}:{}");
        assert_eq!(
            key(&["severity", "name", "absent"]),
            r#"{}:{alertname="CpuLoadHigh", severity="critical"}"#
        );
        assert_eq!(
            key(&["..."]),
            r#"{}:{alertname="CpuLoadHigh", host.name="a \"b\"", severity="critical"}"#
        );
        assert!(!By::Alert.labels(&alert).contains_key("severity"), "a change of severity is the same alert");
    }
}
