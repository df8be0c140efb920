//! Sends requests.

use std::error::Error as _;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode};
use thiserror::Error;

use crate::auth::ClientAuthenticator;
use crate::compression::{Encoding, compress};

/// A client that compresses, adds headers and credentials, and bounds what it gets back. Clones share its
/// connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    pub(crate) client: reqwest::Client,
    pub(crate) headers: HeaderMap,
    pub(crate) encoding: Encoding,
    pub(crate) level: Option<i32>,
    pub(crate) max_response: usize,
    pub(crate) authenticator: Option<Arc<dyn ClientAuthenticator>>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The request could not be made at all; it is no use to try again.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection was lost, or the other side does not speak HTTP.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// There is an answer, but it is larger than anybody expects.
    #[error("HTTP {status}, and an answer of more than {limit} bytes")]
    TooLarge {
        /// What the answer says.
        status: StatusCode,
        /// The limit in bytes.
        limit: usize,
    },
}

impl HttpClient {
    /// The same client, with credentials.
    #[must_use]
    pub fn with_authenticator(mut self, authenticator: Arc<dyn ClientAuthenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// Sends a request, compressed if it says not itself how it is encoded, and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// If there is no answer. An answer of status 400 and above is an answer.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (mut head, mut body) = request.into_parts();
        for (name, value) in &self.headers {
            head.headers.insert(name, value.clone());
        }
        if let Some(authenticator) = &self.authenticator {
            head.headers.extend(authenticator.headers().into_iter().map(|(name, value)| (Some(name), value)));
        }
        if self.encoding != Encoding::Identity
            && !body.is_empty()
            && !head.headers.contains_key(CONTENT_ENCODING)
        {
            let packed = compress(self.encoding, self.level, &body);
            body = packed.map_err(|error| HttpError::Request(error.to_string()))?.into();
            head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(self.encoding.name()));
        }
        let request = reqwest::Request::try_from(Request::from_parts(head, body)).map_err(explain)?;
        let mut response = self.client.execute(request).await.map_err(explain)?;
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        let mut body = BytesMut::new();
        while let Some(data) = response.chunk().await.map_err(explain)? {
            if body.len() + data.len() > self.max_response {
                return Err(HttpError::TooLarge { status: answer.status(), limit: self.max_response });
            }
            body.extend_from_slice(&data);
        }
        Ok(answer.map(|_| body.freeze()))
    }
}

/// The error with its causes, but without the URL, which may have secrets in it.
fn explain(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::Timeout;
    }
    let kind = match () {
        () if error.is_builder() => HttpError::Request,
        () if error.is_connect() => HttpError::Connect,
        () => HttpError::Connection,
    };
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    kind(crate::tls::with_guess(text))
}
