//! What senders see, and what becomes of their data, while the only destination is away.

mod common;

use common::{Agent, get, post};
use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    thread::sleep,
    time::Duration,
};

const LOG: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}"#;

/// An agent whose destination refuses connections.
fn agent() -> Agent {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    Agent::start(&format!(
        "
receivers:
  otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:0'}}}}}}
exporters:
  otlp:
    endpoint: {free}
    tls: {{insecure: true}}
    retry_on_failure: {{initial_interval: 100ms, max_interval: 100ms}}
service:
  shutdown_timeout: 4s
  telemetry: {{metrics: {{address: '127.0.0.1:0'}}}}
  pipelines:
    logs: {{receivers: [otlp], exporters: [otlp]}}
"
    ))
}

fn otlp(agent: &Agent) -> String {
    let listening = agent.line(|line| line["message"] == "listening" && line["receiver"] == "otlp");
    listening["address"].as_str().expect("an address").to_owned()
}

/// The value of the first series of this name and these labels.
fn metric(agent: &Agent, start: &str, label: &str) -> Option<u64> {
    let (_, text) = get(&agent.metrics(), "/metrics");
    let line = text.lines().find(|line| line.starts_with(start) && line.contains(label))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn what_its_sender_has_given_up_is_taken_back() {
    let agent = agent();
    let address = otlp(&agent);
    let logs_abandoned = || {
        let labels = r#"node="otlp",pipeline="",reason="abandoned",signal="logs""#;
        metric(&agent, "tidewatch_dropped_items", labels)
    };
    assert_eq!(logs_abandoned(), Some(0), "told from the start");
    for _ in 0..4 {
        let mut stream = TcpStream::connect(&address).expect("a connection");
        let head = "POST /v1/logs HTTP/1.1\r\nhost: agent\r\ncontent-type: application/json\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n{LOG}", LOG.len()).expect("sent");
        sleep(Duration::from_millis(300));
    }
    for _ in 0..100 {
        if logs_abandoned() == Some(4) {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    assert_eq!(logs_abandoned(), Some(4));
    let held = metric(&agent, "tidewatch_held_items", r#"node="otlp",pipeline="",signal="logs""#);
    assert_eq!(held, Some(0));
}

#[test]
fn whoever_still_waits_at_a_stop_is_told_to_come_back() {
    let agent = agent();
    let address = otlp(&agent);
    let waiting = std::thread::spawn(move || post(&address, "/v1/logs", "", LOG));
    while metric(&agent, "tidewatch_held_items", r#"node="otlp",pipeline="",signal="logs""#) != Some(1) {
        sleep(Duration::from_millis(20));
    }
    agent.signal("TERM");
    let (status, body) = waiting.join().expect("an answer");
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("shutting down"), "{body}");
    let (status, lines) = agent.wait();
    assert_eq!(status.code(), Some(0), "{lines:?}");
}
