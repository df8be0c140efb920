//! A backend that speaks OTLP over gRPC and HTTP on one port, and keeps what it is sent.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use bytes::{Buf, Bytes};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use prost::Message;
use std::{
    convert::Infallible,
    io::Read,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tidewatch_otlp::proto::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use tokio::{net::TcpListener, runtime::Runtime};

/// The requests that arrived, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    pub(crate) traces: Vec<ExportTraceServiceRequest>,
    pub(crate) metrics: Vec<ExportMetricsServiceRequest>,
    pub(crate) logs: Vec<ExportLogsServiceRequest>,
}

impl Received {
    /// Keeps a request of the signal that its path names.
    pub(crate) fn keep(&mut self, path: &str, message: &[u8]) -> Result<(), String> {
        match path {
            "/v1/traces" | "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => {
                self.traces.push(decode(message)?);
            }
            "/v1/metrics" | "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => {
                self.metrics.push(decode(message)?);
            }
            "/v1/logs" | "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => {
                self.logs.push(decode(message)?);
            }
            _ => return Err(format!("no signal is sent to {path}")),
        }
        Ok(())
    }
}

fn decode<M: Message + Default>(message: &[u8]) -> Result<M, String> {
    M::decode(message).map_err(|error| error.to_string())
}

/// It serves until it is dropped.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Received>>,
    refuses: Refuses,
    _runtime: Runtime,
}

impl Backend {
    /// Starts it at a free port.
    pub(crate) fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts it at this address.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let runtime = Runtime::new().expect("threads");
        let listener = runtime.block_on(TcpListener::bind(address)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::new(Mutex::new(Received::default()));
        let refuses = Arc::default();
        runtime.spawn(serve(listener, Arc::clone(&received), Arc::clone(&refuses)));
        Self { address, received, refuses, _runtime: runtime }
    }

    /// From now on refuses for good what holds this text; none: nothing.
    pub(crate) fn refuse(&self, text: Option<&'static str>) {
        *self.refuses.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Everything so far.
    pub(crate) fn received(&self) -> Received {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

type Refuses = Arc<Mutex<Option<&'static str>>>;

async fn serve(listener: TcpListener, received: Arc<Mutex<Received>>, refuses: Refuses) {
    while let Ok((stream, _)) = listener.accept().await {
        let (received, refuses) = (Arc::clone(&received), Arc::clone(&refuses));
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&received), Arc::clone(&refuses)));
            // A client that hangs up is none of our business.
            let server = auto::Builder::new(TokioExecutor::new());
            server.serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

async fn answer(
    request: Request<Incoming>,
    received: Arc<Mutex<Received>>,
    refuses: Refuses,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let grpc = header(&head.headers, CONTENT_TYPE.as_str()).starts_with("application/grpc");
    let kept = match body.collect().await {
        Ok(body) => message(&head.headers, grpc, body.to_bytes()).and_then(|message| {
            let refused = *refuses.lock().unwrap_or_else(PoisonError::into_inner);
            let holds = |text: &str| message.windows(text.len()).any(|part| part == text.as_bytes());
            if refused.is_some_and(holds) {
                return Err("it is poisoned".into());
            }
            received.lock().unwrap_or_else(PoisonError::into_inner).keep(head.uri.path(), &message)
        }),
        Err(error) => Err(error.to_string()),
    };
    Ok(if grpc { grpc_answer(kept) } else { http_answer(kept) })
}

/// The protobuf message of a body.
fn message(headers: &HeaderMap, grpc: bool, mut body: Bytes) -> Result<Vec<u8>, String> {
    if !grpc {
        return inflate(header(headers, CONTENT_ENCODING.as_str()), &body);
    }
    let compressed = body.try_get_u8().map_err(|error| error.to_string())? == 1;
    let length = body.try_get_u32().map_err(|error| error.to_string())?;
    if usize::try_from(length) != Ok(body.len()) {
        return Err("not one message".into());
    }
    inflate(if compressed { header(headers, "grpc-encoding") } else { "" }, &body)
}

fn inflate(encoding: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut message = Vec::new();
    let read = match encoding {
        "" => return Ok(bytes.to_vec()),
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut message),
        "zstd" => zstd::stream::copy_decode(bytes, &mut message).map(|()| message.len()),
        _ => return Err(format!("{encoding} is not supported")),
    };
    read.map(|_| message).map_err(|error| error.to_string())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn http_answer(kept: Result<(), String>) -> Answer {
    let (status, text) = match kept {
        Ok(()) => (StatusCode::OK, String::new()),
        Err(problem) => (StatusCode::BAD_REQUEST, problem),
    };
    let mut answer = Response::new(Full::from(text).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    answer
}

/// An empty message, and what became of the call.
fn grpc_answer(kept: Result<(), String>) -> Answer {
    let (status, problem) = match kept {
        Ok(()) => ("0", String::new()),
        Err(problem) => ("3", problem),
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    trailers.insert("grpc-message", HeaderValue::try_from(problem).expect("no control characters"));
    let empty = Full::from(Bytes::from_static(&[0; 5]));
    let body = empty.with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut answer = Response::new(body.boxed_unsync());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    answer
}
