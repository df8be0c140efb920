//! The net below all queues: an agent that holds too much refuses, and takes data again when it holds less.

mod backend;
mod common;

use backend::Backend;
use common::{Agent, get, post};
use std::{net::TcpListener, time::Duration};

/// The limits of 120 MiB leave room for the process itself and several dozen requests; the queue alone would take more.
const CONFIG: &str = "
receivers:
  otlp:
    acknowledge: queued
    protocols: {http: {endpoint: '127.0.0.1:0', max_request_body_size: 16MiB}}
processors:
  memory_limiter: {check_interval: 100ms, limit_mib: 120, spike_limit_mib: 20}
exporters:
  otlp_http:
    endpoint: http://BACKEND
    retry_on_failure: {initial_interval: 1s, max_interval: 1s}
    sending_queue: {max_bytes: 1GiB, num_consumers: 2}
service:
  telemetry:
    metrics: {address: '127.0.0.1:0'}
  pipelines:
    logs: {receivers: [otlp], processors: [memory_limiter], exporters: [otlp_http]}
";

/// One record of a mebibyte.
fn request() -> String {
    let text = "x".repeat(1 << 20);
    format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"{text}"}}}}]}}]}}]}}"#
    )
}

fn metric(agent: &Agent, name: &str) -> i64 {
    let (_, metrics) = get(&agent.metrics(), "/metrics");
    let line = metrics.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name}: {metrics}"))
}

#[test]
fn an_agent_that_holds_too_much_refuses_until_it_holds_less() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let mut agent = Agent::start(&CONFIG.replace("BACKEND", &free.to_string()));
    let listening = agent.line(|line| line["message"] == "listening" && line["receiver"] == "otlp");
    let address = listening["address"].as_str().expect("an address").to_owned();
    let request = request();
    let send = || post(&address, "/v1/logs", "", &request);

    let mut taken = 0;
    let refusal = loop {
        match send() {
            (200, _) => taken += 1,
            (503, body) => break body,
            other => panic!("{other:?}"),
        }
        assert!(taken < 500, "500 MiB are more than the limit");
    };
    assert!(refusal.contains("`memory_limiter` refuses new data"), "{refusal}");
    assert!(taken > 10, "only {taken} were taken");
    agent.wait_for("refusing new data: too much memory is in use");
    assert_eq!(metric(&agent, "tidewatch_memory_limiter_refusing{"), 1);
    let used = metric(&agent, "tidewatch_memory_limiter_used_bytes{of=\"process\"");
    assert!(used > 100 << 20, "{used}");

    let backend = Backend::start_at(free);
    let again = loop {
        match send() {
            (200, _) => break 1,
            (503, _) => std::thread::sleep(Duration::from_millis(50)),
            other => panic!("{other:?}"),
        }
    };
    agent.wait_for("taking new data again");
    agent.signal("TERM");
    assert_eq!(agent.wait().0.code(), Some(0));
    let arrived: usize = backend.received().logs.iter().map(|logs| logs.resource_logs.len()).sum();
    assert_eq!(arrived, taken + again, "what was taken arrived, and what was refused did not");
}
