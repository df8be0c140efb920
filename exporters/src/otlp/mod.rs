//! OTLP over gRPC.

pub(crate) mod partial;
mod send;
pub(crate) mod status;

pub(crate) use send::request_of;

use crate::authenticator::authenticator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidewatch_component::{BuildContext, BuiltExporter, DeliveryConfig, ExporterFactory, SignalSet};
use tidewatch_config::Mistake;
use tidewatch_net::config::GrpcClientConfig;

/// The `otlp` exporter.
pub struct Otlp;

/// Keys of the `otlp` exporter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// The destination.
    #[serde(flatten)]
    pub client: GrpcClientConfig,
    /// Queue, retry, timeout and signals.
    #[serde(flatten)]
    pub delivery: DeliveryConfig,
}

impl ExporterFactory for Otlp {
    const TYPE: &'static str = "otlp";
    const ALIASES: &'static [&'static str] = &["otlp_grpc"];
    const TAKES: SignalSet = SignalSet::TELEMETRY;
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        let mut mistakes = config.client.check();
        let authenticator = authenticator(config.client.auth.as_ref(), context, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let exporter = Arc::new(send::GrpcExporter::new(config.client, authenticator));
        Ok(BuiltExporter { exporter, delivery: config.delivery })
    }
}
