//! One request, and what its answer means.

use super::{Method, sign::Signer};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use reqwest::Url;
use std::time::Duration;
use tidewatch_component::ExportError;
use tidewatch_net::http::{HttpClient, HttpError, retry_after};

pub(super) struct Sender {
    client: HttpClient,
    url: Url,
    /// User and password of the URL.
    credentials: Option<HeaderValue>,
    method: http::Method,
    signer: Option<Signer>,
    /// None: an answer may take for ever.
    timeout: Option<Duration>,
    /// The URL without what may be secret in it.
    place: String,
}

impl Sender {
    /// A `timeout` of 0 is for ever.
    pub(super) fn new(
        client: HttpClient,
        mut url: Url,
        method: Method,
        signer: Option<Signer>,
        timeout: Duration,
    ) -> Self {
        let credentials = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let decode = |text: &str| percent_decode(text);
            let pair = [decode(url.username()), decode(url.password().unwrap_or_default())].join(&b':');
            let mut value: HeaderValue =
                format!("Basic {}", STANDARD.encode(pair)).parse().expect("base64 is a header's value");
            value.set_sensitive(true);
            value
        });
        // Both only fail for URLs without a host.
        if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
            unreachable!("the URL has a host");
        }
        let method = match method {
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Patch => http::Method::PATCH,
        };
        let place = url.origin().ascii_serialization();
        let timeout = (!timeout.is_zero()).then_some(timeout);
        Self { client, url, credentials, method, signer, timeout, place }
    }

    /// Sends a body.
    ///
    /// # Errors
    /// Retryable: no connection, no answer, 408, 429, 5xx. Permanent: every other answer but 2xx.
    pub(super) async fn send(&self, body: Vec<u8>) -> Result<(), ExportError> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(self.url.as_str())
            .header(CONTENT_TYPE, "application/json");
        if let Some(credentials) = &self.credentials {
            request = request.header(AUTHORIZATION, credentials);
        }
        if let Some(signer) = &self.signer {
            let (header, signature) = signer.sign(&body);
            request = request.header(header, signature);
        }
        let request = request
            .body(Bytes::from(body))
            .map_err(|error| ExportError::permanent(format!("{}: {error}", self.place)))?;
        let limit = self.timeout.unwrap_or(Duration::MAX);
        match tokio::time::timeout(limit, self.client.send(request)).await {
            Ok(Ok(answer)) => self.judge(&answer),
            Ok(Err(error)) => Err(self.unanswered(&error)),
            Err(_) => Err(ExportError::retryable(format!("{}: no answer within {limit:?}", self.place))),
        }
    }

    fn judge(&self, answer: &Response<Bytes>) -> Result<(), ExportError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let hint = if status.is_redirection() { "; redirects are not followed" } else { "" };
        let reason = format!("{} answered {status}{hint}{}", self.place, excerpt(answer.body()));
        match status.as_u16() {
            408 | 429 | 500.. => Err(ExportError::Retryable {
                reason,
                after: retry_after(answer.headers()),
                refused: matches!(status.as_u16(), 429 | 503),
            }),
            _ => Err(ExportError::permanent(reason)),
        }
    }

    fn unanswered(&self, error: &HttpError) -> ExportError {
        let reason = format!("{}: {error}", self.place);
        match error {
            HttpError::Connect(_) => ExportError::Retryable { reason, after: None, refused: true },
            HttpError::Timeout | HttpError::Connection(_) => ExportError::retryable(reason),
            HttpError::Request(_) | HttpError::TooLarge { .. } => ExportError::permanent(reason),
        }
    }
}

/// The first words of an answer.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(1024)]);
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.join(" ").chars().take(200).collect::<String>() {
        none if none.is_empty() => none,
        some => format!(": {some}"),
    }
}

/// What `%41` and the like in the user or password of a URL stand for.
fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| hex::decode(digits).ok());
        match escaped {
            Some(byte) => {
                decoded.extend(byte);
                rest = &behind[2..];
            }
            None => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_cut_short_and_stay_on_one_line() {
        assert_eq!(excerpt(b""), "");
        assert_eq!(excerpt(b" <html>\n no\x20 </html>"), ": <html> no </html>");
        assert_eq!(excerpt("é".repeat(9000).as_bytes()).chars().count(), 202);
    }

    #[test]
    fn passwords_in_urls_may_hold_any_character() {
        assert_eq!(percent_decode("p%40ss%zz%4"), b"p@ss%zz%4");
    }
}
