//! The HTTP server against reqwest and raw sockets.

mod web;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use tidewatch_config::values::ByteSize;
use tidewatch_net::AcceptOptions;
use tidewatch_net::auth::{AuthError, ServerAuthenticator};
use tidewatch_net::compression::{Encoding, compress};
use tidewatch_net::config::{CompressionParams, HttpClientConfig, HttpCompression, HttpServerConfig};
use tidewatch_net::http::{Cors, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use web::{clients, start};

const SOON: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn bodies_come_through_in_both_versions_and_every_encoding() {
    let server = start(ServerOptions::default()).await;
    for client in clients() {
        for size in [0, 1, 100_000, 10 << 20] {
            let body: Bytes = (0..size).map(|i: u32| (i / 5) as u8).collect();
            for encoding in
                [Encoding::Identity, Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy]
            {
                let packed = compress(encoding, None, &body).unwrap();
                let request = client.post(server.url("/echo")).header("content-encoding", encoding.name());
                let response = request.body(packed).send().await.unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                assert!(response.headers().contains_key("x-peer"));
                assert!(!response.headers().contains_key("date"));
                assert!(response.bytes().await.unwrap() == body, "{encoding:?}, {size} bytes");
            }
        }
    }
    assert!(server.refused().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn what_is_too_large_or_corrupt_is_refused_and_counted() {
    let server = start(ServerOptions { max_body: 10_000, ..ServerOptions::default() }).await;
    let bomb = compress(Encoding::Zstd, None, &vec![0; 50 << 20]).unwrap();
    assert!(bomb.len() < 10_000);
    for client in clients() {
        let post = async |encoding: &str, body: Vec<u8>| {
            let request = client.post(server.url("/")).header("content-encoding", encoding);
            request.body(body).send().await.unwrap().status()
        };
        assert_eq!(post("identity", vec![0; 10_000]).await, StatusCode::OK);
        assert_eq!(post("identity", vec![0; 10_001]).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(post("zstd", bomb.clone()).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(post("gzip", b"no gzip".to_vec()).await, StatusCode::BAD_REQUEST);
        assert_eq!(post("br", b"x".to_vec()).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    assert_eq!(server.refused().len(), 8);
    server.stop().await;
}

#[tokio::test]
async fn a_body_without_a_length_is_bounded_too() {
    let server = start(ServerOptions { max_body: 1000, ..ServerOptions::default() }).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..11 {
        stream.write_all(b"64\r\n").await.unwrap();
        stream.write_all(&[b'x'; 100]).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    server.stop().await;
}

#[tokio::test]
async fn a_service_answers_by_the_head_alone_and_may_panic() {
    let server = start(ServerOptions::default()).await;
    let [client, _] = clients();
    let status = |path| {
        let request = client.post(server.url(path)).body("x");
        async { request.send().await.unwrap().status() }
    };
    assert_eq!(status("/nothing").await, StatusCode::NOT_FOUND);
    assert_eq!(status("/panic").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(status("/").await, StatusCode::OK);
    server.stop().await;
}

/// Reads until the server closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(LONG, stream.read_to_end(&mut answer)).await.unwrap().ok();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn slow_clients_are_given_up() {
    let options = ServerOptions {
        header_timeout: SOON,
        body_timeout: SOON,
        idle_timeout: SOON,
        ..ServerOptions::default()
    };
    let server = start(options).await;
    // Nothing at all; a part of the header; a part of the body; a request and then nothing.
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    assert_eq!(until_closed(&mut stream).await, "");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: ").await.unwrap();
    let answer = until_closed(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
    let answer = until_closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = until_closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_trickles_in_has_a_time_limit() {
    let options = ServerOptions { read_timeout: Some(SOON * 4), ..ServerOptions::default() };
    let server = start(options).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n").await.unwrap();
    let trickle = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SOON / 5).await;
        }
    };
    timeout(LONG, trickle).await.unwrap();
    assert_eq!(server.refused(), [StatusCode::REQUEST_TIMEOUT]);
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let options = ServerOptions { write_timeout: Some(SOON), ..ServerOptions::default() };
    let server = start(options).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // Long after the server has given up, what it had sent by then is all there is.
    tokio::time::sleep(SOON * 10).await;
    let mut answer = Vec::new();
    timeout(LONG, stream.read_to_end(&mut answer)).await.unwrap().ok();
    assert!(answer.len() < 8 << 20, "{}", answer.len());
    server.stop().await;
}

#[tokio::test]
async fn without_keep_alive_a_connection_serves_one_request() {
    let server = start(ServerOptions { keep_alive: false, ..ServerOptions::default() }).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(until_closed(&mut stream).await.contains("connection: close"));
    server.stop().await;
}

#[tokio::test]
async fn shutdown_lets_open_requests_finish_until_its_deadline() {
    for client in clients() {
        let server = start(ServerOptions::default()).await;
        let request = client.post(server.url("/wait")).body("late");
        let waiting = tokio::spawn(async move { request.send().await?.text().await });
        server.service.begun.notified().await;
        let service = Arc::clone(&server.service);
        let stopping = tokio::spawn(server.stop());
        tokio::time::sleep(SOON).await;
        assert!(!stopping.is_finished());
        service.release.notify_one();
        assert_eq!(waiting.await.unwrap().unwrap(), "late");
        stopping.await.unwrap();

        let accept = AcceptOptions { drain_timeout: SOON, ..AcceptOptions::default() };
        let server = start(ServerOptions { accept, ..ServerOptions::default() }).await;
        let request = client.post(server.url("/wait")).body("never");
        let waiting = tokio::spawn(async move { request.send().await?.text().await });
        server.service.begun.notified().await;
        server.stop().await;
        assert!(waiting.await.unwrap().is_err());
    }
}

/// Lets in who has the token.
struct Token;

impl ServerAuthenticator for Token {
    fn authenticate(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        match headers.get("authorization").is_some_and(|value| value == "Bearer secret") {
            true => Ok(()),
            false => Err(AuthError {
                message: "a token is needed".to_owned(),
                challenge: Some(HeaderValue::from_static("Bearer")),
            }),
        }
    }
}

#[tokio::test]
async fn only_who_has_credentials_is_let_in() {
    let server =
        start(ServerOptions { authenticator: Some(Arc::new(Token)), ..ServerOptions::default() }).await;
    let [client, _] = clients();
    let response = client.post(server.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    let response = client.post(server.url("/")).bearer_auth("secret").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn web_pages_of_known_origin_may_send() {
    let config = HttpServerConfig {
        cors: Some(Cors { allowed_origins: vec!["https://*.example.com".to_owned()], ..Cors::default() }),
        response_headers: [("x-served-by".to_owned(), "tidewatch".into())].into(),
        ..HttpServerConfig::default()
    };
    let server = start(config.options().unwrap()).await;
    let [client, _] = clients();
    let preflight = client
        .request(http::Method::OPTIONS, server.url("/"))
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let response = preflight.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
    let request = client.post(server.url("/")).header("origin", "https://app.example.com");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
    assert_eq!(response.headers()["x-served-by"], "tidewatch");
    let request = client.post(server.url("/")).header("origin", "https://example.org");
    let response = request.send().await.unwrap();
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    server.stop().await;
}

#[test]
fn mistakes_are_found_at_their_keys() {
    let server = HttpServerConfig {
        endpoint: "nowhere".to_owned(),
        max_request_body_size: ByteSize::bytes(0),
        compression_algorithms: vec!["gzip".to_owned(), "lz4".to_owned()],
        ..HttpServerConfig::default()
    };
    let paths = |mistakes: Vec<tidewatch_config::Mistake>| {
        mistakes.into_iter().map(|mistake| mistake.path).collect::<Vec<_>>()
    };
    assert_eq!(paths(server.check()), ["endpoint", "compression_algorithms[1]", "max_request_body_size"]);
    let client = HttpClientConfig {
        endpoint: "localhost:4318".to_owned(),
        compression: HttpCompression::Gzip,
        compression_params: CompressionParams { level: Some(11) },
        headers: [("a b".to_owned(), "x".into())].into(),
        ..HttpClientConfig::default()
    };
    assert_eq!(paths(client.check()), ["headers.a b", "endpoint", "compression_params.level"]);
}
