//! Every key of `protocols.http`, but for those of `tls` and `auth`.

use std::time::Duration;

use tidewatch_otlp::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::agent::{Setup, Tested};
use crate::clients::{JSON, LONG, PROTOBUF, eventually, logs, post, rpc_status, web};

async fn with(http: &str) -> Tested {
    Setup { http, ..Setup::default() }.start().await
}

/// Reads until the server closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(LONG, stream.read_to_end(&mut answer)).await.unwrap().ok();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A connection on which `text` was sent.
async fn sent(agent: &Tested, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&agent.http).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

const EMPTY: &str =
    "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

#[tokio::test]
async fn transport() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("otlp.sock");
    let agent = with(&format!("transport: unix, endpoint: '{}'", path.display())).await;
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(EMPTY.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    agent.stop().await;
}

#[tokio::test]
async fn max_request_body_size() {
    let agent = with("max_request_body_size: 1KiB").await;
    assert_eq!(post(agent.url("/v1/logs"), PROTOBUF, logs(1)).await.status(), 200);
    let large = post(agent.url("/v1/logs"), PROTOBUF, logs(10)).await;
    assert_eq!(large.status(), 413);
    assert!(rpc_status(large).await.message.contains("1024 bytes"));
    agent.stop().await;
}

#[tokio::test]
async fn max_receiving_size() {
    let agent = with("max_request_body_size: 1000, max_receiving_size: 1000").await;
    let head =
        "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
    let first = sent(&agent, &format!("{head}{}", "x".repeat(900))).await;
    eventually(|| async {
        let mut second = sent(&agent, &format!("{head}{}", "x".repeat(500))).await;
        // Both halves at once would be no half.
        tokio::time::sleep(Duration::from_millis(20)).await;
        second.write_all(&[b'x'; 500]).await.unwrap();
        let mut answer = [0; 12];
        timeout(LONG, second.read_exact(&mut answer)).await.unwrap().unwrap();
        &answer == b"HTTP/1.1 503"
    })
    .await;
    assert_eq!(post(agent.url("/v1/logs"), JSON, "{}").await.status(), 200);
    drop(first);
    agent.stop().await;
}

