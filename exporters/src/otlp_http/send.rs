//! One batch, one POST.

use super::Encoding;
use crate::otlp::{partial, request_of, status};
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, Uri,
    header::{ACCEPT, CONTENT_TYPE},
};
use prost::Message;
use std::sync::{Arc, OnceLock};
use tidewatch_component::{Batch, ExportError, Exported, Exporter, StartError, async_trait};
use tidewatch_net::{
    auth::ClientAuthenticator,
    config::HttpClientConfig,
    http::{HttpClient, HttpError, retry_after},
};
use tidewatch_otlp::{
    Signal,
    json::{self, RpcStatus},
};

/// Keeps bodies well under the 20 MiB that servers take by default.
const MAX_REQUEST_BYTES: usize = 4 << 20;

/// Sends OTLP over HTTP.
pub(super) struct HttpExporter {
    config: HttpClientConfig,
    authenticator: Option<Arc<dyn ClientAuthenticator>>,
    client: OnceLock<HttpClient>,
    /// One URL for each signal, in the order of [`Signal::ALL`].
    urls: [Uri; 3],
    encoding: Encoding,
}

#[async_trait]
impl Exporter for HttpExporter {
    async fn start(&self) -> Result<(), StartError> {
        let client = self.config.client()?;
        let client = match &self.authenticator {
            Some(authenticator) => client.with_authenticator(authenticator.clone()),
            None => client,
        };
        self.client.set(client).ok();
        Ok(())
    }

    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let client = self.client.get().ok_or_else(|| ExportError::retryable("not started"))?;
        let (signal, wire) = request_of(&batch.payload);
        let request = self.request(signal, wire)?;
        let response = match client.send(request).await {
            Ok(response) => response,
            Err(error) => return unanswered(&error),
        };
        if response.status().is_success() {
            return Ok(read_success(signal, &response));
        }
        Err(status::from_http(response.status(), retry_after(response.headers()), &message_of(&response)))
    }

    fn max_request_bytes(&self) -> usize {
        MAX_REQUEST_BYTES
    }
}

impl HttpExporter {
    pub(super) fn new(
        config: HttpClientConfig,
        authenticator: Option<Arc<dyn ClientAuthenticator>>,
        urls: [Uri; 3],
        encoding: Encoding,
    ) -> Self {
        Self { config, authenticator, client: OnceLock::new(), urls, encoding }
    }

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
}

fn read_success(signal: Signal, response: &Response<Bytes>) -> Exported {
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

/// What the destination says, from a `google.rpc.Status` or plain text; its first characters only.
fn message_of(response: &Response<Bytes>) -> String {
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

fn is_json(response: &Response<Bytes>) -> bool {
    content_type(response).starts_with("application/json")
}

fn content_type(response: &Response<Bytes>) -> &str {
    response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What it means that there is no answer to be read.
fn unanswered(error: &HttpError) -> Result<Exported, ExportError> {
    match error {
        HttpError::Request(_) => Err(ExportError::permanent(error.to_string())),
        HttpError::Connect(_) => {
            Err(ExportError::Retryable { reason: error.to_string(), after: None, refused: true })
        }
        // The status counts, as for a response that cannot be understood.
        HttpError::TooLarge { status, .. } if status.is_success() => {
            tracing::warn!(%error, "the destination's response cannot be read");
            Ok(Exported::default())
        }
        HttpError::TooLarge { status, .. } => Err(status::from_http(*status, None, "")),
        HttpError::Timeout | HttpError::Connection(_) => Err(ExportError::retryable(error.to_string())),
    }
}
