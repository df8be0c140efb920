//! Serves requests whose bodies are collected, opened and bounded.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::body;
use super::cors::Cors;
use super::write_timeout::WriteTimeout;
use crate::accept::{AcceptOptions, Stop, accept};
use crate::auth::{AuthError, ServerAuthenticator};
use crate::compression::Encoding;
use crate::estate::{Current, Shared};
use crate::receiving::Receiving;
use crate::stream::{Listener, Stream};

/// What a server allows.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// How connections are accepted.
    pub accept: AcceptOptions,
    /// The largest body in bytes, before and after decompression. Default: 20 MiB.
    pub max_body: usize,
    /// What may be held of bodies that are not complete yet, in bytes, all connections together. Default: 256 MiB.
    pub max_receiving: usize,
    /// How bodies may be compressed. Default: every way that is known.
    pub encodings: Vec<Encoding>,
    /// How long a request's header may take. Default: 1 minute.
    pub header_timeout: Duration,
    /// How long a client may send nothing of a body. Default: 30 seconds.
    pub body_timeout: Duration,
    /// How long a body may take in all. Default: as long as it takes.
    pub read_timeout: Option<Duration>,
    /// How long a client may read nothing of an answer. Default: 30 seconds.
    pub write_timeout: Option<Duration>,
    /// How long a connection may be without a request. Default: 1 minute.
    pub idle_timeout: Duration,
    /// Whether a connection serves more than one request. Default: true.
    pub keep_alive: bool,
    /// Which web pages may send here. Default: none.
    pub cors: Option<Cors>,
    /// Headers of every answer.
    pub response_headers: HeaderMap,
    /// Who lets requests in, before their bodies are read. Default: everybody is let in.
    pub authenticator: Option<Arc<dyn ServerAuthenticator>>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            accept: AcceptOptions::default(),
            max_body: 20 << 20,
            max_receiving: 256 << 20,
            encodings: vec![Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy],
            header_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            read_timeout: None,
            write_timeout: Some(Duration::from_secs(30)),
            idle_timeout: Duration::from_secs(60),
            keep_alive: true,
            cors: None,
            response_headers: HeaderMap::new(),
            authenticator: None,
        }
    }
}

/// The other side of a request, among its extensions; `None` on a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<SocketAddr>);

/// What a server does with requests.
pub trait HttpService: Send + Sync + 'static {
    /// May answer by a request's head alone, before its body is read: unknown paths, wrong methods.
    fn refuse(&self, _head: &Parts) -> Option<Response<Bytes>> {
        None
    }

    /// Answers a request; its body is complete and no longer compressed, its extensions have the [`Peer`]. The
    /// future is dropped when the client goes away.
    fn call(&self, request: Request<Bytes>) -> impl Future<Output = Response<Bytes>> + Send;

    /// Told of each request that was refused before it came to [`call`](Self::call) by something else than
    /// [`refuse`](Self::refuse): too large, corrupt, unauthorized, too slow. May say it in the service's own words.
    fn refused(&self, _head: &Parts, answer: Response<Bytes>) -> Response<Bytes> {
        answer
    }
}

