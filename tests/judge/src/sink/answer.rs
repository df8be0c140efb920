//! Answers as HTTP responses, whole or broken off in the middle.

use super::connection::Connection;
use crate::{
    items::Contents,
    protocol::{Protocol, RpcStatus},
    wire::frame,
};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body::{Body, Frame};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use prost::Message;
use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// The body of an answer. What is not given out whole is recorded as unheard.
pub(super) struct AnswerBody {
    frames: VecDeque<Frame<Bytes>>,
    cut: bool,
    accepted: Option<Accepted>,
}

/// Items that an answer says were accepted.
pub(super) struct Accepted {
    pub(super) connection: Arc<Connection>,
    pub(super) contents: Contents,
}

impl AnswerBody {
    fn new(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        Self { frames: frames.into_iter().collect(), cut: false, accepted: None }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(match self.frames.pop_front() {
            Some(frame) => Some(Ok(frame)),
            None if self.cut => Some(Err(io::Error::other("broken off as the script says"))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && !self.cut
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        if !self.is_end_stream()
            && let Some(Accepted { connection, contents }) = &self.accepted
        {
            connection.record.unheard(contents);
        }
    }
}

/// Says that all was accepted, except for so many records.
pub(super) fn accept(protocol: Protocol, rejected: usize, accepted: Accepted) -> Response<AnswerBody> {
    let mut response = success(protocol, rejected);
    response.body_mut().accepted = Some(accepted);
    response
}

/// Starts to say that all was accepted, and breaks off.
pub(super) fn cut(protocol: Protocol, accepted: Accepted) -> Response<AnswerBody> {
    let mut response = success(protocol, 0);
    let body = response.body_mut();
    body.cut = true;
    body.accepted = Some(accepted);
    if protocol == Protocol::Grpc {
        // The message without its trailers.
        body.frames.pop_back();
    } else {
        // An empty success is no body at all: announce more than will come.
        response.headers_mut().insert(header::CONTENT_LENGTH, 100.into());
        response.body_mut().frames = [Frame::data(Bytes::from_static(&[0x0a]))].into();
    }
    response
}

fn success(protocol: Protocol, rejected: usize) -> Response<AnswerBody> {
    let partial_success = (rejected > 0).then(|| ExportLogsPartialSuccess {
        rejected_log_records: i64::try_from(rejected).unwrap_or(i64::MAX),
        error_message: "rejected as the script says".to_owned(),
    });
    let message = Bytes::from(ExportLogsServiceResponse { partial_success }.encode_to_vec());
    let response = Response::builder().header(header::CONTENT_TYPE, content_type(protocol));
    let body = match protocol {
        Protocol::Grpc => {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", 0.into());
            AnswerBody::new([Frame::data(frame(&message, false)), Frame::trailers(trailers)])
        }
        Protocol::Http => AnswerBody::new((!message.is_empty()).then(|| Frame::data(message))),
    };
    response.body(body).expect("a response of constants")
}

/// Refuses a request with a gRPC status or an HTTP status.
pub(super) fn refuse(protocol: Protocol, code: u16, retry_after: Option<Duration>) -> Response<AnswerBody> {
    let message = format!("status {code} as the script says");
    let status = RpcStatus::new(code.into(), &message, retry_after).encode_to_vec();
    let response = Response::builder().header(header::CONTENT_TYPE, content_type(protocol));
    match protocol {
        Protocol::Grpc => {
            let mut response = response.header("grpc-status", code).header("grpc-message", message);
            if retry_after.is_some() {
                response = response.header("grpc-status-details-bin", BASE64_STANDARD_NO_PAD.encode(&status));
            }
            response.body(AnswerBody::new([]))
        }
        Protocol::Http => {
            let mut response = response.status(code);
            if let Some(pause) = retry_after {
                response = response.header(header::RETRY_AFTER, pause.as_secs().max(1));
            }
            response.body(AnswerBody::new([Frame::data(status.into())]))
        }
    }
    .expect("a response of a valid status")
}

fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Grpc => "application/grpc",
        Protocol::Http => "application/x-protobuf",
    }
}