#[tokio::test]
async fn max_connections() {
    let agent = with("max_connections: 1").await;
    let first = sent(&agent, "POST").await;
    let mut second = sent(&agent, EMPTY).await;
    let mut answer = [0; 12];
    assert!(timeout(Duration::from_millis(50), second.read_exact(&mut answer)).await.is_err());
    drop(first);
    timeout(LONG, second.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    agent.stop().await;
}

#[tokio::test]
async fn include_metadata() {
    for (keys, seen) in [("", None), ("include_metadata: true", Some(vec!["acme".to_owned()]))] {
        let mut agent = with(keys).await;
        let request = web().post(agent.url("/v1/logs")).header("content-type", PROTOBUF);
        request.header("X-Tenant", "acme").body(logs(1)).send().await.unwrap();
        assert_eq!(agent.recorded.recv().await.unwrap().metadata.get("x-tenant").cloned(), seen);
        agent.stop().await;
    }
}

#[tokio::test]
async fn response_headers() {
    let agent = with("response_headers: {x-served-by: tidewatch}").await;
    for path in ["/v1/logs", "/nothing"] {
        let response = post(agent.url(path), JSON, "{}").await;
        assert_eq!(response.headers()["x-served-by"], "tidewatch");
    }
    agent.stop().await;
}

#[tokio::test]
async fn compression_algorithms() {
    let agent = with("compression_algorithms: ['', gzip]").await;
    for (encoding, status) in
        [("gzip", 200), ("zstd", 415), ("snappy", 415), ("deflate", 415), ("identity", 200)]
    {
        let known = tidewatch_net::compression::Encoding::from_name(encoding.as_bytes()).unwrap();
        let body = tidewatch_net::compression::compress(known, None, &logs(1)).unwrap();
        let request = web().post(agent.url("/v1/logs")).header("content-type", PROTOBUF);
        let response = request.header("content-encoding", encoding).body(body).send().await.unwrap();
        assert_eq!(response.status(), status, "{encoding}");
    }
    agent.stop().await;
}

#[tokio::test]
async fn cors() {
    let agent = with(
        "cors: {allowed_origins: ['https://*.example.com'], allowed_headers: [X-Token], \
         exposed_headers: [X-Trace], max_age: 600}",
    )
    .await;
    let preflight = |origin: &str, headers: &str| {
        web()
            .request(http::Method::OPTIONS, agent.url("/v1/traces"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", headers)
            .send()
    };
    let allowed = preflight("https://shop.example.com", "content-type,x-token").await.unwrap();
    assert_eq!(allowed.status(), 204);
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://shop.example.com");
    assert_eq!(allowed.headers()["access-control-allow-headers"], "content-type,x-token");
    assert_eq!(allowed.headers()["access-control-max-age"], "600");
    for (origin, headers) in [("https://example.org", "x-token"), ("https://shop.example.com", "x-other")] {
        let refused = preflight(origin, headers).await.unwrap();
        assert!(!refused.headers().contains_key("access-control-allow-origin"), "{origin} {headers}");
    }
    let request = web().post(agent.url("/v1/traces")).header("content-type", JSON);
    let response = request.header("origin", "https://shop.example.com").body("{}").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], "https://shop.example.com");
    assert!(response.headers()["access-control-expose-headers"].to_str().unwrap().contains("X-Trace"));
    agent.stop().await;

    // Without the key nobody may.
    let agent = with("").await;
    let preflight = web().request(http::Method::OPTIONS, agent.url("/v1/traces"));
    let refused = preflight.header("origin", "https://a").header("access-control-request-method", "POST");
    assert_eq!(refused.send().await.unwrap().status(), 405);
    agent.stop().await;
}

#[tokio::test]
async fn read_timeout() {
    let agent = with("read_timeout: 50ms").await;
    let head =
        "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let answer = until_closed(&mut sent(&agent, head).await).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":4"), "{answer}");
    agent.stop().await;
}

#[tokio::test]
async fn read_header_timeout() {
    let agent = with("read_header_timeout: 50ms").await;
    let answer = until_closed(&mut sent(&agent, "POST /v1/logs HTTP/1.1\r\nhost").await).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    agent.stop().await;
}

#[tokio::test]
async fn write_timeout() {
    let header = "x".repeat(16 << 10);
    let agent = with(&format!("write_timeout: 50ms, response_headers: {{x-large: {header}}}")).await;
    let mut stream = TcpStream::connect(&agent.http).await.unwrap();
    // Requests, but nobody reads what they are answered.
    let flood = async { while stream.write_all(EMPTY.as_bytes()).await.is_ok() {} };
    timeout(LONG, flood).await.expect("the server goes on writing");
    agent.stop().await;
}

#[tokio::test]
async fn idle_timeout() {
    let agent = with("idle_timeout: 50ms").await;
    let answer = until_closed(&mut sent(&agent, EMPTY).await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    agent.stop().await;
}

#[tokio::test]
async fn keep_alives_enabled() {
    let agent = with("keep_alives_enabled: false").await;
    let answer = until_closed(&mut sent(&agent, EMPTY).await).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    agent.stop().await;
}

#[tokio::test]
async fn url_paths() {
    let agent = with("traces_url_path: /t, metrics_url_path: m/in, logs_url_path: /api/v2/logs").await;
    for path in ["/t", "/m/in", "/api/v2/logs"] {
        assert_eq!(post(agent.url(path), JSON, "{}").await.status(), 200, "{path}");
    }
    for signal in Signal::ALL {
        assert_eq!(post(agent.url(signal.http_path()), JSON, "{}").await.status(), 404);
    }
    agent.stop().await;
}
