//! The HTTP client against the HTTP server.

mod web;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use tidewatch_config::values::GoDuration;
use tidewatch_net::config::{HttpClientConfig, HttpCompression, HttpServerConfig};
use tidewatch_net::http::{HttpClient, HttpError, ServerOptions};
use tidewatch_net::stream::{Address, Listener};
use tidewatch_net::tls::{TlsClientConfig, TlsConfig, TlsServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use web::start;

/// The answer to an empty POST.
async fn post(client: &HttpClient, url: &str) -> Response<Bytes> {
    client.send(Request::post(url).body(Bytes::new()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_client_compresses_and_adds_headers() {
    let server = start(ServerOptions::default()).await;
    for compression in [
        HttpCompression::None,
        HttpCompression::Gzip,
        HttpCompression::Deflate,
        HttpCompression::Zstd,
        HttpCompression::Snappy,
    ] {
        let config = HttpClientConfig {
            compression,
            headers: [("x-echo".to_owned(), "hello".into())].into(),
            ..HttpClientConfig::default()
        };
        let client = config.client().unwrap();
        let body = Bytes::from(vec![7; 100_000]);
        let request = Request::post(server.url("/")).body(body.clone()).unwrap();
        let response = client.send(request).await.unwrap();
        assert_eq!(response.headers()["x-echo"], "hello");
        assert_eq!(response.body(), &body, "{compression:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_client_gives_up_in_time_and_says_why() {
    let server = start(ServerOptions::default()).await;
    let config = HttpClientConfig { timeout: GoDuration::from_millis(50), ..HttpClientConfig::default() };
    let request = || Request::post(server.url("/wait")).body(Bytes::new()).unwrap();
    assert!(matches!(config.client().unwrap().send(request()).await, Err(HttpError::Timeout)));
    let request = Request::get(server.url("/large")).body(Bytes::new()).unwrap();
    let client = HttpClientConfig::default().client().unwrap();
    assert!(matches!(client.send(request).await, Err(HttpError::TooLarge { .. })));
    let url = server.url("/");
    server.service.release.notify_one();
    server.stop().await;
    let request = Request::get(url).body(Bytes::new()).unwrap();
    assert!(matches!(client.send(request).await, Err(HttpError::Connect(_))));
}

#[tokio::test]
async fn connections_are_kept_as_long_as_the_keys_say() {
    let server = start(ServerOptions::default()).await;
    let url = server.url("/");
    let same_connection = async |config: HttpClientConfig| {
        let client = config.client().unwrap();
        let first = post(&client, &url).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        post(&client, &url).await.headers()["x-peer"] == first.headers()["x-peer"]
    };
    let config = HttpClientConfig::default;
    assert!(same_connection(config()).await);
    assert!(same_connection(HttpClientConfig { max_idle_conns: 0, ..config() }).await, "0 is no limit");
    assert!(!same_connection(HttpClientConfig { disable_keep_alives: true, ..config() }).await);
    let idle_conn_timeout = GoDuration::from_millis(1);
    assert!(!same_connection(HttpClientConfig { idle_conn_timeout, ..config() }).await);
    server.stop().await;
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_allowed() {
    let server = start(ServerOptions::default()).await;
    let url = server.url("/redirect");
    let client = HttpClientConfig::default().client().unwrap();
    assert_eq!(post(&client, &url).await.status(), 200);
    // A GET would follow, without the body.
    assert_eq!(post(&client, &server.url("/found")).await.status(), 302);
    let client = HttpClientConfig { max_redirects: 0, ..HttpClientConfig::default() }.client().unwrap();
    assert_eq!(post(&client, &url).await.status(), 307);
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_is_asked() {
    let server = start(ServerOptions::default()).await;
    let config = HttpClientConfig { proxy_url: Some(server.url("")), ..HttpClientConfig::default() };
    let response = post(&config.client().unwrap(), "http://backend.invalid/").await;
    assert_eq!(response.status(), 200);
    server.stop().await;
}

/// A server's and a client's `tls` block for `localhost`.
fn tls() -> (TlsServerConfig, TlsClientConfig) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let common = TlsConfig {
        cert_pem: Some(key.cert.pem()),
        key_pem: Some(key.signing_key.serialize_pem().into()),
        ..TlsConfig::default()
    };
    let server = TlsServerConfig { common, ..TlsServerConfig::default() };
    let common = TlsConfig { ca_pem: Some(key.cert.pem()), ..TlsConfig::default() };
    (server, TlsClientConfig { common, ..TlsClientConfig::default() })
}

#[tokio::test]
async fn tls_brings_http2_unless_it_is_not_wanted() {
    let (server, client) = tls();
    let config = HttpServerConfig { tls: Some(server), ..HttpServerConfig::default() };
    let server = start(config.options().unwrap()).await;
    let url = format!("https://localhost:{}/", server.address.rsplit_once(':').unwrap().1);
    let config = HttpClientConfig { tls: client, ..HttpClientConfig::default() };
    assert_eq!(post(&config.client().unwrap(), &url).await.version(), Version::HTTP_2);
    let config = HttpClientConfig { force_attempt_http2: false, ..config };
    assert_eq!(post(&config.client().unwrap(), &url).await.version(), Version::HTTP_11);
    let stranger = HttpClientConfig::default().client().unwrap();
    let request = Request::post(&url).body(Bytes::new()).unwrap();
    let error = stranger.send(request).await.unwrap_err();
    assert!(matches!(&error, HttpError::Connect(text) if text.contains("certificate")), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn an_http2_server_that_does_not_answer_pings_is_given_up() {
    let (server, client) = tls();
    let listener = Listener::bind(&Address::Tcp("localhost:0".to_owned())).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = stream.accept_tls(server.build(&["h2"]).unwrap()).await.unwrap();
        stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await.unwrap();
        stream.flush().await.unwrap();
        let mut sink = Vec::new();
        stream.read_to_end(&mut sink).await.ok();
    });
    let config = HttpClientConfig {
        tls: client,
        http2_read_idle_timeout: GoDuration::from_millis(50),
        http2_ping_timeout: GoDuration::from_millis(50),
        ..HttpClientConfig::default()
    };
    let request = Request::post(format!("https://localhost:{port}/")).body(Bytes::new()).unwrap();
    let client = config.client().unwrap();
    let result = tokio::time::timeout(Duration::from_secs(60), client.send(request)).await.unwrap();
    assert!(result.is_err());
    drop(client);
    silent.await.unwrap();
}

#[tokio::test]
async fn an_error_never_shows_the_url() {
    let client = HttpClientConfig::default().client().unwrap();
    let request = Request::post("http://backend.invalid/?token=hunter2").body(Bytes::new()).unwrap();
    let error = client.send(request).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}
