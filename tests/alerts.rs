//! From an application's telemetry to a webhook and a file, through the real binary: a limit crossed, an alert
//! out, and every change told exactly once.

mod common;

use common::{Agent, post, webhook::hook};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

/// The samples of a system with its limits: `cpu_load` warning from 80, critical from 90.
const EVENTS: &str = include_str!("data/observio/raw_events.jsonl");
const EXPECTED: &str = include_str!("data/observio/expected_alerts.jsonl");

/// How long nothing more must come before it counts as quiet.
const QUIET: Duration = Duration::from_secs(2);

fn agent(hook: &str, file: &Path, rule: &str) -> Agent {
    Agent::start(&format!(
        "
receivers:
  otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:0'}}}}}}
processors:
  threshold:
    rules:
      - {rule}
exporters:
  webhook: {{url: 'http://{hook}/alerts'}}
  file: {{path: '{}', signals: [alerts]}}
service:
  telemetry: {{metrics: {{address: '127.0.0.1:0'}}}}
  pipelines:
    main: {{receivers: [otlp], processors: [threshold], exporters: [webhook, file]}}
",
        file.display()
    ))
}

/// Where the agent takes OTLP/HTTP.
fn otlp(agent: &Agent) -> String {
    let listening = agent.line(|line| line["message"] == "listening" && line["receiver"] == "otlp");
    listening["address"].as_str().expect("an address").to_owned()
}

/// One gauge point as OTLP/JSON.
fn point(metric: &str, value: f64, host: &str, tenant: &str, nanos: u64) -> String {
    json!({"resourceMetrics": [{
        "resource": {"attributes": [
            {"key": "host.name", "value": {"stringValue": host}},
            {"key": "tenant.id", "value": {"stringValue": tenant}},
        ]},
        "scopeMetrics": [{"metrics": [{
            "name": metric,
            "gauge": {"dataPoints": [{"asDouble": value, "timeUnixNano": nanos.to_string()}]},
        }]}],
    }]})
    .to_string()
}

fn send(agent: &str, metric: &str, value: f64, host: &str, tenant: &str, nanos: u64) {
    let (status, body) = post(agent, "/v1/metrics", "", &point(metric, value, host, tenant, nanos));
    assert_eq!(status, 200, "{body}");
}

/// The lines of a file, once there are `count` of them.
fn lines(file: &Path, count: usize) -> Vec<Value> {
    for _ in 0..300 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if lines.len() >= count {
            return lines;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("fewer than {count} lines in {}", file.display());
}

/// Everything that comes until it is quiet.
fn drain(received: &Receiver<Value>, least: usize) -> Vec<Value> {
    let mut all = Vec::new();
    while all.len() < least {
        all.push(received.recv_timeout(Duration::from_secs(30)).expect("an alert"));
    }
    loop {
        match received.recv_timeout(QUIET) {
            Ok(one) => all.push(one),
            Err(RecvTimeoutError::Timeout) => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn every_record_over_its_limit_is_told_once_to_the_webhook_and_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, (hook, received)) = (folder.path().join("alerts.jsonl"), hook());
    let rule = "{alert: cpu_load_threshold, metric: cpu_load, mode: event, \
                levels: {warning: '>= 80', critical: '>= 90'}, \
                annotations: {summary: '{{ metric }}={{ value }} exceeds {{ severity }} threshold'}}";
    let agent = agent(&hook, &file, rule);
    let address = otlp(&agent);
    for (index, line) in EVENTS.lines().enumerate() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let text = |keys: &[&str], default: &str| {
            keys.iter().find_map(|key| event[*key].as_str()).unwrap_or(default).to_owned()
        };
        let value =
            event["value"].as_f64().or_else(|| event["value"].as_str()?.parse().ok()).expect("a value");
        let host = text(&["host", "source_id"], "unknown");
        let nanos = 1_761_040_800_000_000_000 + index as u64 * 60_000_000_000;
        send(&address, &text(&["metric"], "unknown"), value, &host, &text(&["tenant_id"], "default"), nanos);
    }
    let short = |alert: &Value| {
        let labels = &alert["labels"];
        json!([alert["severity"], alert["value"], alert["summary"], labels["host.name"], labels["tenant.id"]])
    };
    let expected: Vec<Value> = EXPECTED
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|alert| {
            json!([alert["severity"], alert["value"], alert["message"], alert["source_id"], alert["tenant"]])
        })
        .collect();
    assert_eq!(expected.len(), 5);
    let told: Vec<Value> = drain(&received, 5).iter().map(short).collect();
    assert_eq!(told, expected);
    let written: Vec<Value> = lines(&file, 5).iter().map(short).collect();
    assert_eq!(written, expected);
}

#[test]
fn a_limit_crossed_and_left_is_told_as_firing_and_resolved_once_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, (hook, received)) = (folder.path().join("alerts.jsonl"), hook());
    let rule =
        "{alert: CpuLoadHigh, metric: cpu_load, by: [host.name], levels: {critical: '>= 90'}, for: 1m}";
    let agent = agent(&hook, &file, rule);
    let address = otlp(&agent);
    let start = 1_767_607_380_000_000_000;
    // A blip of 45 s, then 2 minutes over the limit, then back.
    for (second, value) in
        [(0, 95.0), (45, 50.0), (60, 95.0), (90, 96.0), (120, 97.0), (180, 98.0), (210, 50.0), (240, 50.0)]
    {
        send(&address, "cpu_load", value, "host-a", "acme", start + second * 1_000_000_000);
    }
    for told in [drain(&received, 2), lines(&file, 2)] {
        let short: Vec<_> =
            told.iter().map(|alert| (alert["name"].as_str(), alert["status"].as_str())).collect();
        assert_eq!(short, [(Some("CpuLoadHigh"), Some("firing")), (Some("CpuLoadHigh"), Some("resolved"))]);
        assert_eq!(told[0]["fingerprint"], told[1]["fingerprint"]);
        assert_eq!(told[0]["starts_at"], told[1]["starts_at"]);
        assert_eq!(told[0]["labels"], json!({"host.name": "host-a"}));
        assert_eq!(told[1]["ends_at"], "2026-01-05T10:06:30Z");
    }
}
