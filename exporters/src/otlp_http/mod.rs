//! OTLP over HTTP, with protobuf or JSON.

mod send;

use crate::authenticator::authenticator;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidewatch_component::{BuildContext, BuiltExporter, DeliveryConfig, ExporterFactory, SignalSet, Timeout};
use tidewatch_config::{Mistake, values::GoDuration};
use tidewatch_net::config::{HttpClientConfig, HttpCompression};
use tidewatch_otlp::Signal;

/// The `otlp_http` exporter.
pub struct OtlpHttp;

/// Keys of the `otlp_http` exporter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = amend)]
pub struct Config {
    /// The destination; `/v1/traces` and the like are added to the endpoint.
    #[serde(flatten)]
    pub client: HttpClientConfig,
    /// How long one try may take; 0 is for ever. Default 30s.
    #[serde(default = "half_a_minute")]
    pub timeout: GoDuration,
    /// How bodies are compressed: `none`, `gzip`, `zstd`, `deflate` or `snappy`. Default `gzip`.
    #[serde(default = "gzip")]
    pub compression: HttpCompression,
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

fn half_a_minute() -> GoDuration {
    GoDuration::from_secs(30)
}

fn gzip() -> HttpCompression {
    HttpCompression::Gzip
}

/// What flattening gets wrong: keys that stand in the flattened blocks, too, where their defaults are others, and
/// what is said of keys that are not supported.
fn amend(schema: &mut Schema) {
    if let Some(unsupported) = schema.get_mut("x-unsupported").and_then(|keys| keys.as_object_mut()) {
        unsupported.insert("profiles_endpoint".into(), "there are no profiles yet".into());
    }
    for (key, default, description) in [
        ("timeout", "30s", "How long one try may take; 0 is for ever. Default 30s."),
        ("compression", "gzip", "How bodies are compressed. Default `gzip`."),
    ] {
        let property = schema.pointer_mut(&format!("/properties/{key}"));
        if let Some(property) = property.and_then(|property| property.as_object_mut()) {
            property.insert("description".into(), description.into());
            property.insert("default".into(), default.into());
        }
    }
}

impl ExporterFactory for OtlpHttp {
    const TYPE: &'static str = "otlp_http";
    const ALIASES: &'static [&'static str] = &["otlphttp"];
    const TAKES: SignalSet = SignalSet::TELEMETRY;
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        let config = Config {
            client: HttpClientConfig { compression: config.compression, ..config.client },
            ..config
        };
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
