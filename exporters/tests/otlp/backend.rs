//! A destination: OTLP/gRPC by tonic's server, OTLP/HTTP by hyper's, on one port.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::{Buf, BufMut, Bytes};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tidewatch_net::stream::{Address, Listener};
use tidewatch_net::tls::TlsServerConfig;
use tokio::task::{JoinHandle, JoinSet};
use tonic::body::Body;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};

/// What reached the destination.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    /// gRPC: the message, decompressed. HTTP: the body as it came.
    pub(crate) body: Bytes,
}

/// What the destination says.
pub(crate) enum Answer {
    /// Success, with this `Export*ServiceResponse`.
    Success(Vec<u8>),
    /// gRPC.
    Status(tonic::Status),
    /// HTTP.
    Http(Response<Bytes>),
    /// Nothing at all.
    Hang,
}

impl Answer {
    /// Everything was taken.
    pub(crate) const TAKEN: Self = Self::Success(Vec::new());
}

type Script = Arc<dyn Fn(usize, &Seen) -> Answer + Send + Sync>;

/// A running destination.
pub(crate) struct Backend {
    /// `127.0.0.1:port`
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Backend {
    /// Answers as `script` says: it gets the request and how many there were before.
    pub(crate) async fn start(script: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", None, script).await
    }

    pub(crate) async fn start_at(
        address: &str,
        tls: Option<&TlsServerConfig>,
        script: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let tls = tls.map(|tls| tls.build(&["h2", "http/1.1"]).unwrap());
        let listener = Listener::bind(&Address::Tcp(address.to_owned())).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let service = Service { seen: Arc::clone(&seen), script: Arc::new(script) };
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (service, tls) = (service.clone(), tls.clone());
                connections.spawn(async move {
                    let stream = match tls {
                        None => stream,
                        Some(tls) => match stream.accept_tls(tls).await {
                            Ok(stream) => stream,
                            Err(_) => return,
                        },
                    };
                    let answer = service_fn(move |request| service.clone().answer(request));
                    let builder = auto::Builder::new(TokioExecutor::new());
                    builder.serve_connection(TokioIo::new(stream), answer).await.ok();
                });
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Service {
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Script,
}

impl Service {
    fn ask(&self, seen: Seen) -> Answer {
        let mut all = self.seen.lock().unwrap();
        all.push(seen);
        (self.script)(all.len() - 1, &all[all.len() - 1])
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let content_type = request.headers().get("content-type").map(|value| value.as_bytes().to_vec());
        if content_type.is_some_and(|name| name.starts_with(b"application/grpc")) {
            let call = Call { service: self, uri: request.uri().clone() };
            let mut grpc = Grpc::new(Raw)
                .accept_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Zstd);
            return Ok(grpc.unary(call, request).await);
        }
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
        let seen = Seen { uri: head.uri, version: head.version, headers: head.headers, body };
        let response = match self.ask(seen) {
            Answer::Success(message) => {
                let response = Response::builder().header("content-type", "application/x-protobuf");
                response.body(message.into()).unwrap()
            }
            Answer::Http(response) => response,
            Answer::Hang => std::future::pending().await,
            Answer::Status(status) => panic!("HTTP has no gRPC status: {status}"),
        };
        Ok(response.map(|body| Body::new(Full::new(body))))
    }
}

/// One gRPC call.
struct Call {
    service: Service,
    uri: Uri,
}

impl UnaryService<Bytes> for Call {
    type Response = Bytes;
    type Future = BoxFuture<'static, Result<tonic::Response<Bytes>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let (metadata, _, body) = request.into_parts();
        let (uri, version) = (self.uri.clone(), Version::HTTP_2);
        let answer = self.service.ask(Seen { uri, version, headers: metadata.into_headers(), body });
        Box::pin(async move {
            match answer {
                Answer::Success(message) => Ok(tonic::Response::new(message.into())),
                Answer::Status(status) => Err(status),
                Answer::Hang => std::future::pending().await,
                Answer::Http(_) => panic!("gRPC has no HTTP answers"),
            }
        })
    }
}

/// Messages as they are.
#[derive(Clone, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// An HTTP answer of this status.
pub(crate) fn http(status: u16) -> Answer {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Answer::Http(response)
}
