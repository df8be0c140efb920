//! The metrics server, asked by a real HTTP client.

use http::{StatusCode, header};
use std::io::Read;
use tidewatch_net::served::Served;
use tidewatch_telemetry::{Metrics, server};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};

/// The library demands a choice of cryptography even where none is needed.
fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::new()
}

async fn get(url: String) -> reqwest::Response {
    client().get(url).send().await.expect("an answer")
}

async fn serving() -> (Metrics, Served, String) {
    let metrics = Metrics::default();
    metrics.counter("tidewatch_test_items", "Items.", &["receiver"]).with_label_values(&["otlp/2"]).inc_by(7);
    let server = server::start("127.0.0.1:0", &metrics).await.expect("a free port");
    let base = format!("http://{}", server.address().expect("TCP"));
    (metrics, server, base)
}

#[tokio::test]
async fn prometheus_can_scrape() {
    let (metrics, server, base) = serving().await;
    let response = get(format!("{base}/metrics")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.expect("a text");
    assert!(text.contains("# TYPE tidewatch_test_items counter\n"), "{text}");
    assert!(text.contains("tidewatch_test_items{receiver=\"otlp/2\"} 7\n"), "{text}");

    metrics.counter("tidewatch_test_items", "Items.", &["receiver"]).with_label_values(&["otlp/2"]).inc();
    let text = get(format!("{base}/metrics")).await.text().await.expect("a text");
    assert!(text.contains("tidewatch_test_items{receiver=\"otlp/2\"} 8\n"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_is_compressed_for_those_who_ask() {
    let (_, server, base) = serving().await;
    let request = client().get(format!("{base}/metrics")).header(header::ACCEPT_ENCODING, "gzip");
    let response = request.send().await.expect("an answer");
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let packed = response.bytes().await.expect("a body");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).expect("gzip");
    assert!(text.contains("tidewatch_test_items{receiver=\"otlp/2\"} 7\n"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn other_paths_and_methods_are_told_what_there_is() {
    let (_, server, base) = serving().await;
    let client = client();
    let lost = client.get(format!("{base}/")).send().await.expect("an answer");
    assert_eq!(lost.status(), StatusCode::NOT_FOUND);
    assert_eq!(lost.text().await.expect("a text"), "metrics are at /metrics\n");
    let post = client.post(format!("{base}/metrics")).body("x").send().await.expect("an answer");
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post.headers()[header::ALLOW], "GET, HEAD");
    server.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let (metrics, server, _) = serving().await;
    let address = server.address().expect("TCP").to_string();
    let error = server::start(&address, &metrics).await.expect_err("the port is taken");
    assert!(error.to_string().starts_with(&format!("cannot listen on {address}: ")), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn a_stop_closes_the_port_and_idle_connections() {
    let (_, server, _) = serving().await;
    let address = server.address().expect("TCP");
    let mut idle = TcpStream::connect(address).await.expect("a connection");
    idle.write_all(b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("a request");
    let mut start = [0; 12];
    idle.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");
    server.stop().await;
    idle.read_to_end(&mut Vec::new()).await.expect("the rest, and the end");
    assert!(TcpStream::connect(address).await.is_err());
}
