//! One connection of a sink.

use super::{Answer, Arrival, Record, Script, answer, answer::Accepted, answer::AnswerBody};
use crate::{
    Result,
    items::{self, Contents},
    protocol::Protocol,
    wire::{decompress, unframe},
};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};
use tokio::{net::TcpStream, sync::watch};

/// Before a connection is closed, its last answers have this long to be read. It gives no new ones
/// meanwhile, so that what it accepted was heard for sure, except where its script broke off the answer.
const BEFORE_CLOSE: Duration = Duration::from_millis(250);

/// A connection, which may be told to close.
pub(super) struct Connection {
    pub(super) record: Arc<Record>,
    script: Script,
    closing: watch::Sender<bool>,
}

impl Connection {
    pub(super) fn new(record: Arc<Record>, script: Script) -> Arc<Self> {
        Arc::new(Self { record, script, closing: watch::Sender::new(false) })
    }

    /// Serves until either side closes.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream, mut open: watch::Receiver<bool>) {
        let builder = auto::Builder::new(TokioExecutor::new());
        let service = service_fn(|request| {
            let connection = self.clone();
            async move { Ok::<_, Infallible>(connection.respond(request).await) }
        });
        let mut closing = self.closing.subscribe();
        let closed = async {
            tokio::select! {
                _ = open.wait_for(|open| !open) => {}
                _ = closing.wait_for(|closing| *closing) => {}
            }
            self.closing.send_replace(true);
            tokio::time::sleep(BEFORE_CLOSE).await;
        };
        tokio::select! {
            _ = builder.serve_connection(TokioIo::new(stream), service) => {}
            () = closed => {}
        }
    }

    async fn respond(self: Arc<Self>, request: Request<Incoming>) -> Response<AnswerBody> {
        let is_grpc = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
        let protocol = if is_grpc { Protocol::Grpc } else { Protocol::Http };
        match read(protocol, request).await {
            Ok(contents) => self.answer(protocol, contents).await,
            Err(error) => {
                // What broke off on its way says nothing about what was sent.
                let broke_off = error.is::<hyper::Error>();
                let what = if broke_off { "broken off".to_owned() } else { format!("unreadable: {error}") };
                self.record.answered(what);
                answer::refuse(protocol, if is_grpc { 3 } else { 400 }, None)
            }
        }
    }

    async fn answer(self: Arc<Self>, protocol: Protocol, mut contents: Contents) -> Response<AnswerBody> {
        // Before the script is asked: what it decides is answered.
        if *self.closing.borrow() {
            return pending().await;
        }
        let came = self.record.times.now();
        let mut decision = (self.script)(Arrival { protocol, numbers: &contents.numbers });
        while let Answer::Slow(pause, next) = decision {
            tokio::time::sleep(pause).await;
            decision = *next;
        }
        if *self.closing.borrow() {
            return pending().await;
        }
        self.record.answered(decision.name(protocol));
        match decision {
            Answer::Slow(..) => unreachable!("slept through above"),
            Answer::Refuse { code, retry_after } => {
                let numbers = contents.numbers.iter().copied();
                if protocol.is_retryable(code, retry_after.is_some()) {
                    self.record.failed.extend(numbers);
                } else {
                    self.record.refused.extend(numbers);
                }
                answer::refuse(protocol, code, retry_after)
            }
            Answer::Accept => {
                self.record.accept_since(&contents, came);
                answer::accept(protocol, 0, Accepted { connection: self, contents })
            }
            Answer::AcceptBut(rejected) => {
                self.record.refused.extend(rejected.iter().copied());
                self.record.rejected.extend(rejected.iter().copied());
                contents.numbers.retain(|number| !rejected.contains(number));
                self.record.accept_since(&contents, came);
                answer::accept(protocol, rejected.len(), Accepted { connection: self, contents })
            }
            Answer::CutAnswer { connection } => {
                self.record.accept_since(&contents, came);
                if connection {
                    self.closing.send_replace(true);
                }
                answer::cut(protocol, Accepted { connection: self, contents })
            }
        }
    }
}

async fn read(protocol: Protocol, request: Request<Incoming>) -> Result<Contents> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let message: Bytes = match protocol {
        Protocol::Http => decompress(header("content-encoding"), body)?,
        Protocol::Grpc => match unframe(&body).ok_or("not one gRPC frame")? {
            (message, false) => message,
            (message, true) => decompress(header("grpc-encoding"), message)?,
        },
    };
    Ok(items::read(&message)?)
}
