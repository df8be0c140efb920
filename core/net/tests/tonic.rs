//! Our server against tonic's client, and our client against tonic's server.

mod common;

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use common::{Echo, Server, call, echo, eventually, start};
use futures_util::future::BoxFuture;
use tidewatch_net::compression::Encoding;
use tidewatch_net::grpc::{Channel, ChannelOptions, Code, ServerOptions};
use tidewatch_net::stream::Address;
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::Endpoint;
use tonic::transport::server::TcpIncoming;

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

async fn tonic_client(server: &Server) -> Grpc<tonic::transport::Channel> {
    let Address::Tcp(address) = &server.address else { panic!("not TCP") };
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    Grpc::new(endpoint.connect().await.unwrap()).max_decoding_message_size(usize::MAX)
}

async fn tonic_call(
    client: &mut Grpc<tonic::transport::Channel>,
    path: &'static str,
    message: Bytes,
    timeout: Option<Duration>,
) -> Result<Bytes, tonic::Status> {
    client.ready().await.unwrap();
    let mut request = tonic::Request::new(message);
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    client.unary(request, path.parse().unwrap(), Raw).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn tonic_sends_messages_of_all_sizes_in_its_encodings() {
    let server = start(Echo, ServerOptions { max_message: 12 << 20, ..ServerOptions::default() }).await;
    for encoding in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
        let mut client = tonic_client(&server).await;
        if let Some(encoding) = encoding {
            client = client.send_compressed(encoding);
        }
        for size in [0, 1, 100_000, 10 << 20] {
            let message: Bytes = (0..size).map(|i: u32| (i / 5) as u8).collect();
            let reply = tonic_call(&mut client, "/test/echo", message.clone(), None).await.unwrap();
            assert!(reply == message, "{encoding:?}, {size} bytes");
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tonic_makes_a_thousand_calls_at_once() {
    let server = start(Echo, ServerOptions::default()).await;
    let client = tonic_client(&server).await;
    let calls: Vec<_> = (0..1000_u32)
        .map(|i| {
            let mut client = client.clone();
            tokio::spawn(async move {
                let message = Bytes::copy_from_slice(&i.to_be_bytes());
                assert_eq!(
                    tonic_call(&mut client, "/test/echo", message.clone(), None).await.unwrap(),
                    message
                );
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn tonic_understands_our_statuses() {
    let server = start(Echo, ServerOptions { max_message: 1000, ..ServerOptions::default() }).await;
    let mut client = tonic_client(&server).await;
    let status = tonic_call(&mut client, "/test/fail", Bytes::new(), None).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (tonic::Code::Unavailable, "full: 100 %, später"));
    let retry_info = b"type.googleapis.com/google.rpc.RetryInfo";
    assert!(status.details().windows(retry_info.len()).any(|part| part == retry_info));

    let status = tonic_call(&mut client, "/test/nothing", Bytes::new(), None).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unimplemented);
    let large = Bytes::from(vec![0; 1 << 20]);
    let status = tonic_call(&mut client, "/test/echo", large, None).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    let timeout = Some(Duration::from_millis(50));
    let status = tonic_call(&mut client, "/test/hang", Bytes::new(), timeout).await.unwrap_err();
    assert!(matches!(status.code(), tonic::Code::DeadlineExceeded | tonic::Code::Cancelled), "{status}");
    server.hung_up(1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_tonic_caller_that_gives_up_drops_the_call() {
    let server = start(Echo, ServerOptions::default()).await;
    let mut client = tonic_client(&server).await;
    let hanging =
        tokio::spawn(async move { tonic_call(&mut client, "/test/hang", Bytes::new(), None).await });
    server.begun(1).await;
    hanging.abort();
    server.hung_up(1).await;
    server.stop().await;
}

/// The same service on tonic.
#[derive(Clone)]
struct TonicEcho;

impl NamedService for TonicEcho {
    const NAME: &'static str = "test";
}

impl UnaryService<Bytes> for TonicEcho {
    type Response = Bytes;
    type Future = BoxFuture<'static, Result<tonic::Response<Bytes>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        Box::pin(async move {
            if request.metadata().contains_key("x-hang") {
                std::future::pending::<()>().await;
            }
            match &request.get_ref()[..] {
                b"fail" => Err(tonic::Status::with_details(
                    tonic::Code::ResourceExhausted,
                    "zu groß",
                    // google.rpc.Status with a RetryInfo of 3.5 seconds.
                    Bytes::from_static(
                        b"\x08\x08\x1a\x36\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x0a\x0a\x08\x08\x03\x10\x80\xca\xb5\xee\x01",
                    ),
                )),
                _ => Ok(tonic::Response::new(request.into_inner())),
            }
        })
    }
}

impl tower::Service<http::Request<Body>> for TonicEcho {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let encodings = [CompressionEncoding::Gzip, CompressionEncoding::Zstd];
            let mut grpc = tonic::server::Grpc::new(Raw)
                .max_decoding_message_size(usize::MAX)
                .accept_compressed(encodings[0])
                .accept_compressed(encodings[1])
                .send_compressed(encodings[0]);
            Ok(grpc.unary(TonicEcho, request).await)
        })
    }
}

/// A running tonic server and what stops it.
async fn tonic_server(address: &str) -> (Address, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let incoming = TcpIncoming::bind(address.parse().unwrap()).unwrap();
    let address = Address::Tcp(incoming.local_addr().unwrap().to_string());
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let serving = tonic::transport::Server::builder().add_service(TonicEcho);
        let stopped = async { stopped.await.unwrap_or_default() };
        serving.serve_with_incoming_shutdown(incoming, stopped).await.unwrap();
    });
    (address, stop, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_calls_tonic_in_both_encodings() {
    let (address, stop, task) = tonic_server("127.0.0.1:0").await;
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
        let options = ChannelOptions { encoding, max_message: 12 << 20, ..ChannelOptions::default() };
        let channel = Channel::new(&address, options).unwrap();
        for size in [0, 1, 100_000, 10 << 20] {
            let message: Bytes = (0..size).map(|i: u32| (i / 5) as u8).collect();
            let reply = call(&channel, "/test/echo", message.clone()).await.unwrap();
            assert!(reply == message, "{encoding:?}, {size} bytes");
        }
    }
    let channel = Channel::new(&address, ChannelOptions::default()).unwrap();
    let status = call(&channel, "/test/echo", Bytes::from_static(b"fail")).await.unwrap_err();
    assert_eq!((status.code, status.message.as_str()), (Code::ResourceExhausted, "zu groß"));
    assert_eq!(status.retry_after, Some(Duration::from_millis(3500)));
    let status = call(&channel, "/nobody/home", Bytes::new()).await.unwrap_err();
    assert_eq!(status.code, Code::Unimplemented);
    let options = ChannelOptions { encoding: Encoding::Snappy, ..ChannelOptions::default() };
    let snappy = Channel::new(&address, options).unwrap();
    let status = call(&snappy, "/test/echo", Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(status.code, Code::Unimplemented, "{status}");
    drop((channel, snappy));
    stop.send(()).unwrap();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tonic_going_away_loses_no_call_and_is_found_again() {
    let (address, stop, task) = tonic_server("127.0.0.1:0").await;
    let channel = Channel::new(&address, ChannelOptions::default()).unwrap();
    assert!(echo(&channel).await);
    stop.send(()).unwrap();
    task.await.unwrap();
    eventually(|| async { !echo(&channel).await }).await;
    let Address::Tcp(address) = &address else { panic!("not TCP") };
    let (_, stop, task) = tonic_server(address).await;
    eventually(|| echo(&channel)).await;
    drop(channel);
    stop.send(()).unwrap();
    task.await.unwrap();
}
