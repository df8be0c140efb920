//! Conformance to HTTP/2, as h2spec sees it. Get it with
//! `GOBIN=$PWD/target/tools go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1`.

use std::path::PathBuf;
use std::process::Command;

use tokio::task::spawn_blocking;

use crate::agent::Setup;

/// Both ports: the connection is terminated, as it must be, by a reset: what came behind the 24 bytes of a
/// preface stays unread. h2spec waits for the other kind of end.
const RESET: &str = "Sends invalid connection preface";
/// OTLP/gRPC: h2spec's frame is larger than 16 KiB, the limit of who says nothing; this server says 128 KiB
/// (`read_buffer_size`), and answers 431 to the large headers.
const LARGE_FRAME: &str = "Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE";

/// The tests that failed, by their descriptions.
async fn findings(address: &str, path: &str) -> Vec<String> {
    let tool = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tools/h2spec");
    assert!(tool.exists(), "{} is missing; this test's source says where it comes from", tool.display());
    let (host, port) = address.split_once(':').unwrap();
    let mut command = Command::new(tool);
    command.args(["--host", host, "--port", port, "--path", path, "--timeout", "3"]);
    let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let total = text.lines().find(|line| line.contains(" tests, ")).unwrap_or_default();
    let ran: usize = total.split(' ').next().unwrap().parse().expect("how many tests ran");
    assert!(ran > 100, "{text}");
    println!("{text}");
    let failures = text.split_once("Failures:").map_or("", |(_, failures)| failures);
    let failed = failures.lines().filter_map(|line| line.trim().strip_prefix("× "));
    failed
        .map(|test| test.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(": ").to_owned())
        .collect()
}

fn unexpected(mut findings: Vec<String>, expected: &[&str]) -> Vec<String> {
    findings.retain(|finding| !expected.contains(&finding.as_str()));
    findings
}

#[tokio::test]
async fn nothing_is_found_on_the_grpc_port() {
    let agent = Setup::default().start().await;
    let findings = findings(&agent.grpc, "/").await;
    assert_eq!(unexpected(findings, &[RESET, LARGE_FRAME]), [""; 0]);
    agent.stop().await;
}

#[tokio::test]
async fn nothing_is_found_on_the_http_port() {
    let agent = Setup::default().start().await;
    let findings = findings(&agent.http, "/v1/logs").await;
    assert_eq!(unexpected(findings, &[RESET]), [""; 0]);
    agent.stop().await;
}
