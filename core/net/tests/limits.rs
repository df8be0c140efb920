//! What a server does with clients that go too far, spoken to as low as need be.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{Echo, Server, channel, echo, start};
use h2::Reason;
use h2::client::SendRequest;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tidewatch_net::AcceptOptions;
use tidewatch_net::auth::{AuthError, ServerAuthenticator};
use tidewatch_net::grpc::{
    ChannelOptions, ClientKeepalive, Code, KeepaliveEnforcement, ServerKeepalive, ServerOptions,
};
use tidewatch_net::stream::Address;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const SOON: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(60);

async fn tcp(server: &Server) -> TcpStream {
    let Address::Tcp(address) = &server.address else { panic!("not TCP") };
    TcpStream::connect(address).await.unwrap()
}

type Driver = JoinHandle<Result<(), h2::Error>>;

/// An HTTP/2 client, its pings, and how its connection ends.
async fn http2(server: &Server) -> (SendRequest<Bytes>, h2::PingPong, Driver) {
    let (sender, mut connection) = h2::client::handshake(tcp(server).await).await.unwrap();
    let pings = connection.ping_pong().unwrap();
    (sender, pings, tokio::spawn(connection))
}

fn request(method: Method, content_type: &str) -> Request<()> {
    let request = Request::builder().method(method).uri("http://test/test/echo");
    request.header("content-type", content_type).body(()).unwrap()
}

async fn answer(server: &Server, request: Request<()>, data: Option<Bytes>, end: bool) -> Response<()> {
    let (sender, _, _) = http2(server).await;
    let (response, mut stream) = sender.ready().await.unwrap().send_request(request, false).unwrap();
    if let Some(data) = data {
        stream.send_data(data, end).unwrap();
    }
    let response = timeout(LONG, response).await.unwrap().unwrap();
    response.map(|_| ())
}

fn grpc_status(response: &Response<()>) -> Code {
    let number = response.headers()["grpc-status"].to_str().unwrap();
    Code::from_number(number.parse().unwrap())
}

#[tokio::test]
async fn what_is_not_grpc_is_told_in_http() {
    let server = start(Echo, ServerOptions::default()).await;
    let response = answer(&server, request(Method::GET, "application/grpc"), None, true).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let response = answer(&server, request(Method::POST, "application/json"), None, true).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let message = Some(Bytes::from_static(b"\0\0\0\0\x01x"));
    let response = answer(&server, request(Method::POST, "application/grpc+proto"), message, true).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("grpc-status"));
    server.stop().await;
}

#[tokio::test]
async fn what_is_malformed_gets_a_status_and_is_counted() {
    let server = start(Echo, ServerOptions::default()).await;
    let mut unknown = request(Method::POST, "application/grpc");
    unknown.headers_mut().insert("grpc-encoding", "brotli".parse().unwrap());
    let response = answer(&server, unknown, None, true).await;
    assert_eq!(grpc_status(&response), Code::Unimplemented);
    assert!(response.headers()["grpc-accept-encoding"].to_str().unwrap().contains("gzip"));

    let mut malformed = request(Method::POST, "application/grpc");
    malformed.headers_mut().insert("grpc-timeout", "soon".parse().unwrap());
    let response = answer(&server, malformed, None, true).await;
    assert_eq!(grpc_status(&response), Code::Internal);

    let mut corrupt = request(Method::POST, "application/grpc");
    corrupt.headers_mut().insert("grpc-encoding", "gzip".parse().unwrap());
    let data = Some(Bytes::from_static(b"\x01\0\0\0\x04oops"));
    let response = answer(&server, corrupt, data, true).await;
    assert_eq!(grpc_status(&response), Code::Internal);

    let codes: Vec<_> = server.refused().into_iter().map(|status| status.code).collect();
    assert_eq!(codes, [Code::Unimplemented, Code::Internal, Code::Internal]);
    server.stop().await;
}

