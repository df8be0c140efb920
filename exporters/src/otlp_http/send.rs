//! One batch, one POST.

use super::Encoding;
use crate::otlp::{partial, request_of, status};
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use prost::Message;
use tidewatch_component::{Batch, ExportError, Exported, Exporter, async_trait};
use tidewatch_net::http::{HttpClient, HttpError, retry_after};
use tidewatch_otlp::{
    Signal,
    json::{self, RpcStatus},
};

/// Keeps bodies well under the 20 MiB that servers take by default.
const MAX_REQUEST_BYTES: usize = 4 << 20;

/// Sends OTLP over HTTP.
pub(super) struct HttpExporter {
    pub(super) client: HttpClient,
    /// One URL for each signal, in the order of [`Signal::ALL`].
    pub(super) urls: [http::Uri; 3],
    pub(super) encoding: Encoding,
}

#[async_trait]
impl Exporter for HttpExporter {
    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let (signal, wire) = request_of(&batch.payload);
        let request = self.request(signal, wire)?;
        let response = self.client.send(request).await.map_err(|error| unanswered(&error))?;
        if response.status().is_success() {
            return Ok(self.read_success(signal, &response));
        }
        Err(status::from_http(
            response.status(),
            retry_after(response.headers()),
            &self.message_of(&response),
        ))
    }

    fn max_request_bytes(&self) -> usize {
        MAX_REQUEST_BYTES
    }
}

impl HttpExporter {
    fn request(&self, signal: Signal, wire: Bytes) -> Result<Request<Bytes>, ExportError> {
        let (content_type, body) = match self.encoding {
            Encoding::Proto => ("application/x-protobuf", wire),
            Encoding::Json => {
                let text =
                    json::encode(signal, &wire).map_err(|error| ExportError::permanent(error.to_string()))?;
                ("application/json", text.into())
            }
        };
        let content_type = HeaderValue::from_static(content_type);
        let url = Signal::ALL.iter().position(|known| *known == signal).unwrap_or_default();
        Request::builder()
            .method(Method::POST)
            .uri(self.urls[url].clone())
            .header(CONTENT_TYPE, content_type.clone())
            .header(ACCEPT, content_type)
            .body(body)
            .map_err(|error| ExportError::permanent(error.to_string()))
    }

    fn read_success(&self, signal: Signal, response: &Response<Bytes>) -> Exported {
        if !is_json(response) {
            return partial::read(response.body());
        }
        match json::decode_response(signal, response.body()) {
            Ok(wire) => partial::read(&wire),
            Err(error) => {
                tracing::warn!(%error, "the destination's response cannot be read");
                Exported::default()
            }
        }
    }

    /// What the destination says, from a `google.rpc.Status` or plain text; its first bytes only.
    fn message_of(&self, response: &Response<Bytes>) -> String {
        let status = if is_json(response) {
            RpcStatus::from_json(response.body()).ok()
        } else if content_type(response).starts_with("application/x-protobuf") {
            RpcStatus::decode(response.body().clone()).ok()
        } else {
            None
        };
        let text = status.map(|status| status.message).filter(|message| !message.is_empty());
        let text = text.unwrap_or_else(|| String::from_utf8_lossy(response.body()).trim().to_owned());
        text.chars().take(500).collect()
    }
}

fn is_json(response: &Response<Bytes>) -> bool {
    content_type(response).starts_with("application/json")
}

fn content_type(response: &Response<Bytes>) -> &str {
    response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn unanswered(error: &HttpError) -> ExportError {
    match error {
        HttpError::Request(_) => ExportError::permanent(error.to_string()),
        // The status was a success or a failure, but nobody could read it.
        HttpError::Connect(_) => {
            ExportError::Retryable { reason: error.to_string(), after: None, refused: true }
        }
        _ => ExportError::retryable(error.to_string()),
    }
}
