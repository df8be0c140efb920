//! One connection: the task that drives it drives all its calls.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::Reason;
use tokio::time::timeout;

use super::call::{Caller, answer};
use super::keepalive::{Keepalive, Verdict};
use crate::accept::Stop;
use crate::estate::Current;
use crate::grpc::UnaryService;
use crate::grpc::activity::{Activity, CLIENT_PREFACE, Watched};
use crate::stream::Stream;

/// Serves a connection until it ends, and ends it gracefully when the server stops.
pub(super) async fn serve<S: UnaryService>(
    stream: Stream,
    peer: Option<SocketAddr>,
    current: Current<Caller<S>>,
    stop: Stop,
) -> io::Result<()> {
    let caller = current.get();
    let options = &caller.options;
    let activity = Activity::new();
    let stream = Watched::new(stream, CLIENT_PREFACE, Arc::clone(&activity));
    let handshake = h2::server::Builder::new()
        .initial_window_size(options.stream_window)
        .initial_connection_window_size(options.connection_window)
        .max_frame_size(options.max_frame)
        .max_header_list_size(options.max_headers)
        .max_concurrent_streams(options.max_concurrent_streams)
        .handshake::<_, Bytes>(stream);
    let Ok(connection) = timeout(options.accept.handshake_timeout, handshake).await else {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "no HTTP/2 preface in time"));
    };
    let mut connection = connection.map_err(io::Error::other)?;
    let pings = connection.ping_pong();
    let mut keepalive = Keepalive::new(&options.keepalive, &options.enforcement, activity, pings);
    let mut calls = FuturesUnordered::new();
    let mut stop = pin!(stop.stopped());
    let mut stopping = false;

    poll_fn(|cx| {
        let mut answered = false;
        loop {
            // All requests that have arrived, then all calls; what they answered goes out together when the
            // connection is driven next.
            let mut progress = false;
            loop {
                match connection.poll_accept(cx) {
                    Poll::Ready(Some(Ok((request, respond)))) => {
                        calls.push(answer(current.get(), peer, request, respond));
                        progress = true;
                    }
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(io::Error::other(error))),
                    Poll::Ready(None) => return Poll::Ready(Ok(())),
                    Poll::Pending => break,
                }
            }
            while let Poll::Ready(Some(())) = calls.poll_next_unpin(cx) {
                (progress, answered) = (true, true);
            }
            if progress {
                continue;
            }
            if !stopping && stop.as_mut().poll(cx).is_ready() {
                stopping = true;
                connection.graceful_shutdown();
                continue;
            }
            match keepalive.poll(cx, calls.len(), std::mem::take(&mut answered)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Verdict::Drain) => connection.graceful_shutdown(),
                Poll::Ready(Verdict::TooManyPings) => connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
                Poll::Ready(Verdict::Close) => {
                    let error = io::Error::new(io::ErrorKind::TimedOut, "silent or too old");
                    return Poll::Ready(Err(error));
                }
            }
        }
    })
    .await
}
