//! What an agent keeps on disk, over its restarts, and `tidewatch state` on it.

mod backend;
mod common;

use backend::Backend;
use common::{Agent, post, run};
use serde_json::{Value, json};
use std::{net::TcpListener, path::Path};
use tidewatch_store::{Change, Store, StoreOptions};

/// An agent whose only destination is at `endpoint`.
fn agent(directory: &Path, endpoint: &str) -> Agent {
    Agent::start(&config(directory, endpoint))
}

fn config(directory: &Path, endpoint: &str) -> String {
    format!(
        "
extensions:
  file_storage: {{directory: '{}'}}
receivers:
  otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:0'}}}}}}
processors:
  threshold:
    storage: file_storage
    rules:
      - {{alert: CpuLoadHigh, metric: cpu_load, by: [host.name], levels: {{critical: '>= 90'}}, for: 1m}}
exporters:
  otlp/far:
    endpoint: {endpoint}
    tls: {{insecure: true}}
    signals: [metrics, alerts]
    retry_on_failure: {{initial_interval: 100ms, max_interval: 200ms}}
    sending_queue: {{storage: file_storage}}
service:
  extensions: [file_storage]
  shutdown_timeout: 5s
  telemetry: {{metrics: {{address: '127.0.0.1:0'}}}}
  pipelines:
    main: {{receivers: [otlp], processors: [threshold], exporters: [otlp/far]}}
",
        directory.display()
    )
}

/// An address where nobody is.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// One point, `second` seconds after a moment in the past.
fn send(agent: &Agent, second: u64, value: f64) {
    let listening = agent.line(|line| line["message"] == "listening" && line["receiver"] == "otlp");
    let nanos = 1_767_607_380_000_000_000 + second * 1_000_000_000;
    let point = json!({"asDouble": value, "timeUnixNano": nanos.to_string()});
    let request = json!({"resourceMetrics": [{
        "resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "host-a"}}]},
        "scopeMetrics": [{"metrics": [{"name": "cpu_load", "gauge": {"dataPoints": [point]}}]}],
    }]});
    let address = listening["address"].as_str().expect("an address");
    let (status, body) = post(address, "/v1/metrics", "", &request.to_string());
    assert_eq!(status, 200, "{body}");
}

fn stop(agent: Agent) {
    agent.signal("TERM");
    let (status, log) = agent.wait();
    assert_eq!(status.code(), Some(0), "{log:#?}");
}

/// What a command of `tidewatch state` prints, line by line.
fn state(arguments: &[&str]) -> Vec<String> {
    let ended = run(&[&["state"], arguments].concat());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ended.stdout.lines().map(str::to_owned).collect()
}

fn refused(arguments: &[&str]) -> String {
    let ended = run(&[&["state"], arguments].concat());
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{arguments:?}");
    ended.stderr
}

fn json_lines(arguments: &[&str]) -> Vec<Value> {
    state(arguments).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Status of every alert that arrived, in order.
fn told(backend: &Backend) -> Vec<String> {
    let received = backend.received();
    let records = received.logs.iter().flat_map(|request| &request.resource_logs);
    let records = records.flat_map(|resource| &resource.scope_logs).flat_map(|scope| &scope.log_records);
    let status = records.map(|record| {
        assert_eq!(record.event_name, "tidewatch.alert");
        let found = record.attributes.iter().find(|pair| pair.key == "alert.status");
        format!("{:?}", found.expect("a status").value)
    });
    let short = |text: String| if text.contains("firing") { "firing" } else { "resolved" }.to_owned();
    status.map(short).collect()
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("never: {what}");
}

#[test]
fn alerts_and_queues_outlive_the_agent_and_can_be_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path().join("kept");
    let path = directory.to_str().expect("UTF-8");

    // The alert fires while its destination is away.
    let first = agent(&directory, &nowhere());
    send(&first, 0, 95.0);
    send(&first, 60, 95.0);
    let busy = refused(&["list", path]);
    assert!(busy.contains("is in use by another agent (pid "), "{busy}");
    stop(first);

    let listed: Value = serde_json::from_str(&state(&["list", path, "--json"]).concat()).expect("JSON");
    let owners: Vec<_> = listed["state"].as_array().expect("a list").iter().map(|of| &of["owner"]).collect();
    assert_eq!(owners, ["outbox/otlp/far", "threshold@main"]);
    assert_eq!(listed["state"][0]["entries"], 1);
    let queue = &listed["queues"][0];
    assert_eq!((&queue["exporter"], &queue["records"]), (&json!("otlp/far"), &json!(2)));
    assert_eq!(queue["items"], json!({"metrics": 2}));
    let table = state(&["list", path]).join("\n");
    assert!(table.contains("otlp/far") && table.contains("2 metrics"), "{table}");

    let slots = json_lines(&["dump", path, "outbox/otlp/far"]);
    assert_eq!((slots.len(), &slots[0]["value"][0]["status"]), (1, &json!("firing")));
    assert_eq!(slots[0]["key"], slots[0]["value"][0]["fingerprint"]);
    let records = json_lines(&["dump", path, "--queue", "otlp/far"]);
    let values: Vec<_> = records
        .iter()
        .map(|record| {
            assert_eq!((&record["signal"], &record["items"]), (&json!("metrics"), &json!(1)));
            assert_eq!(record["context"]["origins"][0]["receiver"], "otlp");
            let metric = &record["data"]["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
            metric["gauge"]["dataPoints"][0]["timeUnixNano"].clone()
        })
        .collect();
    assert_eq!(values, [json!("1767607380000000000"), json!("1767607440000000000")]);

    // The next agent delivers it, does not fire it again, and resolves it.
    let backend = Backend::start();
    let second = agent(&directory, &backend.address.to_string());
    send(&second, 120, 96.0);
    send(&second, 180, 10.0);
    eventually("firing and resolved", || told(&backend).len() == 2);
    stop(second);
    assert_eq!(told(&backend), ["firing", "resolved"]);

    // A third one has nothing to tell.
    stop(agent(&directory, &backend.address.to_string()));
    assert_eq!(told(&backend).len(), 2);
    let listed: Value = serde_json::from_str(&state(&["list", path, "--json"]).concat()).expect("JSON");
    assert_eq!(listed["queues"][0]["records"], 0);
    assert!(refused(&["dump", path, "outbox/otlp/far"]).contains("there is of `threshold@main`"));
}

#[test]
fn queues_and_state_are_dropped_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path().join("kept");
    let path = directory.to_str().expect("UTF-8");
    let first = agent(&directory, &nowhere());
    send(&first, 0, 1.0);
    stop(first);
    let dropped = state(&["drop", path, "--queue", "otlp/far"]).concat();
    assert!(dropped.starts_with("Removed the queue of `otlp/far`: 1 records with 1 items, "), "{dropped}");
    let error = refused(&["drop", path, "--queue", "otlp/far"]);
    assert!(error.contains("there is no queue of `otlp/far`, nor of anybody else"), "{error}");

    let dropped = state(&["drop", path, "threshold@main"]).concat();
    assert!(dropped.starts_with("Removed the state of `threshold@main`: "), "{dropped}");
    let error = refused(&["drop", path, "threshold@main"]);
    assert!(error.contains("there is no state of `threshold@main`"), "{error}");
}

