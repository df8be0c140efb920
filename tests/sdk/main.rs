//! The OpenTelemetry SDKs of Python and JavaScript send through a running agent. What arrives at a backend over
//! gRPC, at one over HTTP and in a file is what was sent: every item, attribute by attribute.
//!
//! The programs in `python/` and `js/` send and write down what they sent; README.md describes their record.

#[path = "../backend/mod.rs"]
mod backend;
#[path = "../common/mod.rs"]
mod common;
mod compare;
mod items;

use backend::{Backend, Received};
use common::{Agent, ended};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tidewatch_otlp::{Signal, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn python_over_grpc() {
    round_trip(&mut python("grpc"), |[grpc, _]| format!("http://{grpc}"));
}

#[test]
fn python_over_http() {
    round_trip(&mut python("http"), |[_, http]| format!("http://{http}"));
}

#[test]
fn javascript_with_protobuf() {
    round_trip(&mut javascript("protobuf"), |[_, http]| format!("http://{http}"));
}

#[test]
fn javascript_with_json() {
    round_trip(&mut javascript("json"), |[_, http]| format!("http://{http}"));
}

fn python(protocol: &str) -> Command {
    let mut command = Command::new(installed("python/bin/python"));
    command.arg("-B").arg(Path::new(ROOT).join("tests/sdk/python/send.py")).arg(protocol);
    command
}

fn javascript(protocol: &str) -> Command {
    let mut command = Command::new("node");
    command.env("NODE_PATH", installed("js/node_modules"));
    command.arg(Path::new(ROOT).join("tests/sdk/js/send.js")).arg(protocol);
    command
}

fn installed(path: &str) -> PathBuf {
    let path = Path::new(ROOT).join("target/sdk").join(path);
    assert!(path.exists(), "{} is missing: run scripts/setup-sdks first", path.display());
    path
}

/// Runs the program against an agent and compares its record with what came out at every end. The agent answers
/// when everything is delivered, so there is nothing to wait for once the program has ended.
fn round_trip(program: &mut Command, endpoint: impl FnOnce([&str; 2]) -> String) {
    let [grpc, http] = [Backend::start(), Backend::start()];
    let folder = tempfile::tempdir().expect("a folder");
    let [record, file] = ["record.json", "telemetry.jsonl"].map(|name| folder.path().join(name));
    let agent = Agent::start(&config(&grpc, &http, &file));
    let listening = agent.lines.iter().filter(|line| line["message"] == "listening");
    let addresses: Vec<&str> = listening.filter_map(|line| line["address"].as_str()).collect();
    let [to_grpc, to_http] = addresses[..] else { panic!("two ports: {:#?}", agent.lines) };

    program.arg(endpoint([to_grpc, to_http])).arg(&record).env("NO_PROXY", "127.0.0.1");
    let program = ended(program.output().expect("it runs"));
    assert_eq!(program.code, Some(0), "{}{}\n{:#?}", program.stdout, program.stderr, agent.lines);
    agent.signal("TERM");
    let (status, log) = agent.wait();
    assert_eq!(status.code(), Some(0), "{log:#?}");

    let record = fs::read(&record).expect("a record");
    let record: Value = serde_json::from_slice(&record).expect("JSON");
    for kind in ["sum", "gauge", "histogram", "exponential_histogram"] {
        let mut points = record["points"].as_array().into_iter().flatten();
        assert!(points.any(|point| point["metric"]["type"] == kind), "the program sent no {kind}");
    }
    let ends = [("over gRPC", grpc.received()), ("over HTTP", http.received()), ("in the file", read(&file))];
    for (end, received) in ends {
        let arrived = [
            ("spans", items::spans(&received.traces)),
            ("points", items::points(&received.metrics)),
            ("logs", items::logs(&received.logs)),
        ];
        for (kind, arrived) in arrived {
            let sent = record[kind].as_array().expect("a list");
            assert!(sent.len() > 20, "the program sent {} {kind}", sent.len());
            let differences = compare::differences(sent, &arrived);
            assert!(differences.is_empty(), "{kind} arrived {end}:\n{differences}");
        }
    }
}

fn config(grpc: &Backend, http: &Backend, file: &Path) -> String {
    format!(
        "
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: '127.0.0.1:0'}}
      http: {{endpoint: '127.0.0.1:0'}}
exporters:
  otlp:
    endpoint: {}
    tls: {{insecure: true}}
    compression: zstd
  otlp_http:
    endpoint: http://{}
  file:
    path: {}
service:
  telemetry:
    metrics: {{address: '127.0.0.1:0'}}
  pipelines:
    main: {{receivers: [otlp], exporters: [otlp, otlp_http, file]}}
",
        grpc.address,
        http.address,
        file.display()
    )
}

/// What the file exporter wrote.
fn read(file: &Path) -> Received {
    let text = fs::read_to_string(file).expect("a file");
    let mut received = Received::default();
    for line in text.lines() {
        let (signal, path) = match line {
            _ if line.starts_with("{\"resourceSpans\":") => (Signal::Traces, "/v1/traces"),
            _ if line.starts_with("{\"resourceMetrics\":") => (Signal::Metrics, "/v1/metrics"),
            _ => (Signal::Logs, "/v1/logs"),
        };
        let message = json::decode(signal, line.as_bytes()).expect("OTLP/JSON");
        received.keep(path, &message).expect("a message");
    }
    received
}
