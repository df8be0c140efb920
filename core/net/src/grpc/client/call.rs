//! One call: what is sent, and what comes back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::header::CONTENT_TYPE;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, Method, Response, StatusCode};

use super::Shared;
use super::connection::Connection;
use crate::compression::{Encoding, compress};
use crate::grpc::framing::{self, MessageReader};
use crate::grpc::{Code, Reply, Status, headers};

/// A request as it goes out, once or twice.
pub(super) struct Outgoing<'a> {
    channel: &'a Shared,
    uri: Uri,
    headers: HeaderMap,
    data: Vec<Bytes>,
}

/// Why an attempt failed.
pub(super) struct Failure {
    pub(super) status: Status,
    /// Whether the server has certainly not begun to work on it.
    pub(super) unseen: bool,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self { status, unseen: false }
    }
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(
        channel: &'a Shared,
        path: &PathAndQuery,
        headers: &HeaderMap,
        message: Bytes,
        timeout: Option<Duration>,
    ) -> Result<Self, Status> {
        let uri = Uri::builder()
            .scheme(channel.scheme.clone())
            .authority(channel.authority.clone())
            .path_and_query(path.clone())
            .build()
            .map_err(|error| Status::new(Code::Internal, error.to_string()))?;
        let mut all = channel.headers.clone();
        for (name, value) in headers {
            all.append(name, value.clone());
        }
        if let Some(authenticator) = &channel.options.authenticator {
            all.extend(authenticator.headers().into_iter().map(|(name, value)| (Some(name), value)));
        }
        if let Some(timeout) = timeout {
            all.insert(headers::GRPC_TIMEOUT, headers::timeout_value(timeout));
        }
        let compressed = channel.options.encoding != Encoding::Identity;
        let message = if compressed {
            let packed = compress(channel.options.encoding, channel.options.level, &message);
            Bytes::from(packed.map_err(|error| Status::new(Code::Internal, error.to_string()))?)
        } else {
            message
        };
        let data = if message.len() < channel.options.join_below {
            vec![framing::joined(compressed, &message)?]
        } else {
            vec![Bytes::copy_from_slice(&framing::prefix(compressed, message.len())?), message]
        };
        Ok(Self { channel, uri, headers: all, data })
    }

    /// Makes the call on one connection.
    pub(super) async fn attempt(&self, connection: &Arc<Connection>) -> Result<Bytes, Failure> {
        let mut request = http::Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();

        let live = connection.ready().await.map_err(|status| Failure { status, unseen: true })?;
        let _in_flight = connection.in_flight();
        let unsent = |error: h2::Error| {
            connection.forget(live.id);
            Failure { status: Status::from(&error), unseen: true }
        };
        let mut sender = live.sender.clone().ready().await.map_err(unsent)?;
        let (response, mut stream) = sender.send_request(request, false).map_err(unsent)?;
        let last = self.data.len() - 1;
        for (index, data) in self.data.iter().enumerate() {
            if stream.send_data(data.clone(), index == last).is_err() {
                // The stream is over already, and the response knows why.
                break;
            }
        }
        let response = response.await.map_err(|error| {
            if error.is_go_away() || error.is_io() {
                connection.forget(live.id);
            }
            let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
            let closing = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
            let unseen = error.is_remote() && (refused || closing);
            Failure { status: Status::from(&error), unseen }
        })?;
        read(response, self.channel.options.max_message).await.map_err(Failure::from)
    }
}

/// Reads a response up to its trailers.
async fn read(response: Response<RecvStream>, limit: usize) -> Reply {
    let (head, mut body) = response.into_parts();
    match headers::read_status(&head.headers) {
        Some(Err(status)) => return Err(status),
        Some(Ok(())) => return Err(Status::new(Code::Internal, "an answer without a message")),
        None if head.status != StatusCode::OK => {
            let text = format!("the server answered with HTTP status {}", head.status);
            return Err(Status::new(Code::from_http(head.status), text));
        }
        None => {}
    }
    let content_type = head.headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    if !content_type.starts_with(b"application/grpc") {
        let text = format!("the server does not speak gRPC: content type {:?}", content_type.escape_ascii());
        return Err(Status::new(Code::Unknown, text));
    }
    let encoding = match head.headers.get(headers::GRPC_ENCODING) {
        None => Encoding::Identity,
        Some(name) => Encoding::from_name(name.as_bytes()).ok_or_else(|| {
            Status::new(Code::Internal, format!("the server answered in grpc-encoding {name:?}"))
        })?,
    };
    let mut message = MessageReader::new(limit);
    while let Some(data) = body.data().await {
        let data = data.map_err(|error| Status::from(&error))?;
        body.flow_control().release_capacity(data.len()).ok();
        message.push(data)?;
    }
    let trailers = body.trailers().await.map_err(|error| Status::from(&error))?;
    match trailers.as_ref().and_then(headers::read_status) {
        Some(Ok(())) => message.finish(encoding),
        Some(Err(status)) => Err(status),
        None => Err(Status::new(Code::Internal, "an answer without grpc-status")),
    }
}
