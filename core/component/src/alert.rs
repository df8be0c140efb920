//! What detectors find.

use crate::timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// One alert. Serialized as the JSON object that the `file`, `kafka` and `webhook` exporters write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Name of the rule (`alert:` in the configuration).
    pub name: String,
    /// Whether it lasts, or belongs to one record.
    pub kind: AlertKind,
    /// Firing or resolved.
    pub status: AlertStatus,
    /// Severity, one of the rule's levels; free text.
    pub severity: String,
    /// The same on every replica for the same name and labels: 16 hex digits.
    pub fingerprint: String,
    /// Start, in Unix nanoseconds of event time.
    #[serde(with = "timestamp::rfc3339")]
    pub starts_at: u64,
    /// End, in Unix nanoseconds of event time; none while firing.
    #[serde(with = "timestamp::rfc3339_option", default)]
    pub ends_at: Option<u64>,
    /// The value that was judged.
    #[serde(default)]
    pub value: Option<f64>,
    /// What the model expected, from detectors that forecast.
    #[serde(default)]
    pub expected: Option<f64>,
    /// Lower edge of what is normal.
    #[serde(default)]
    pub lower: Option<f64>,
    /// Upper edge of what is normal.
    #[serde(default)]
    pub upper: Option<f64>,
    /// How far out: 1.0 is the edge.
    #[serde(default)]
    pub score: Option<f64>,
    /// Distance in standard deviations.
    #[serde(default)]
    pub z: Option<f64>,
    /// 0 to 1.
    #[serde(default)]
    pub confidence: Option<f64>,
    /// `annotations.summary`, lifted; empty where there is none.
    #[serde(default)]
    pub summary: String,
    /// What makes the series, and the rule's own labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Text for people.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// The metric that was judged, where it was one.
    #[serde(default)]
    pub metric: Option<String>,
    /// Its unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// Traces that show it, hex.
    #[serde(default)]
    pub trace_ids: Vec<String>,
}

/// Whether an alert lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertKind {
    /// Fires, then resolves.
    State,
    /// One per record, never resolved.
    Event,
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// The condition holds.
    Firing,
    /// It no longer holds.
    Resolved,
}

impl Alert {
    /// A firing state alert with its fingerprint; the rest is left to the detector.
    pub fn firing(
        name: impl Into<String>,
        severity: impl Into<String>,
        labels: BTreeMap<String, String>,
        starts_at: u64,
    ) -> Self {
        let name = name.into();
        Self {
            fingerprint: fingerprint(&name, &labels),
            name,
            kind: AlertKind::State,
            status: AlertStatus::Firing,
            severity: severity.into(),
            starts_at,
            ends_at: None,
            value: None,
            expected: None,
            lower: None,
            upper: None,
            score: None,
            z: None,
            confidence: None,
            summary: String::new(),
            labels,
            annotations: BTreeMap::new(),
            metric: None,
            unit: None,
            trace_ids: Vec::new(),
        }
    }

    /// Bytes held in memory, about.
    pub fn memory(&self) -> usize {
        let map = |map: &BTreeMap<String, String>| {
            map.iter().map(|(key, value)| key.len() + value.len() + 64).sum::<usize>()
        };
        size_of::<Self>()
            + self.name.len()
            + self.severity.len()
            + self.summary.len()
            + map(&self.labels)
            + map(&self.annotations)
    }
}

/// First 16 hex digits of SHA-256 over name and labels; the same on every replica.
pub fn fingerprint(name: &str, labels: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(name);
    for (key, value) in labels {
        add(key);
        add(value);
    }
    let digest: [u8; 32] = hash.finalize().into();
    format!("{:016x}", u64::from_be_bytes(std::array::from_fn(|i| digest[i])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_tells_keys_from_values() {
        let one = BTreeMap::from([("ab".to_owned(), "c".to_owned())]);
        let two = BTreeMap::from([("a".to_owned(), "bc".to_owned())]);
        assert_ne!(fingerprint("n", &one), fingerprint("n", &two));
        assert_eq!(fingerprint("n", &one), fingerprint("n", &one.clone()));
    }

    #[test]
    fn an_alert_is_the_documented_json_and_comes_back() {
        let labels = BTreeMap::from([("host.name".to_owned(), "host-a".to_owned())]);
        let alert = Alert {
            value: Some(92.0),
            ..Alert::firing("CpuLoadHigh", "critical", labels, 1_767_607_380_000_000_000)
        };
        let json = serde_json::to_value(&alert).unwrap();
        assert_eq!(json["starts_at"], "2026-01-05T10:03:00Z");
        assert_eq!(json["ends_at"], serde_json::Value::Null);
        assert_eq!(json["status"], "firing");
        assert_eq!(serde_json::from_value::<Alert>(json).unwrap(), alert);
    }
}
