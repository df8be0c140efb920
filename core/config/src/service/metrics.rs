//! The agent's own metrics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The agent's own metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Metrics {
    /// How much is measured. Default `normal`.
    pub level: MetricsLevel,
    /// Where Prometheus can scrape them, `host:port`; the older way to write `readers`. Default `localhost:8888`.
    pub address: Option<String>,
    /// Where Prometheus can scrape them. Default: one pull reader at `localhost:8888`.
    pub readers: Option<Vec<Reader>>,
    /// Changes to how metrics are aggregated; not possible yet.
    #[schemars(extend("x-warning" = "`service.telemetry.metrics.views` has no effect yet"))]
    pub views: Option<serde_json::Value>,
}

/// How much the agent measures of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MetricsLevel {
    /// Nothing, and no port is opened.
    None,
    /// The essentials.
    Basic,
    /// What dashboards use.
    #[default]
    Normal,
    /// Everything, also where it costs something.
    Detailed,
}

/// One way in which the metrics leave the agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Reader {
    /// They are fetched.
    pub pull: Option<PullReader>,
    /// They are sent; not possible yet.
    #[schemars(extend("x-warning" = "has no effect: the agent does not send its own metrics yet"))]
    pub periodic: Option<serde_json::Value>,
}

/// Metrics that are fetched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PullReader {
    /// How they are fetched.
    pub exporter: PullExporter,
}

/// How metrics are fetched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PullExporter {
    /// By Prometheus.
    pub prometheus: PrometheusReader,
}

/// A port that Prometheus scrapes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PrometheusReader {
    /// The address to listen on. Default `localhost`.
    pub host: String,
    /// The port to listen on. Default 8888.
    pub port: u16,
    /// Metrics never carry scope labels.
    #[schemars(extend("x-warning" = "has no effect: metrics never carry scope labels"))]
    pub without_scope_info: Option<bool>,
    /// Metric names do not change.
    #[schemars(extend("x-warning" = "has no effect: metric names are fixed"))]
    pub without_type_suffix: Option<bool>,
    /// Metric names do not change.
    #[schemars(extend("x-warning" = "has no effect: metric names are fixed"))]
    pub without_units: Option<bool>,
    /// Resource attributes as labels; not possible yet.
    #[schemars(extend("x-warning" = "has no effect yet"))]
    pub with_resource_constant_labels: Option<serde_json::Value>,
}

impl Default for PrometheusReader {
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: 8888,
            without_scope_info: None,
            without_type_suffix: None,
            without_units: None,
            with_resource_constant_labels: None,
        }
    }
}

impl Metrics {
    /// Every `host:port` that Prometheus shall be able to scrape; none at level `none`.
    pub fn listen(&self) -> Vec<String> {
        if self.level == MetricsLevel::None {
            return Vec::new();
        }
        let at = |reader: &PrometheusReader| match reader.host.contains(':') && !reader.host.starts_with('[')
        {
            true => format!("[{}]:{}", reader.host, reader.port),
            false => format!("{}:{}", reader.host, reader.port),
        };
        let pulls = self.readers.iter().flatten().filter_map(|reader| reader.pull.as_ref());
        let mut addresses: Vec<_> = pulls.map(|pull| at(&pull.exporter.prometheus)).collect();
        addresses.extend(self.address.clone());
        if self.readers.is_none() && self.address.is_none() {
            addresses.push(at(&PrometheusReader::default()));
        }
        // A port alone stands for all interfaces.
        let whole = |address: String| match address.starts_with(':') {
            true => format!("[::]{address}"),
            false => address,
        };
        addresses.into_iter().map(whole).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(json: &str) -> Vec<String> {
        serde_json::from_str::<Metrics>(json).map(|metrics| metrics.listen()).unwrap_or_default()
    }

    #[test]
    fn old_and_new_keys_say_where_to_scrape() {
        assert_eq!(listen("{}"), ["localhost:8888"]);
        assert_eq!(listen(r#"{"address": "0.0.0.0:9999"}"#), ["0.0.0.0:9999"]);
        assert_eq!(listen(r#"{"address": ":8888"}"#), ["[::]:8888"]);
        let reader = r#"{"readers": [{"pull": {"exporter": {"prometheus": {"host": "::1", "port": 1}}}}]}"#;
        assert_eq!(listen(reader), ["[::1]:1"]);
        assert_eq!(listen(r#"{"level": "none", "address": "a:1"}"#), Vec::<String>::new());
    }
}
