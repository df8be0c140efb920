//! One batch, one call.

use super::{partial, status};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, uri::PathAndQuery};
use std::sync::{Arc, OnceLock};
use tidewatch_component::{Alert, Batch, ExportError, Exported, Exporter, Payload, StartError};
use tidewatch_net::{auth::ClientAuthenticator, config::GrpcClientConfig, grpc::Channel};
use tidewatch_otlp::Signal;

/// Keeps requests under the 4 MiB that gRPC servers take by default.
const MAX_REQUEST_BYTES: usize = (4 << 20) - (64 << 10);

/// Sends OTLP over gRPC.
pub(super) struct GrpcExporter {
    config: GrpcClientConfig,
    authenticator: Option<Arc<dyn ClientAuthenticator>>,
    channel: OnceLock<Channel>,
}

impl GrpcExporter {
    pub(super) fn new(config: GrpcClientConfig, authenticator: Option<Arc<dyn ClientAuthenticator>>) -> Self {
        Self { config, authenticator, channel: OnceLock::new() }
    }
}

#[async_trait]
impl Exporter for GrpcExporter {
    async fn start(&self) -> Result<(), StartError> {
        let (address, mut options) = self.config.options()?;
        options.authenticator.clone_from(&self.authenticator);
        let channel =
            Channel::new(&address, options).map_err(|status| StartError::new("endpoint", status.message))?;
        self.channel.set(channel).ok();
        Ok(())
    }

    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let channel = self.channel.get().ok_or_else(|| ExportError::retryable("not started"))?;
        let (signal, message) = request_of(&batch.payload);
        let path = PathAndQuery::from_static(signal.grpc_path());
        match channel.call(&path, &HeaderMap::new(), message, None).await {
            Ok(response) => Ok(partial::read(&response)),
            Err(status) => Err(status::from_grpc(&status)),
        }
    }

    fn max_request_bytes(&self) -> usize {
        MAX_REQUEST_BYTES
    }
}

/// The signal and wire bytes of what is to be sent: telemetry as it is, alerts as log records.
pub(crate) fn request_of(payload: &Payload) -> (Signal, Bytes) {
    match payload {
        Payload::Telemetry(request) => (request.signal(), request.bytes().clone()),
        Payload::Alerts(alerts) => (Signal::Logs, Alert::to_otlp(alerts).into_bytes()),
    }
}
