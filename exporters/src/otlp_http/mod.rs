//! OTLP over HTTP, with protobuf or JSON.

mod send;

use crate::otlp::authenticator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tidewatch_component::{BuildContext, BuiltExporter, DeliveryConfig, ExporterFactory, SignalSet, Timeout};
use tidewatch_config::Mistake;
use tidewatch_net::config::HttpClientConfig;
use tidewatch_otlp::Signal;

/// The `otlp_http` exporter.
pub struct OtlpHttp;

/// Keys of the `otlp_http` exporter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// The destination; `/v1/traces` and the like are added to the endpoint. `timeout` is of one try,
    /// 30s by default.
    #[serde(flatten)]
    pub client: HttpClientConfig,
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

impl ExporterFactory for OtlpHttp {
    const TYPE: &'static str = "otlp_http";
    const ALIASES: &'static [&'static str] = &["otlphttp"];
    const TAKES: SignalSet = SignalSet::TELEMETRY;
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let urls = Signal::ALL.map(|signal| config.url(signal, &mut mistakes));
        let authenticator = authenticator(config.client.auth.as_ref(), context, &mut mistakes);
        // Retry and timeout are the queue's business; the client's own timeout would cut across it.
        let timeout: Duration = config.client.timeout.into();
        let timeout = if timeout.is_zero() { Duration::from_secs(30) } else { timeout };
        let client = HttpClientConfig { timeout: Duration::ZERO.into(), ..config.client.clone() };
        let client = match client.client() {
            Ok(client) => client,
            Err(more) => {
                // The endpoint may be left out where every signal has its own.
                let needless =
                    |mistake: &Mistake| mistake.path == "endpoint" && config.client.endpoint.is_empty();
                mistakes.extend(more.into_iter().filter(|mistake| !needless(mistake)));
                return Err(mistakes);
            }
        };
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let client = match authenticator {
            Some(authenticator) => client.with_authenticator(authenticator),
            None => client,
        };
        let exporter = Arc::new(send::HttpExporter { client, urls, encoding: config.encoding });
        let delivery = DeliveryConfig { timeout: Timeout(timeout.into()), ..config.delivery };
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
                let mistake =
                    Mistake::new(key, format!("`{url}` is no URL")).help("write it as http://host:4318");
                if !mistakes.contains(&mistake) {
                    mistakes.push(mistake);
                }
                http::Uri::default()
            }
        }
    }
}
