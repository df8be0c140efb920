//! One call: from the request's headers to the last trailer.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Response, StatusCode};
use tokio::time::timeout;

use super::ServerOptions;
use crate::compression::Encoding;
use crate::grpc::framing::{self, MessageReader};
use crate::grpc::{Code, Reply, Request, Status, UnaryService, headers};
use crate::receiving::Receiving;

/// When to come back if too much is being received.
const COME_BACK: Duration = Duration::from_secs(1);

/// How long a request that is not gRPC's may take to say all it has to say.
const HEAR_OUT: Duration = Duration::from_millis(250);

/// What all calls of a server share.
pub(super) struct Caller<S> {
    pub(super) service: Arc<S>,
    pub(super) options: ServerOptions,
    pub(super) receiving: Arc<Receiving>,
}

/// Answers a call, unless its client gives up before.
pub(super) async fn answer<S: UnaryService>(
    caller: Arc<Caller<S>>,
    peer: Option<SocketAddr>,
    mut request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    if let Some(response) = not_grpc(&request) {
        timeout(HEAR_OUT, discard(request.body_mut())).await.ok();
        send_text(respond, response).ok();
        return;
    }
    let reply = {
        let mut work = pin!(work(&caller, peer, request));
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(reply) => Poll::Ready(reply),
            // A reset, or an error that says as much.
            Poll::Pending => respond.poll_reset(cx).map(|_| None),
        })
        .await
    };
    // An error means that the client is gone, and then there is nobody to be told.
    match reply {
        Some(Ok(message)) => send_message(respond, &message).ok(),
        Some(Err(status)) => send_status(respond, &status).ok(),
        None => None,
    };
}

/// Reads what comes with a request that is not gRPC's, up to 256 KiB, so that its sender comes to read the answer.
async fn discard(body: &mut RecvStream) {
    let mut left = 256 << 10;
    while let Some(Ok(data)) = body.data().await
        && data.len() <= left
    {
        left -= data.len();
        body.flow_control().release_capacity(data.len()).ok();
    }
}

/// What plain HTTP says to a request that is not gRPC's.
fn not_grpc(request: &http::Request<RecvStream>) -> Option<Response<()>> {
    let mut response = Response::new(());
    if request.method() != Method::POST {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return Some(response);
    }
    let content_type = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let grpc = content_type
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')));
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    (!grpc).then_some(response)
}

/// `None` if the client is gone.
async fn work<S: UnaryService>(
    caller: &Caller<S>,
    peer: Option<SocketAddr>,
    request: http::Request<RecvStream>,
) -> Option<Reply> {
    let (head, body) = request.into_parts();
    let path = head.uri.into_parts().path_and_query.unwrap_or(PathAndQuery::from_static("/"));
    let deadline = match headers::read_timeout(&head.headers) {
        Ok(deadline) => deadline,
        Err(status) => return Some(Err(refused(caller, &path, status))),
    };
    let work = async {
        let message = match receive(caller, path.path(), &head.headers, body).await {
            Ok(message) => message?,
            Err(status) => return Some(Err(refused(caller, &path, status))),
        };
        let request = Request { path, headers: head.headers, message, peer };
        let reply = AssertUnwindSafe(caller.service.call(request)).catch_unwind().await;
        Some(reply.unwrap_or_else(|_| Err(Status::new(Code::Internal, "the service panicked"))))
    };
    match deadline {
        None => work.await,
        Some(deadline) => timeout(deadline, work).await.unwrap_or_else(|_| {
            Some(Err(Status::new(Code::DeadlineExceeded, format!("no answer within {deadline:?}"))))
        }),
    }
}

fn refused<S: UnaryService>(caller: &Caller<S>, path: &PathAndQuery, status: Status) -> Status {
    caller.service.refused(path.path(), &status);
    status
}

/// Receives the message, if the headers are as they should; `None` if the client is gone.
async fn receive<S: UnaryService>(
    caller: &Caller<S>,
    path: &str,
    headers: &HeaderMap,
    mut body: RecvStream,
) -> Result<Option<Bytes>, Status> {
    if !caller.service.knows(path) {
        return Err(Status::new(Code::Unimplemented, format!("unknown method {path}")));
    }
    if let Some(authenticator) = &caller.options.authenticator {
        let result = authenticator.authenticate(headers);
        result.map_err(|error| Status::new(Code::Unauthenticated, error.message))?;
    }
    let encoding = match headers.get(headers::GRPC_ENCODING) {
        None => Encoding::Identity,
        Some(name) => Encoding::from_name(name.as_bytes())
            .ok_or_else(|| Status::new(Code::Unimplemented, format!("unknown grpc-encoding {name:?}")))?,
    };
    let mut message = MessageReader::new(caller.options.max_message);
    let mut unfinished = caller.receiving.open();
    loop {
        let data = match next_data(&mut body, caller.options.body_timeout).await? {
            None => break,
            Some(Err(_)) => return Ok(None),
            Some(Ok(data)) => data,
        };
        let length = data.len();
        body.flow_control().release_capacity(length).ok();
        message.push(data)?;
        if !message.is_complete() && !unfinished.grow(length) {
            return Err(Status::new(Code::ResourceExhausted, "too much is being received at once")
                .retry_after(COME_BACK));
        }
    }
    message.finish(encoding).map(Some)
}

async fn next_data(
    body: &mut RecvStream,
    patience: Duration,
) -> Result<Option<Result<Bytes, h2::Error>>, Status> {
    timeout(patience, body.data()).await.map_err(|_| {
        Status::new(Code::DeadlineExceeded, format!("nothing of the message came for {patience:?}"))
    })
}

fn send_text(mut respond: SendResponse<Bytes>, response: Response<()>) -> Result<(), h2::Error> {
    respond.send_response(response, false)?.send_data(Bytes::from_static(b"gRPC is spoken here\n"), true)
}

fn send_message(mut respond: SendResponse<Bytes>, message: &[u8]) -> Result<(), h2::Error> {
    let data = framing::joined(false, message).map_err(|_| h2::Error::from(Reason::INTERNAL_ERROR))?;
    let mut stream = respond.send_response(grpc_response(), false)?;
    stream.send_data(data, false)?;
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(headers::GRPC_STATUS, HeaderValue::from_static("0"));
    stream.send_trailers(trailers)
}

fn send_status(mut respond: SendResponse<Bytes>, status: &Status) -> Result<(), h2::Error> {
    let mut response = grpc_response();
    headers::write_status(status, response.headers_mut());
    if status.code == Code::Unimplemented {
        response.headers_mut().insert(headers::GRPC_ACCEPT_ENCODING, headers::ACCEPTED);
    }
    respond.send_response(response, true).map(drop)
}

fn grpc_response() -> Response<()> {
    let mut response = Response::new(());
    response.headers_mut().insert(CONTENT_TYPE, headers::CONTENT_TYPE);
    response
}
