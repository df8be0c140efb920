//! OTLP over HTTP, with protobuf or JSON.

mod send;

use crate::otlp::authenticator;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidewatch_component::{BuildContext, BuiltExporter, DeliveryConfig, ExporterFactory, SignalSet, Timeout};
use tidewatch_config::{Mistake, values::GoDuration};
use tidewatch_net::config::HttpClientConfig;
use tidewatch_otlp::Signal;

/// The `otlp_http` exporter.
pub struct OtlpHttp;

/// Keys of the `otlp_http` exporter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-unsupported" = {"profiles_endpoint": "there are no profiles yet"}), transform = describe_timeout)]
pub struct Config {
    /// The destination; `/v1/traces` and the like are added to the endpoint.
    #[serde(flatten)]
    pub client: HttpClientConfig,
    /// How long one try may take; 0 is for ever. Default 30s.
    #[serde(default = "half_a_minute")]
    pub timeout: GoDuration,
    /// The whole URL for traces. Default: the endpoint and `/v1/traces`.
    #[serde(default)]
    pub traces_endpoint: Option<String>,
    /// The whole URL for metrics. Default: the endpoint and `/v1/metrics`.
    #[serde(default)]
    pub metrics_endpoint: Option<String>,
    /// The whole URL for logs. Default: the endpoint and `/v1/logs`.
    #[serde(default)]
    pub logs_endpoint: Option<String>,
    /// `proto` (default) or `json`.
    #[serde(default)]
    pub encoding: Encoding,
    /// Queue, retry and signals.
    #[serde(flatten)]
    pub delivery: DeliveryConfig,
}

/// What bodies are encoded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Protobuf.
    #[default]
    Proto,
    /// OTLP/JSON.
    Json,
}

const TIMEOUT: &str = "How long one try may take; 0 is for ever. Default 30s.";

fn half_a_minute() -> GoDuration {
    GoDuration::from_secs(30)
}

/// The key stands in both flattened blocks, too, where its default is another.
fn describe_timeout(schema: &mut Schema) {
    if let Some(timeout) =
        schema.pointer_mut("/properties/timeout").and_then(|timeout| timeout.as_object_mut())
    {
        timeout.insert("description".into(), TIMEOUT.into());
        timeout.insert("default".into(), "30s".into());
    }
}

impl ExporterFactory for OtlpHttp {
    const TYPE: &'static str = "otlp_http";
    const ALIASES: &'static [&'static str] = &["otlphttp"];
    const TAKES: SignalSet = SignalSet::TELEMETRY;
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        let mut mistakes = config.client.check();
        let urls = Signal::ALL.map(|signal| config.url(signal, &mut mistakes));
        let authenticator = authenticator(config.client.auth.as_ref(), context, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let exporter = Arc::new(send::HttpExporter::new(config.client, authenticator, urls, config.encoding));
        let delivery = DeliveryConfig { timeout: Timeout(config.timeout), ..config.delivery };
        Ok(BuiltExporter { exporter, delivery })
    }
}

impl Config {
    fn url(&self, signal: Signal, mistakes: &mut Vec<Mistake>) -> http::Uri {
        let (key, own) = match signal {
            Signal::Traces => ("traces_endpoint", &self.traces_endpoint),
            Signal::Metrics => ("metrics_endpoint", &self.metrics_endpoint),
            Signal::Logs => ("logs_endpoint", &self.logs_endpoint),
        };
        let (key, url) = match own {
            Some(url) => (key, url.clone()),
            None if self.client.endpoint.is_empty() => {
                mistakes.push(Mistake::new(key, "neither `endpoint` nor this is given"));
                return http::Uri::default();
            }
            None => {
                ("endpoint", format!("{}{}", self.client.endpoint.trim_end_matches('/'), signal.http_path()))
            }
        };
        match url.parse::<http::Uri>() {
            Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) => uri,
            _ => {
                // The endpoint is looked at once, not for every signal.
                if !mistakes.iter().any(|mistake| mistake.path == key) {
                    let mistake = Mistake::new(key, format!("`{url}` is no URL"));
                    mistakes.push(mistake.help("write it as http://host:4318"));
                }
                http::Uri::default()
            }
        }
    }
}
