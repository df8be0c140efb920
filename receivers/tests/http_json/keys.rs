//! Every key, and what is wrong with values of them. What the server's own keys do in full is shown with the `otlp`
//! receiver.

use crate::{
    agent::{LONG, Setup, Tested, body, build, eventually, told, web, web_with},
    authority::Authority,
};
use serde_json::json;
use std::time::Duration;
use tidewatch_net::compression::{Encoding, compress};
use tidewatch_receivers::http_json::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

async fn with(keys: &str) -> Tested {
    Setup { keys, ..Setup::default() }.start().await
}

const ONE: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";

/// A connection on which `text` was sent.
async fn sent(agent: &Tested, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&agent.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// Reads until the server closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(LONG, stream.read_to_end(&mut answer)).await.unwrap().ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_default_endpoint_is_its_own() {
    let config = serde_json::to_value(Config::default()).unwrap();
    assert_eq!(config["endpoint"], "localhost:8088");
    let read: Config = serde_json::from_value(json!({})).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), config);
    let keys =
        json!({"endpoint": "a:1", "max_connections": 5, "acknowledge": "queued", "records": {"path": "/x"}});
    let read: Config = serde_json::from_value(keys.clone()).unwrap();
    let read = serde_json::to_value(read).unwrap();
    keys.as_object()
        .unwrap()
        .iter()
        .filter(|(key, _)| *key != "records")
        .for_each(|(key, value)| assert_eq!(read[key], *value));
    assert_eq!((&read["records"]["path"], &read["records"]["max_records"]), (&json!("/x"), &json!(100_000)));
    let schema = schemars::schema_for!(Config).to_value();
    assert_eq!(schema["properties"]["endpoint"]["default"], "localhost:8088");
    assert!(schema["properties"]["endpoint"]["description"].as_str().unwrap().contains("`localhost:8088`"));
}

#[tokio::test]
async fn paths_and_limits_of_records() {
    let agent = with("records: {path: ingest/single, max_records: 2}").await;
    let post = async |path: &str, text: &'static str| {
        told(web().post(agent.url(path)).body(text).send().await.unwrap()).await
    };
    assert_eq!(post("/ingest/single", "[{}, {}]").await.0, 200);
    let (status, answer) = post("/ingest/single", "[{}, {}, {}]").await;
    assert_eq!((status, &answer["message"]), (413, &json!("there are more than 2 records in the body")));
    assert_eq!(post("/", "{}").await.0, 404);
    agent.stop().await;
}

#[tokio::test]
async fn max_concurrent_requests() {
    let keys = "max_concurrent_requests: 1, acknowledge_timeout: 5s";
    let mut agent = Setup { keys, exporter: "answer: hang", ..Setup::default() }.start().await;
    let first = sent(&agent, ONE).await;
    agent.delivered().await;
    let response = web().post(agent.url("/")).body("{}").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    drop(first);
    // Its place is free again.
    eventually(async || {
        let attempt = web().post(agent.url("/")).body("{}").timeout(Duration::from_millis(200)).send();
        attempt.await.is_err_and(|error| error.is_timeout())
    })
    .await;
    agent.running.hurry().call();
    agent.stop().await;
}

#[tokio::test]
async fn acknowledge() {
    // Nothing is delivered, and nobody waits for it.
    let agent =
        Setup { keys: "acknowledge: queued", exporter: "answer: hang", ..Setup::default() }.start().await;
    assert_eq!(agent.post("{}").await.0, 200);
    agent.running.hurry().call();
    agent.stop().await;
}