#[tokio::test]
async fn a_message_that_never_comes_is_given_up() {
    let server = start(Echo, ServerOptions { body_timeout: SOON, ..ServerOptions::default() }).await;
    let part = Some(Bytes::from_static(b"\0\0\0\0\x09half"));
    let response = answer(&server, request(Method::POST, "application/grpc"), part, false).await;
    assert_eq!(grpc_status(&response), Code::DeadlineExceeded);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let accept = AcceptOptions { handshake_timeout: SOON, ..AcceptOptions::default() };
    let server = start(Echo, ServerOptions { accept, ..ServerOptions::default() }).await;
    let mut silent = tcp(&server).await;
    silent.write_all(b"PRI * HTTP").await.unwrap();
    let mut rest = Vec::new();
    timeout(LONG, silent.read_to_end(&mut rest)).await.unwrap().ok();
    server.stop().await;
}

#[tokio::test]
async fn more_connections_than_allowed_wait() {
    let accept = AcceptOptions { max_connections: 1, ..AcceptOptions::default() };
    let server = start(Echo, ServerOptions { accept, ..ServerOptions::default() }).await;
    let first = channel(&server, ChannelOptions::default());
    assert!(echo(&first).await);
    let second = channel(&server, ChannelOptions::default());
    let waiting = tokio::spawn(async move { echo(&second).await });
    tokio::time::sleep(SOON).await;
    assert!(!waiting.is_finished());
    drop(first);
    assert!(waiting.await.unwrap());
    server.stop().await;
}

#[tokio::test]
async fn who_pings_too_often_is_told_to_be_calm() {
    let server = start(Echo, ServerOptions::default()).await;
    let (_sender, mut pings, ended) = http2(&server).await;
    let pinging = async { while pings.ping(h2::Ping::opaque()).await.is_ok() {} };
    timeout(LONG, pinging).await.unwrap();
    let error = ended.await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM));
    server.stop().await;
}

#[tokio::test]
async fn who_pings_as_often_as_allowed_is_served() {
    let enforcement = KeepaliveEnforcement { min_time: Duration::ZERO, permit_without_stream: true };
    let server = start(Echo, ServerOptions { enforcement, ..ServerOptions::default() }).await;
    let (_sender, mut pings, ended) = http2(&server).await;
    for _ in 0..20 {
        pings.ping(h2::Ping::opaque()).await.unwrap();
    }
    assert!(!ended.is_finished());
    ended.abort();
    server.stop().await;
}

#[tokio::test]
async fn idle_and_old_connections_are_closed_gracefully() {
    for keepalive in [
        ServerKeepalive { max_connection_idle: Some(SOON), ..ServerKeepalive::default() },
        ServerKeepalive { max_connection_age: Some(SOON), ..ServerKeepalive::default() },
    ] {
        let server = start(Echo, ServerOptions { keepalive, ..ServerOptions::default() }).await;
        let (_sender, _, ended) = http2(&server).await;
        timeout(LONG, ended).await.unwrap().unwrap().unwrap();
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_come_and_go_lose_no_call() {
    let keepalive = ServerKeepalive { max_connection_age: Some(SOON / 5), ..ServerKeepalive::default() };
    let server = start(Echo, ServerOptions { keepalive, ..ServerOptions::default() }).await;
    let channel = channel(&server, ChannelOptions::default());
    let callers = (0..8).map(|_| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                assert_eq!(common::call(&channel, "/test/echo", Bytes::new()).await, Ok(Bytes::new()));
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    assert!(server.peers() > 1);
    server.stop().await;
}

#[tokio::test]
async fn a_refused_stream_is_tried_once_more() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap().to_string());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut refused = 0;
        while let Some(request) = connection.accept().await {
            let (_, mut respond) = request.unwrap();
            respond.send_reset(Reason::REFUSED_STREAM);
            refused += 1;
        }
        refused
    });
    let channel = tidewatch_net::grpc::Channel::new(&address, ChannelOptions::default()).unwrap();
    let status = common::call(&channel, "/test/echo", Bytes::new()).await.unwrap_err();
    assert_eq!(status.code, Code::Unavailable, "{status}");
    drop(channel);
    assert_eq!(server.await.unwrap(), 2);
}

