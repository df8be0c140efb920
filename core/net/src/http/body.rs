//! Collecting and opening a request's body.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HeaderMap};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::server::{Refusal, ServerOptions};
use crate::compression::{DecompressError, Encoding, decompress};
use crate::receiving::Unfinished;

/// Receives the whole body and opens it, within the server's limits.
pub(super) async fn receive(
    options: &ServerOptions,
    unfinished: Unfinished,
    headers: &mut HeaderMap,
    body: Incoming,
) -> Result<Bytes, Refusal> {
    let encoding = encoding(options, headers)?;
    let collected = collect(options, unfinished, headers, body);
    let body = match options.read_timeout {
        None => collected.await?,
        Some(limit) => timeout(limit, collected).await.unwrap_or_else(|_| Err(too_slow(limit)))?,
    };
    let body = decompress(encoding, &body, options.max_body).map_err(|error| match error {
        DecompressError::TooLarge { limit } => too_large("the decompressed body", limit),
        DecompressError::Corrupt { .. } => Refusal::new(StatusCode::BAD_REQUEST, error.to_string()),
    })?;
    if encoding != Encoding::Identity {
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
    }
    Ok(body)
}

fn encoding(options: &ServerOptions, headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let Some(name) = headers.get(CONTENT_ENCODING) else { return Ok(Encoding::Identity) };
    let known = Encoding::from_name(name.as_bytes());
    known.filter(|known| *known == Encoding::Identity || options.encodings.contains(known)).ok_or_else(|| {
        Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("the content encoding {name:?} is not supported"),
        )
    })
}

async fn collect(
    options: &ServerOptions,
    mut unfinished: Unfinished,
    headers: &HeaderMap,
    mut body: Incoming,
) -> Result<Bytes, Refusal> {
    let limit = options.max_body;
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        // Who asks before sending has sent nothing yet.
        if !headers.contains_key(EXPECT) {
            discard(options, body).await;
        }
        return Err(too_large("the body", limit));
    }
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(data) = next(options.body_timeout, &mut body).await? {
        if first.len() + joined.len() + data.len() > limit {
            discard(options, body).await;
            return Err(too_large("the body", limit));
        }
        if !body.is_end_stream() && !unfinished.grow(data.len()) {
            drop((first, joined, unfinished));
            discard(options, body).await;
            return Err(Refusal::later("too much is being received at once".to_owned()));
        }
        if first.is_empty() && joined.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            // The declared length is within the limit, but not yet sent: memory comes with use.
            joined.reserve(declared.unwrap_or(2 * (first.len() + data.len())));
            joined.put(std::mem::take(&mut first));
        }
        joined.put(data);
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

async fn next(patience: Duration, body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    loop {
        match timeout(patience, body.frame()).await {
            Err(_) => return Err(too_slow(patience)),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => return Err(Refusal::new(StatusCode::BAD_REQUEST, error.to_string())),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Reads a body that nobody wants, up to 256 KiB and for a moment, so that its sender comes to read the answer.
pub(super) async fn hear_out(options: &ServerOptions, headers: &HeaderMap, body: Incoming) {
    // Who asks before sending has sent nothing yet.
    if !headers.contains_key(EXPECT) {
        timeout(Duration::from_millis(250), discard_up_to(256 << 10, options, body)).await.ok();
    }
}

/// Reads on, for a while, so that a client that is still sending comes to read the answer.
async fn discard(options: &ServerOptions, body: Incoming) {
    discard_up_to(options.max_body.saturating_mul(2), options, body).await;
}

async fn discard_up_to(mut left: usize, options: &ServerOptions, mut body: Incoming) {
    while let Ok(Some(data)) = next(options.body_timeout, &mut body).await
        && data.len() < left
    {
        left -= data.len();
    }
}

fn too_large(what: &str, limit: usize) -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("{what} is larger than {limit} bytes"))
}

fn too_slow(limit: Duration) -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("the body took longer than {limit:?}"))
}