#[tokio::test]
async fn max_request_body_size_holds_before_and_after_decompression() {
    let agent = with("max_request_body_size: 1KiB").await;
    let record = |length: usize| format!("{{\"a\": \"{}\"}}", "x".repeat(length));
    assert_eq!(agent.post(record(900)).await.0, 200);
    let (status, answer) = agent.post(record(2000)).await;
    assert_eq!(status, 413);
    assert!(answer["message"].as_str().unwrap().contains("1024 bytes"), "{answer}");
    for encoding in [Encoding::Gzip, Encoding::Zstd, Encoding::Deflate] {
        for (length, status) in [(900, 200), (10 << 20, 413)] {
            let packed = compress(encoding, None, record(length).as_bytes()).unwrap();
            let request = web().post(agent.url("/")).header("content-encoding", encoding.name());
            let response = request.body(packed).send().await.unwrap();
            assert_eq!(response.status(), status, "{encoding:?} {length}");
        }
    }
    // Nobody waits for the end of a body that says how large it is.
    let mut huge = sent(
        &agent,
        "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1073741824\r\n\r\n",
    )
    .await;
    let mut answer = [0; 12];
    timeout(LONG, huge.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    agent.stop().await;
}

#[tokio::test]
async fn compression_algorithms() {
    let agent = with("compression_algorithms: [gzip]").await;
    for (encoding, status) in [(Encoding::Gzip, 200), (Encoding::Zstd, 415)] {
        let packed = compress(encoding, None, b"{}").unwrap();
        let request = web().post(agent.url("/")).header("content-encoding", encoding.name());
        assert_eq!(told(request.body(packed).send().await.unwrap()).await.0, status);
    }
    agent.stop().await;
}

#[tokio::test]
async fn max_connections_and_max_receiving_size() {
    let agent = with("max_connections: 1").await;
    let first = sent(&agent, "POST").await;
    let mut second = sent(&agent, ONE).await;
    let mut answer = [0; 12];
    assert!(timeout(Duration::from_millis(50), second.read_exact(&mut answer)).await.is_err());
    drop(first);
    timeout(LONG, second.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    agent.stop().await;

    let agent = with("max_request_body_size: 1000, max_receiving_size: 1000").await;
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n";
    let first = sent(&agent, &format!("{head}{}", "x".repeat(900))).await;
    eventually(async || {
        let mut second = sent(&agent, &format!("{head}{}", "x".repeat(500))).await;
        // Both halves at once would be no half.
        tokio::time::sleep(Duration::from_millis(20)).await;
        second.write_all(&[b'x'; 500]).await.unwrap();
        let mut answer = [0; 12];
        timeout(LONG, second.read_exact(&mut answer)).await.unwrap().unwrap();
        &answer == b"HTTP/1.1 503"
    })
    .await;
    drop(first);
    agent.stop().await;
}

#[tokio::test]
async fn include_metadata() {
    for (keys, seen) in [("", None), ("include_metadata: true", Some(vec!["acme".to_owned()]))] {
        let mut agent = with(keys).await;
        web().post(agent.url("/")).header("X-Tenant", "acme").body("{}").send().await.unwrap();
        assert_eq!(agent.recorded.recv().await.unwrap().metadata.get("x-tenant").cloned(), seen);
        agent.stop().await;
    }
}

#[tokio::test]
async fn response_headers_and_cors() {
    let keys =
        "response_headers: {x-served-by: tidewatch}, cors: {allowed_origins: ['https://*.example.com']}";
    let agent = with(keys).await;
    for path in ["/", "/nothing"] {
        let request = web().post(agent.url(path)).header("origin", "https://shop.example.com").body("{}");
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["x-served-by"], "tidewatch");
        assert_eq!(response.headers()["access-control-allow-origin"], "https://shop.example.com");
    }
    agent.stop().await;
}

#[tokio::test]
async fn auth() {
    let agent = Setup {
        keys: "auth: {authenticator: bearertokenauth}",
        extensions: "bearertokenauth: {token: open-sesame}",
        ..Setup::default()
    };
    let agent = agent.start().await;
    let (status, answer) = agent.post("{}").await;
    assert_eq!((status, &answer["status"]), (401, &json!("error")));
    assert_eq!(
        web().post(agent.url("/")).bearer_auth("open-sesame").body("{}").send().await.unwrap().status(),
        200
    );
    let refused = r#"tidewatch_receiver_refused_requests{code="UNAUTHENTICATED",receiver="http_json",transport="http"}"#;
    assert_eq!(agent.metric(refused), Some(1));
    agent.stop().await;
}

#[tokio::test]
async fn tls() {
    let authority = Authority::new();
    authority.sign("server", "localhost");
    let mut agent = with(&format!("tls: {{{}}}", authority.keys("server"))).await;
    let url = agent.url("/").replace("http://127.0.0.1", "https://localhost");
    let post = |client: reqwest::Client| client.post(&url).body(r#"{"a": 1}"#).send();
    assert_eq!(post(web_with(&authority.client(None))).await.unwrap().status(), 200);
    assert!(post(web_with(&Authority::new().client(None))).await.is_err());
    assert_eq!(body(&agent.delivered().await[0]), json!({"a": 1}));
    agent.stop().await;
}

#[tokio::test]
async fn transport() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("json.sock");
    let agent = with(&format!("transport: unix, endpoint: '{}'", path.display())).await;
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(ONE.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    agent.stop().await;
}

#[tokio::test]
async fn timeouts() {
    for (keys, text, expected) in [
        ("read_timeout: 50ms", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{", "HTTP/1.1 408"),
        ("read_header_timeout: 50ms", "POST / HTTP/1.1\r\nhost", ""),
        ("idle_timeout: 50ms", ONE, "HTTP/1.1 200"),
        ("keep_alives_enabled: false", ONE, "HTTP/1.1 200"),
    ] {
        let agent = with(keys).await;
        let answer = until_closed(&mut sent(&agent, text).await).await;
        assert!(answer.starts_with(expected), "{keys}: {answer}");
        agent.stop().await;
    }
    let header = "x".repeat(16 << 10);
    let agent = with(&format!("write_timeout: 50ms, response_headers: {{x-large: {header}}}")).await;
    let mut stream = TcpStream::connect(&agent.address).await.unwrap();
    // Requests, but nobody reads what they are answered.
    let flood = async { while stream.write_all(ONE.as_bytes()).await.is_ok() {} };
    timeout(LONG, flood).await.expect("the server goes on writing");
    agent.stop().await;
}

#[test]
fn values_that_cannot_work_are_named() {
    for (keys, says) in [
        ("endpoint: nowhere", "the port is missing"),
        ("records: {path: 'a b'}", "is no path"),
        ("records: {max_records: 0}", "with 0 nothing could come in"),
        ("max_concurrent_requests: 0", "with 0 nothing could come in"),
        ("acknowledge_timeout: 0s", "with no time at all every request would fail"),
        ("files: {}", "root"),
        ("files: {root: ''}", "the folder is missing"),
        ("files: {root: /x, max_record_size: 0}", "with 0 nothing could come in"),
        ("files: {root: /x, path: /}", "`/` has another meaning already"),
        ("files: {root: /x, trigger: {path: files, file: a}}", "`/files` has another meaning already"),
        ("files: {root: /x, trigger: {}}", "file"),
        ("files: {root: /x, trigger: {file: ''}}", "the file is missing"),
        ("auth: {authenticator: basicauth}", "there is no extension `basicauth`"),
        ("tls: {}", "a server that speaks TLS needs a certificate"),
        ("middlewares: [{id: limiter}]", "the Collector's key `middlewares` is not supported here"),
        ("max_body: 1", "unknown key `max_body`"),
    ] {
        let yaml = Setup { keys, ..Setup::default() }.yaml("none", "127.0.0.1:0");
        let said = build(&yaml).err().unwrap_or_default();
        assert!(said.contains(says), "{keys}: {said}");
    }
}
