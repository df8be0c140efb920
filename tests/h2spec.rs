//! The OTLP ports speak HTTP/2 as RFC 9113 and RFC 7541 want: h2spec finds nothing.

mod common;

use common::Agent;
use std::{path::Path, process::Command};

const CONFIG: &str = "
receivers:
  otlp:
    protocols:
      grpc: {endpoint: '127.0.0.1:0'}
      http: {endpoint: '127.0.0.1:0'}
exporters:
  debug:
service:
  telemetry:
    metrics: {level: none}
  pipelines:
    main: {receivers: [otlp], exporters: [debug]}
";

/// What h2spec takes for a failure and is none.
const NONE: [&str; 1] = [
    // It wants to see the connection closed, and the connection is. But HTTP/1.1, which one port speaks as well,
    // answers first, and the other port resets, since there was more to read.
    "Sends invalid connection preface",
];

/// Its frame is larger than the standard's default; the gRPC port says that it takes larger ones.
const LARGE_FRAME: &str = "Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE";

#[test]
fn grpc_port() {
    let (_agent, [grpc, _]) = start();
    assert_eq!(failures(&grpc, &["--strict"]), [LARGE_FRAME]);
    // The same with a frame that is larger than what the port takes: 128 KiB.
    assert_eq!(failures(&grpc, &["http2/4.2/3", "--max-header-length", "30000"]), [""; 0]);
}

#[test]
fn http_port() {
    let (_agent, [_, http]) = start();
    assert_eq!(failures(&http, &["--strict"]), [""; 0]);
}

/// An agent and its ports.
fn start() -> (Agent, [String; 2]) {
    let agent = Agent::start(CONFIG);
    let listening = agent.lines.iter().filter(|line| line["message"] == "listening");
    let addresses: Vec<String> =
        listening.filter_map(|line| line["address"].as_str()).map(str::to_owned).collect();
    let addresses = addresses.try_into().unwrap_or_else(|_| panic!("two ports: {:#?}", agent.lines));
    (agent, addresses)
}

/// The cases that fail.
fn failures(address: &str, arguments: &[&str]) -> Vec<String> {
    let h2spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/h2spec");
    assert!(h2spec.exists(), "{} is missing: run scripts/setup-tools first", h2spec.display());
    let (host, port) = address.rsplit_once(':').expect("a port");
    let mut command = Command::new(h2spec);
    command.args(arguments).args(["--host", host, "--port", port, "--path", "/v1/logs", "--timeout", "5"]);
    let output = command.output().expect("h2spec runs");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains(" tests, "), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let (_, failed) = report.split_once("Failures:").unwrap_or_default();
    let cases = failed.lines().filter_map(|line| line.trim_start().strip_prefix("× ")?.split_once(": "));
    cases.map(|(_, case)| case.to_owned()).filter(|case| !NONE.contains(&case.as_str())).collect()
}
