//! OTLP over gRPC and HTTP.

mod accept;
mod grpc;
mod http;
mod server;
#[cfg(test)]
mod tests;

use crate::server::authenticator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidewatch_component::{AcknowledgeConfig, BuildContext, BuiltReceiver, ReceiverFactory};
use tidewatch_config::Mistake;
use tidewatch_net::config::{GrpcServerConfig, HttpServerConfig};
use tidewatch_otlp::Signal;

/// The `otlp` receiver.
pub struct Otlp;

/// Keys of the `otlp` receiver.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// What is spoken; at least one.
    pub protocols: Protocols,
    /// What answers stand for.
    #[serde(flatten)]
    pub acknowledge: AcknowledgeConfig,
}

/// What is spoken. A protocol that is not named is not served.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Protocols {
    /// OTLP/gRPC, on `localhost:4317` by default.
    pub grpc: Option<GrpcServerConfig>,
    /// OTLP/HTTP with protobuf or JSON, on `localhost:4318` by default.
    pub http: Option<HttpConfig>,
}

/// Keys of OTLP/HTTP.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HttpConfig {
    /// The server.
    #[serde(flatten)]
    pub server: HttpServerConfig,
    /// Where traces are sent to. Default `/v1/traces`.
    pub traces_url_path: String,
    /// Where metrics are sent to. Default `/v1/metrics`.
    pub metrics_url_path: String,
    /// Where logs are sent to. Default `/v1/logs`.
    pub logs_url_path: String,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            server: HttpServerConfig::default(),
            traces_url_path: "/v1/traces".into(),
            metrics_url_path: "/v1/metrics".into(),
            logs_url_path: "/v1/logs".into(),
        }
    }
}

impl ReceiverFactory for Otlp {
    const TYPE: &'static str = "otlp";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<BuiltReceiver, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let Protocols { grpc, http } = &config.protocols;
        if grpc.is_none() && http.is_none() {
            mistakes.push(
                Mistake::new("protocols", "at least one protocol is needed")
                    .help("add `grpc:`, `http:` or both"),
            );
        }
        let grpc_auth = grpc
            .as_ref()
            .and_then(|grpc| authenticator(grpc.auth.as_ref(), "protocols.grpc.", context, &mut mistakes));
        let http_auth = http.as_ref().and_then(|http| {
            authenticator(http.server.auth.as_ref(), "protocols.http.", context, &mut mistakes)
        });
        if let Some(grpc) = grpc {
            mistakes.extend(below("protocols.grpc", grpc.check()));
        }
        if let Some(http) = http {
            mistakes.extend(below("protocols.http", http.check()));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let receiver =
            server::OtlpReceiver::new(config.protocols, grpc_auth, http_auth, context.metrics.clone());
        Ok(BuiltReceiver { receiver: Arc::new(receiver), acknowledge: config.acknowledge })
    }
}

impl HttpConfig {
    fn check(&self) -> Vec<Mistake> {
        let mut mistakes = self.server.check();
        let paths = self.paths();
        for (index, (path, signal)) in paths.iter().enumerate() {
            let key = format!("{signal}_url_path");
            if path.len() == 1 || path.contains(['?', '#', ' ']) {
                mistakes.push(Mistake::new(key, format!("{path:?} is no path")));
            } else if paths[..index].iter().any(|(other, _)| other == path) {
                mistakes.push(Mistake::new(key, "two signals cannot share a path"));
            }
        }
        mistakes
    }

    /// Path and signal; as in the Collector, the first slash may be left out.
    fn paths(&self) -> [(String, Signal); 3] {
        let with_slash = |path: &str| format!("/{}", path.trim_start_matches('/'));
        [
            (with_slash(&self.traces_url_path), Signal::Traces),
            (with_slash(&self.metrics_url_path), Signal::Metrics),
            (with_slash(&self.logs_url_path), Signal::Logs),
        ]
    }
}

fn below(path: &str, mistakes: Vec<Mistake>) -> impl Iterator<Item = Mistake> {
    mistakes.into_iter().map(move |mistake| Mistake { path: format!("{path}.{}", mistake.path), ..mistake })
}
