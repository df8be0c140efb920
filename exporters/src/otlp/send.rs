//! One batch, one call.

use super::{partial, status};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, uri::PathAndQuery};
use std::sync::Arc;
use tidewatch_component::{Alert, Batch, ExportError, Exported, Exporter, Payload};
use tidewatch_net::{auth::ClientAuthenticator, grpc::Channel};
use tidewatch_otlp::Signal;

/// Keeps requests under the 4 MiB that gRPC servers take by default.
const MAX_REQUEST_BYTES: usize = (4 << 20) - (64 << 10);

/// Sends OTLP over gRPC.
pub(super) struct GrpcExporter {
    channel: Channel,
    authenticator: Option<Arc<dyn ClientAuthenticator>>,
}

impl GrpcExporter {
    pub(super) fn new(channel: Channel, authenticator: Option<Arc<dyn ClientAuthenticator>>) -> Self {
        Self { channel, authenticator }
    }
}

#[async_trait]
impl Exporter for GrpcExporter {
    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let (signal, message) = request_of(&batch.payload);
        let path = PathAndQuery::from_static(signal.grpc_path());
        let headers: HeaderMap = self.authenticator.iter().flat_map(|of| of.headers()).collect();
        let answer = self.channel.call(&path, &headers, message, None).await;
        match answer {
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