#[tokio::test]
async fn an_old_connection_ends_with_its_calls_or_its_grace() {
    let keepalive = ServerKeepalive {
        max_connection_age: Some(SOON),
        max_connection_age_grace: Some(SOON),
        ..ServerKeepalive::default()
    };
    let server = start(Echo, ServerOptions { keepalive, ..ServerOptions::default() }).await;
    let hanging = channel(&server, ChannelOptions::default());
    let status = common::call(&hanging, "/test/hang", Bytes::new()).await.unwrap_err();
    assert_eq!(status.code, Code::Unavailable, "{status}");
    server.hung_up(1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_disconnected() {
    let keepalive = ServerKeepalive { time: SOON, timeout: SOON, ..ServerKeepalive::default() };
    let server = start(Echo, ServerOptions { keepalive, ..ServerOptions::default() }).await;
    let mut silent = tcp(&server).await;
    // Preface and settings, then nothing more, not even for a ping.
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut rest = Vec::new();
    timeout(LONG, silent.read_to_end(&mut rest)).await.unwrap().ok();
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_pings_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap().to_string());
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut sink = Vec::new();
        stream.read_to_end(&mut sink).await.ok();
    });
    let keepalive = Some(ClientKeepalive { time: SOON, timeout: SOON, ..ClientKeepalive::default() });
    let options = ChannelOptions { keepalive, ..ChannelOptions::default() };
    let channel = tidewatch_net::grpc::Channel::new(&address, options).unwrap();
    let path = "/test/echo".parse().unwrap();
    let headers = HeaderMap::new();
    let call = channel.call(&path, &headers, Bytes::new(), None);
    let status = timeout(LONG, call).await.unwrap().unwrap_err();
    assert_eq!(status.code, Code::Unavailable, "{status}");
    timeout(LONG, silent).await.unwrap().unwrap();
}

#[tokio::test]
async fn keepalive_pings_keep_a_quiet_connection() {
    let enforcement = KeepaliveEnforcement { min_time: Duration::ZERO, permit_without_stream: true };
    let keepalive = ServerKeepalive { time: SOON, timeout: LONG, ..ServerKeepalive::default() };
    let server = start(Echo, ServerOptions { enforcement, keepalive, ..ServerOptions::default() }).await;
    let keepalive = Some(ClientKeepalive { time: SOON, timeout: LONG, permit_without_stream: true });
    let channel = channel(&server, ChannelOptions { keepalive, ..ChannelOptions::default() });
    let calling = channel.clone();
    let path = "/test/wait";
    let waiting = tokio::spawn(async move { common::call(&calling, path, Bytes::new()).await });
    server.begun(1).await;
    tokio::time::sleep(SOON * 6).await;
    server.release().notify_one();
    assert_eq!(waiting.await.unwrap(), Ok(Bytes::new()));
    server.stop().await;
}

#[tokio::test]
async fn headers_have_a_limit() {
    let server = start(Echo, ServerOptions { max_headers: 1000, ..ServerOptions::default() }).await;
    let mut large = request(Method::POST, "application/grpc");
    large.headers_mut().insert("x-large", "x".repeat(2000).parse().unwrap());
    let (sender, _, _) = http2(&server).await;
    let (response, _) = sender.ready().await.unwrap().send_request(large, true).unwrap();
    let result = timeout(LONG, response).await.unwrap();
    let refused =
        result.is_ok_and(|response| response.status() == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(refused);
    server.stop().await;
}

/// Lets in who has the token.
struct Token;

impl ServerAuthenticator for Token {
    fn authenticate(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        match headers.get("authorization").is_some_and(|value| value == "Bearer secret") {
            true => Ok(()),
            false => Err(AuthError { message: "a token is needed".to_owned(), challenge: None }),
        }
    }
}

impl tidewatch_net::auth::ClientAuthenticator for Token {
    fn headers(&self) -> Vec<(http::HeaderName, http::HeaderValue)> {
        vec![(http::header::AUTHORIZATION, http::HeaderValue::from_static("Bearer secret"))]
    }
}

#[tokio::test]
async fn only_who_has_credentials_is_let_in() {
    let authenticator = Some(std::sync::Arc::new(Token) as _);
    let server = start(Echo, ServerOptions { authenticator, ..ServerOptions::default() }).await;
    let stranger = channel(&server, ChannelOptions::default());
    let status = common::call(&stranger, "/test/echo", Bytes::new()).await.unwrap_err();
    assert_eq!((status.code, status.message.as_str()), (Code::Unauthenticated, "a token is needed"));
    let authenticator = Some(std::sync::Arc::new(Token) as _);
    let friend = channel(&server, ChannelOptions { authenticator, ..ChannelOptions::default() });
    assert!(echo(&friend).await);
    server.stop().await;
}
