//! Authenticators between a client, an agent and the next agent.

mod common;

use common::{Agent, get, post};
use std::net::TcpListener;

const RECORD: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hi"}}]}]}]}"#;

/// `ann:secret` and `ann:wrong`.
const ANN: &str = "authorization: Basic YW5uOnNlY3JldA==\r\n";
const WRONG: &str = "authorization: Basic YW5uOndyb25n\r\n";

fn free() -> String {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string()
}

/// In by name and password, on by token to a second receiver.
fn config(first: &str, second: &str, shown: &str) -> String {
    format!(
        "
extensions:
  basicauth: {{htpasswd: {{inline: 'ann:secret'}}}}
  bearertokenauth/server: {{tokens: [old, new]}}
  bearertokenauth/client: {{token: {shown}}}
receivers:
  otlp:
    protocols: {{http: {{endpoint: '{first}', auth: {{authenticator: basicauth}}}}}}
  otlp/next:
    protocols: {{http: {{endpoint: '{second}', auth: {{authenticator: bearertokenauth/server}}}}}}
exporters:
  debug:
  otlp_http:
    endpoint: http://{second}
    auth: {{authenticator: bearertokenauth/client}}
service:
  extensions: [basicauth, bearertokenauth/server, bearertokenauth/client]
  telemetry: {{metrics: {{address: '127.0.0.1:0'}}}}
  pipelines:
    logs: {{receivers: [otlp], exporters: [otlp_http]}}
    logs/next: {{receivers: [otlp/next], exporters: [debug]}}
"
    )
}

#[test]
fn who_has_credentials_is_let_in_and_passed_on() {
    let (first, second) = (free(), free());
    let agent = Agent::start(&config(&first, &second, "new"));
    let send = |headers| post(&first, "/v1/logs", headers, RECORD).0;
    assert_eq!((send(""), send(WRONG), send(ANN)), (401, 401, 200));
    assert_eq!(post(&second, "/v1/logs", ANN, RECORD).0, 401);
    let (_, metrics) = get(&agent.metrics(), "/metrics");
    let accepted = metrics.lines().find(|line| {
        line.starts_with("otelcol_receiver_accepted_log_records{") && line.contains("receiver=\"otlp/next\"")
    });
    assert!(accepted.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
}

#[test]
fn a_refusal_by_the_next_agent_reaches_the_sender() {
    let (first, second) = (free(), free());
    let _agent = Agent::start(&config(&first, &second, "guessed"));
    let (status, body) = post(&first, "/v1/logs", ANN, RECORD);
    assert!((400..600).contains(&status), "{status}: {body}");
    assert!(!body.contains("guessed"), "{body}");
}
