//! Takes OTLP (gRPC and HTTP on one port) and Prometheus remote write, and counts.

use crate::{
    Result,
    compression::decompress,
    count,
    latency::{Latency, Percentiles, now},
    order::Order,
    signal::Signal,
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

/// Nothing more is to be expected when nothing has arrived for so long.
const SILENCE: Duration = Duration::from_millis(1500);

type Body = BoxBody<Bytes, Infallible>;

/// A listener and what it has counted.
pub(crate) struct Sink {
    listener: TcpListener,
    shared: Shared,
}

/// The counts, for whoever wants to look.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    counts: BTreeMap<String, u64>,
    latency: Latency,
    /// When items carry numbers in place of times.
    order: Option<Order>,
    /// Requests that are still to be refused, and the HTTP status for it.
    faults: (u64, u16),
}

/// What has arrived since the last reset.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stats {
    /// Requests, their bytes on the wire, items by signal, samples, and faults.
    pub(crate) counts: BTreeMap<String, u64>,
    /// From the timestamp of an item to its arrival.
    pub(crate) latency_us: Percentiles,
}

impl Stats {
    /// Spans, data points, log records and samples.
    pub(crate) fn items(&self) -> u64 {
        ["traces", "metrics", "logs", "samples"].iter().filter_map(|key| self.counts.get(*key)).sum()
    }
}

impl Sink {
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self> {
        let listener =
            TcpListener::bind(address).await.map_err(|error| format!("listening on {address}: {error}"))?;
        Ok(Self { listener, shared: Shared::default() })
    }

    pub(crate) fn shared(&self) -> Shared {
        self.shared.clone()
    }

    /// Serves for ever.
    pub(crate) async fn serve(self) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            // Without it, only small answers are late.
            stream.set_nodelay(true).ok();
            let shared = self.shared.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(shared.clone(), request));
                let mut server = Builder::new(TokioExecutor::new());
                server
                    .http2()
                    .initial_stream_window_size(4 << 20)
                    .initial_connection_window_size(16 << 20)
                    .max_frame_size(1 << 20);
                // A connection that breaks shows in the counts of the one who sent on it.
                server.serve_connection(TokioIo::new(stream), service).await.ok();
            });
        }
    }
}

impl Shared {
    pub(crate) fn stats(&self) -> Stats {
        let state = self.lock();
        Stats { counts: state.counts.clone(), latency_us: state.latency.percentiles() }
    }

    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        state.counts.clear();
        state.latency = Latency::default();
    }

    /// From now on items carry numbers in place of times.
    pub(crate) fn expect_numbers(&self) {
        self.lock().order = Some(Order::default());
    }

    /// Numbers that came behind later ones, or once more.
    pub(crate) fn late(&self) -> u64 {
        self.lock().order.as_ref().map_or(0, Order::late)
    }

    /// Waits until nothing arrives any more; gives the moment when something last did.
    pub(crate) async fn settled(&self) -> Instant {
        let (mut last, mut since) = (self.stats().items(), Instant::now());
        while since.elapsed() < SILENCE {
            sleep(Duration::from_millis(100)).await;
            let now = self.stats().items();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        since
    }

    /// Waits until so many items have arrived; gives the moment. After silence of a minute, it gives up waiting.
    pub(crate) async fn arrived(&self, items: u64) -> Instant {
        let (mut last, mut since) = (self.stats().items(), Instant::now());
        while last < items && since.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_millis(5)).await;
            let now = self.stats().items();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        since
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, key: &str, count: u64) {
        match self.counts.get_mut(key) {
            Some(sum) => *sum += count,
            None => drop(self.counts.insert(key.to_owned(), count)),
        }
    }

    fn receive(&mut self, path: &str, wire: usize, body: &[u8]) {
        self.add("requests", 1);
        self.add("wire_bytes", wire as u64);
        if let Some(signal) = Signal::of_path(path) {
            let counts = count::otlp(signal, body);
            self.add(&signal.to_string(), counts.items);
            let now = now();
            for time in counts.times {
                match &mut self.order {
                    Some(order) => order.see(time),
                    None => self.latency.record(Duration::from_nanos(now.saturating_sub(time))),
                }
            }
        } else {
            self.add("samples", count::remote_write(body));
        }
    }
}

async fn answer(shared: Shared, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    match (&head.method, path) {
        (&Method::GET, "/stats") => {
            return Ok(reply(200, serde_json::to_vec(&shared.stats()).unwrap_or_default()));
        }
        (&Method::POST, "/reset") => {
            shared.reset();
            return Ok(reply(200, "reset\n"));
        }
        (&Method::POST, "/fail") => {
            let asked = head.uri.query();
            shared.lock().faults = (query(asked, "n").unwrap_or(1), query(asked, "status").unwrap_or(503));
            return Ok(reply(200, "so be it\n"));
        }
        (&Method::POST, path) if Signal::of_path(path).is_some() || path == "/api/v1/write" => {}
        _ => return Ok(reply(404, "OTLP, /api/v1/write, /stats, /reset and /fail are here\n")),
    }
    let Ok(body) = body.collect().await else { return Ok(reply(400, "cut off\n")) };
    let (body, grpc) = (body.to_bytes(), is_grpc(&head.headers));
    let fault = {
        let (left, status) = &mut shared.lock().faults;
        (*left > 0).then(|| {
            *left -= 1;
            *status
        })
    };
    if let Some(status) = fault {
        shared.lock().add("refused_on_purpose", 1);
        return Ok(if grpc { grpc_reply("14") } else { reply(status, "refused on purpose\n") });
    }
    Ok(match plain(&head.headers, grpc, &body) {
        Ok(message) => {
            shared.lock().receive(path, body.len(), &message);
            if grpc { grpc_reply("0") } else { reply(200, "") }
        }
        Err(error) => {
            shared.lock().add("malformed", 1);
            if grpc { grpc_reply("3") } else { reply(400, error.to_string()) }
        }
    })
}

fn query<T: std::str::FromStr>(query: Option<&str>, name: &str) -> Option<T> {
    let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name)?.1.parse().ok()
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// The protobuf message, out of its frame and compression.
fn plain(headers: &HeaderMap, grpc: bool, body: &Bytes) -> Result<Bytes> {
    let name = if grpc { "grpc-encoding" } else { "content-encoding" };
    let encoding = headers.get(name).and_then(|value| value.to_str().ok());
    if !grpc {
        return decompress(encoding, body.clone());
    }
    match body.first() {
        Some(0) if body.len() >= 5 => Ok(body.slice(5..)),
        Some(1) if body.len() >= 5 => decompress(encoding, body.slice(5..)),
        _ => Err("no gRPC message".into()),
    }
}

fn reply(status: u16, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::OK);
    response
}

/// One empty message and its trailers.
fn grpc_reply(status: &'static str) -> Response<Body> {
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        http::HeaderValue::from_static(status),
    )]);
    let message = Full::new(Bytes::from_static(&[0; 5]));
    let mut response = Response::new(message.with_trailers(async move { Some(Ok(trailers)) }).boxed());
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
    response
}