/// An answer in plain text.
#[must_use]
pub fn text(status: StatusCode, text: impl Into<String>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Serves `service` on `listener` until `shutdown` is ready; then accepts no more, lets open requests finish
/// within [`AcceptOptions::drain_timeout`], and returns.
///
/// Dropping the future closes all connections at once.
pub async fn serve<S: HttpService>(
    listener: Listener,
    service: Arc<S>,
    options: ServerOptions,
    shutdown: impl Future<Output = ()>,
) {
    let accepting = options.accept.clone();
    let receiving = Receiving::new(options.max_receiving);
    let server = Arc::new(Server { service, options, receiving });
    accept(listener, accepting, server, shutdown, connection).await;
}

impl<S: HttpService> Shared for Server<S> {
    fn may_go_on_with(&self, successor: &Self) -> bool {
        // Who was let in by another certificate shows it anew.
        let plain = |options: &ServerOptions| options.accept.tls.is_none();
        let settled = |options: &ServerOptions| {
            (options.header_timeout, options.write_timeout, options.idle_timeout, options.keep_alive)
        };
        let (own, other) = (&self.options, &successor.options);
        plain(own) && plain(other) && settled(own) == settled(other)
    }
}

/// What all connections share.
struct Server<S> {
    service: Arc<S>,
    options: ServerOptions,
    receiving: Arc<Receiving>,
}

/// The requests of a connection.
struct Requests {
    /// Those that are being answered, and when there was the last.
    now: Mutex<Now>,
    began: Notify,
    /// The next answer is the last.
    ending: AtomicBool,
}

struct Now {
    open: usize,
    last: Instant,
    version: Option<Version>,
}

impl Requests {
    fn new() -> Arc<Self> {
        let now = Now { open: 0, last: Instant::now(), version: None };
        Arc::new(Self { now: Mutex::new(now), began: Notify::new(), ending: AtomicBool::new(false) })
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the connection can be cut off without a request being lost. An HTTP/1 client that is silent
    /// may be about to send one: it is told by its next answer.
    async fn may_end(&self, stop: Stop) {
        stop.clone().stopped().await;
        self.ending.store(true, Relaxed);
        loop {
            let began = self.began.notified();
            if self.now().version == Some(Version::HTTP_2) {
                return;
            }
            tokio::select! {
                () = began => {}
                () = stop.clone().stopped_for_all() => return,
            }
        }
    }
}

async fn connection<S: HttpService>(
    stream: Stream,
    peer: Option<SocketAddr>,
    current: Current<Server<S>>,
    stop: Stop,
) -> io::Result<()> {
    let first = current.get();
    let options = &first.options;
    let requests = Requests::new();
    let handler = service_fn(|request: Request<Incoming>| {
        let server = current.get();
        let open = Open::new(&requests, request.version());
        async move {
            let mut response = answer(&server, Peer(peer), request).await;
            if open.0.ending.load(Relaxed) && open.1 != Version::HTTP_2 {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            drop(open);
            Ok::<_, Infallible>(response.map(Full::new))
        }
    });
    let builder = builder(options);
    let stream = TokioIo::new(WriteTimeout::new(stream, options.write_timeout));
    let mut connection = pin!(builder.serve_connection(stream, handler));
    let mut stop = pin!(requests.may_end(stop));
    let mut idle = pin!(sleep_until(Instant::now() + options.idle_timeout));
    let mut ending = false;
    loop {
        tokio::select! {
            result = &mut connection => return result.map_err(io::Error::other),
            () = &mut stop, if !ending => {
                ending = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut idle => {
                let (open, last) = {
                    let now = requests.now();
                    (now.open, now.last)
                };
                let until = if open > 0 { Instant::now() } else { last } + options.idle_timeout;
                if until > Instant::now() {
                    idle.as_mut().reset(until);
                } else if ending {
                    return Ok(());
                } else {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                    idle.as_mut().reset(Instant::now() + options.idle_timeout);
                }
            }
        }
    }
}

/// Counts a request while it lives.
struct Open(Arc<Requests>, Version);

impl Open {
    fn new(requests: &Arc<Requests>, version: Version) -> Self {
        let mut now = requests.now();
        now.open += 1;
        now.version = Some(version);
        drop(now);
        requests.began.notify_waiters();
        Self(Arc::clone(requests), version)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut now = self.0.now();
        now.open -= 1;
        now.last = Instant::now();
    }
}

fn builder(options: &ServerOptions) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .keep_alive(options.keep_alive)
        .max_buf_size(64 << 10)
        .auto_date_header(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(60))
        .max_concurrent_streams(256)
        .max_header_list_size(16 << 10)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(2 << 20)
        .auto_date_header(false);
    builder
}

async fn answer<S: HttpService>(
    server: &Server<S>,
    peer: Peer,
    request: Request<Incoming>,
) -> Response<Bytes> {
    let Server { service, options, .. } = server;
    let (mut head, body) = request.into_parts();
    let cors = options.cors.as_ref();
    if let Some(response) = cors.and_then(|cors| cors.preflight(&head.method, &head.headers)) {
        return response.map(|()| Bytes::new());
    }
    let origin = cors.map(|_| head.headers.clone());
    head.extensions.insert(peer);
    let mut response = match prepare(server, &mut head, body).await {
        Err(response) => *response,
        Ok(body) => {
            let reply = AssertUnwindSafe(service.call(Request::from_parts(head, body))).catch_unwind().await;
            reply.unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "the service panicked"))
        }
    };
    if let (Some(cors), Some(origin)) = (cors, origin) {
        cors.decorate(&origin, response.headers_mut());
    }
    for (name, value) in &options.response_headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

/// The body of a request that may come in.
async fn prepare<S: HttpService>(
    server: &Server<S>,
    head: &mut Parts,
    body: Incoming,
) -> Result<Bytes, Box<Response<Bytes>>> {
    let Server { service, options, receiving } = server;
    if let Some(response) = service.refuse(head) {
        body::hear_out(options, &head.headers, body).await;
        return Err(Box::new(response));
    }
    let let_in = options.authenticator.as_ref().map_or(Ok(()), |known| known.authenticate(&head.headers));
    let result = match let_in {
        Ok(()) => body::receive(options, receiving.open(), &mut head.headers, body).await,
        Err(error) => {
            body::hear_out(options, &head.headers, body).await;
            Err(error.into())
        }
    };
    result.map_err(|refusal| Box::new(service.refused(head, refusal.into())))
}

/// Why a request does not come in.
pub(super) struct Refusal {
    status: StatusCode,
    why: String,
    /// `WWW-Authenticate` or `Retry-After`.
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, why: String) -> Self {
        Self { status, why, header: None }
    }

    /// The sender may come back in a second.
    pub(super) fn later(why: String) -> Self {
        let header = Some((RETRY_AFTER, HeaderValue::from_static("1")));
        Self { status: StatusCode::SERVICE_UNAVAILABLE, why, header }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        let header = error.challenge.map(|challenge| (WWW_AUTHENTICATE, challenge));
        Self { status: StatusCode::UNAUTHORIZED, why: error.message, header }
    }
}

impl From<Refusal> for Response<Bytes> {
    fn from(refusal: Refusal) -> Self {
        let mut response = text(refusal.status, refusal.why);
        if let Some((name, value)) = refusal.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