#[test]
fn what_is_no_json_is_dumped_as_base64() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(StoreOptions::new(folder.path()));
    store.open().expect("a store");
    let put = |key: &str, value: &[u8]| Change::Put { key: key.into(), version: 7, value: value.into() };
    store.state("mine").write_later(vec![put("a", b"{\"x\": 1}"), put("b", &[0xff, 0x00])]);
    store.close();
    let path = folder.path().to_str().expect("UTF-8");
    assert_eq!(
        json_lines(&["dump", path, "mine"]),
        [
            json!({"key": "a", "version": 7, "value": {"x": 1}}),
            json!({"key": "b", "version": 7, "base64": "/wA="})
        ]
    );
    let table = state(&["list", path]);
    assert_eq!(table[..2], ["STATE  ENTRIES  BYTES  VERSION", "mine         2     12  7"]);
}

#[test]
fn the_collectors_keys_are_taken_and_what_they_risk_is_said() {
    let file = common::File::new(
        "
extensions:
  file_storage/otc:
    directory: /tmp/otc
    timeout: 10s
    fsync: false
    create_directory: true
    recreate: true
    compaction: {on_start: true, on_rebound: true, directory: /tmp/, max_transaction_size: 65536, cleanup_on_start: true}
receivers:
  otlp: {protocols: {grpc: {endpoint: 'localhost:0'}}}
exporters:
  otlp: {endpoint: 'localhost:4317', sending_queue: {storage: file_storage/otc}}
service:
  extensions: [file_storage/otc]
  pipelines:
    main: {receivers: [otlp], exporters: [otlp]}
",
    );
    let ended = run(&["validate", "--config", file.as_str()]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let warnings: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("warning")).collect();
    let expected =
        ["`fsync: false`", "`on_rebound`", "`directory`", "`max_transaction_size`", "`cleanup_on_start`"];
    assert_eq!(warnings.len(), expected.len(), "{}", ended.stderr);
    for (warning, key) in warnings.iter().zip(expected) {
        assert!(warning.starts_with(&format!("warning: {key} ")), "{warning}");
    }
    assert!(warnings[0].contains("a power failure or a crash of the system loses acknowledged data"));
}

#[test]
fn a_directory_without_anything_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    for command in [&["list", path][..], &["dump", path, "x"], &["drop", path, "--queue", "x"]] {
        let error = refused(command);
        assert!(error.contains("no agent has kept anything in"), "{error}");
    }
    assert_eq!(std::fs::read_dir(path).expect("a folder").count(), 0);
    assert!(refused(&["list", "/nowhere/at/all"]).contains("is no directory"));
    assert_eq!(run(&["state", "dump", path]).code, Some(2), "of whom?");
}

#[test]
fn a_queue_of_an_exporter_that_is_gone_is_named_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = agent(directory.path(), &nowhere());
    send(&first, 0, 1.0);
    stop(first);
    let next = Agent::start(&config(directory.path(), &nowhere()).replace("otlp/far", "otlp/near"));
    let line = next.line(|line| line["exporter"] == "otlp/far" && line["level"] == "warn");
    assert!(line["message"].as_str().is_some_and(|text| text.contains("not configured")), "{line}");
    stop(next);
}
