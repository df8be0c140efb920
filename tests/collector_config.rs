//! Configurations that were written for the Collector run as they are. Only their variables are set, so that
//! ports are free ones and the backend is the test's.

mod backend;
mod common;

use backend::Backend;
use bytes::Bytes;
use common::{Agent, get, tidewatch};
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, client::conn::http2, header::CONTENT_TYPE};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use std::{fs, path::Path};
use tidewatch_otlp::{Signal, json};
use tokio::{net::TcpStream, runtime::Runtime};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

#[test]
fn getting_started() {
    runs("getting-started.yaml");
}

#[test]
fn gateway() {
    runs("gateway.yaml");
}

#[test]
fn sidecar() {
    runs("sidecar.yaml");
}

#[test]
fn per_signal() {
    runs("per-signal.yaml");
}

/// A request of every signal, over gRPC and over HTTP with JSON, is answered with success and then is at the
/// backend as it was sent.
fn runs(name: &str) {
    let path = Path::new(DATA).join("collector").join(name);
    let path = path.to_str().expect("UTF-8");
    let validated = common::run(&["validate", "--config", path]);
    assert_eq!(validated.code, Some(0), "{}", validated.stderr);

    let backend = Backend::start();
    let ports = ["OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "METRICS_PORT", "HEALTH_PORT"].map(|name| (name, "0"));
    let agent = Agent::spawn(
        tidewatch(&["--config", path])
            .envs(ports)
            .env("LOG_LEVEL", "info")
            .env("BACKEND", backend.address.to_string())
            .env("BACKEND_URL", format!("http://{}", backend.address)),
    );
    let ignored = agent.warnings.lines().filter(|line| line.starts_with("warning: "));
    for warning in ignored {
        assert!(warning.contains(" does nothing yet") || warning.contains(" has no effect"), "{warning}");
    }
    let listening = agent.lines.iter().filter(|line| line["message"] == "listening");
    let addresses: Vec<String> =
        listening.filter_map(|line| Some(local(line["address"].as_str()?))).collect();
    let [grpc, http] = &addresses[..] else { panic!("two ports: {:#?}", agent.lines) };

    let [traces, metrics, logs] = Signal::ALL.map(|signal| send(grpc, http, signal));
    let received = backend.received();
    assert_eq!(joined(&received.traces), decode(&traces));
    assert_eq!(joined(&received.metrics), decode(&metrics));
    assert_eq!(joined(&received.logs), decode(&logs));

    let health = agent.lines.iter().find(|line| line["extension"] == "health_check");
    if let Some(endpoint) = health.and_then(|line| line["endpoint"].as_str()) {
        let path = if name == "gateway.yaml" { "/health" } else { "/" };
        assert_eq!(get(&local(endpoint), path).0, 200);
    }
    assert_eq!(get(&local(&agent.metrics()), "/metrics").0, 200);
    agent.signal("TERM");
    let (status, log) = agent.wait();
    assert_eq!(status.code(), Some(0), "{log:#?}");
}

/// Where an address on all interfaces is reached from here.
fn local(address: &str) -> String {
    address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "127.0.0.1")
}

/// All of them as one: protobuf joins messages by concatenation.
fn joined<M: Message + Default>(messages: &[M]) -> M {
    decode(&messages.iter().flat_map(Message::encode_to_vec).collect::<Vec<u8>>())
}

fn decode<M: Message + Default>(wire: &[u8]) -> M {
    M::decode(wire).expect("a message")
}

/// Sends the published example of a signal over both protocols; what a backend then should have.
fn send(grpc: &str, http: &str, signal: Signal) -> Vec<u8> {
    let file = match signal {
        Signal::Traces => "example_trace.json",
        Signal::Metrics => "example_metrics.json",
        Signal::Logs => "example_logs.json",
    };
    let text = fs::read(Path::new(DATA).join("otlp").join(file)).expect("an example");
    let message = json::decode(signal, &text).expect("OTLP/JSON");
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    let call = [&[0], &length[..], &message].concat();
    let runtime = Runtime::new().expect("threads");
    let (status, headers) = runtime.block_on(post(grpc, signal.grpc_path(), "application/grpc", call));
    assert_eq!((status, headers["grpc-status"].as_bytes()), (200, &b"0"[..]), "{headers:?}");
    let (status, _) = runtime.block_on(post(http, signal.http_path(), "application/json", text));
    assert_eq!(status, 200);
    [&message[..], &message].concat()
}

/// Status, and headers and trailers in one.
async fn post(address: &str, path: &str, content_type: &str, body: Vec<u8>) -> (u16, HeaderMap) {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = Request::post(format!("http://{address}{path}")).header(CONTENT_TYPE, content_type);
    let request = request.body(Full::new(Bytes::from(body))).expect("a request");
    let (head, body) = sender.send_request(request).await.expect("an answer").into_parts();
    let mut headers = head.headers;
    let body = body.collect().await.expect("a body");
    headers.extend(body.trailers().cloned().unwrap_or_default());
    (head.status.as_u16(), headers)
}
