//! Log files through the real binary: read, parsed, rotated, and gone on with after a kill.

mod common;

use common::Agent;
use serde_json::Value;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with logs, an agent that reads them, and the file to which it writes.
struct Place {
    folder: TempDir,
    /// More keys of the receiver, as a YAML flow mapping's inside.
    keys: String,
}

impl Place {
    fn new(keys: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("logs")).expect("a folder");
        Self { folder, keys: keys.to_owned() }
    }

    fn start(&self) -> Agent {
        let folder = self.folder.path().display();
        Agent::start(&format!(
            "
extensions:
  file_storage: {{directory: {folder}/state}}
receivers:
  filelog: {{include: ['{folder}/logs/*.log*'], start_at: beginning, storage: file_storage, {}}}
exporters:
  file: {{path: {folder}/out.jsonl}}
service:
  extensions: [file_storage]
  telemetry: {{metrics: {{address: '127.0.0.1:0'}}}}
  pipelines:
    logs: {{receivers: [filelog], exporters: [file]}}
",
            self.keys
        ))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.log(name)).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
    }

    /// All log records that have arrived.
    fn records(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("out.jsonl")).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("OTLP/JSON"));
        let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        lines
            .flat_map(|request| list(&request, "resourceLogs"))
            .flat_map(|resource| list(&resource, "scopeLogs"))
            .flat_map(|scope| list(&scope, "logRecords"))
            .collect()
    }

    /// Waits for so many.
    fn wait_for(&self, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let records = self.records();
            if records.len() >= count {
                return records;
            }
            assert!(Instant::now() < deadline, "{} of {count} records: {records:#?}", records.len());
            sleep(Duration::from_millis(20));
        }
    }
}

fn body(record: &Value) -> &str {
    record["body"]["stringValue"].as_str().expect("a text")
}

fn attribute<'a>(record: &'a Value, key: &str) -> Option<&'a str> {
    let attributes = record["attributes"].as_array()?;
    attributes.iter().find(|attribute| attribute["key"] == key)?["value"]["stringValue"].as_str()
}

fn bodies(records: &[Value]) -> Vec<&str> {
    records.iter().map(body).collect()
}

/// S3-20.
#[test]
fn json_lines_become_records_with_their_levels_and_times() {
    let place = Place::new(
        "operators: [{type: json_parser, timestamp: {parse_from: attributes.time, layout: '%Y-%m-%d %H:%M:%S,%L'},
          severity: {parse_from: attributes.level}}]",
    );
    let expected: Value =
        serde_json::from_str(include_str!("data/obsstack/app_json_log_expected.json")).expect("JSON");
    let _agent = place.start();
    place.append("app.log", include_str!("data/obsstack/app_json_log.log"));
    let count = |key: &str| expected[key].as_u64().expect("a number") as usize;
    let records = place.wait_for(count("records"));
    assert_eq!(records.len(), count("records"));
    let parsed: Vec<_> = records.iter().filter(|record| attribute(record, "message").is_some()).collect();
    assert_eq!(parsed.len(), count("parsed"));
    for (record, level) in records.iter().zip(expected["severity"].as_array().expect("a list")) {
        assert_eq!(attribute(record, "level"), level.as_str());
        assert_eq!(record["severityText"].as_str().filter(|text| !text.is_empty()), level.as_str());
    }
    assert_eq!(records.iter().filter(|record| body(record).ends_with("not json")).count(), 1);
    assert_eq!(records[0]["timeUnixNano"], "1736937045120000000");
    assert_eq!(records[1]["timeUnixNano"], "1736937046001000000");
}

/// S3-21.
#[test]
fn lines_of_containers_are_unwrapped() {
    let place = Place::new("operators: [{type: container}]");
    let _agent = place.start();
    let inner = include_str!("data/obsstack/app_json_log.log").lines().collect::<Vec<_>>();
    for (second, line) in inner.iter().enumerate() {
        let wrapped = serde_json::json!({
            "log": format!("{line}\n"), "stream": "stdout", "time": format!("2025-01-15T10:30:4{second}.5Z")
        });
        place.append("0a1b-json.log", &format!("{wrapped}\n"));
    }
    let records = place.wait_for(inner.len());
    assert_eq!(bodies(&records), inner);
    assert_eq!(records[0]["timeUnixNano"], "1736937040500000000");
    assert_eq!(records[3]["timeUnixNano"], "1736937043500000000");
    assert_eq!(attribute(&records[0], "log.iostream"), Some("stdout"));
}

/// S1-02.
#[test]
fn a_line_is_a_record_and_rotation_loses_and_doubles_nothing() {
    let place = Place::new("poll_interval: 50ms");
    let agent = place.start();
    place.append("app.log", "first\n");
    assert_eq!(bodies(&place.wait_for(1)), ["first"]);
    place.append("app.log", "second\n");
    fs::rename(place.log("app.log"), place.log("app.log.1")).expect("renamed");
    place.append("app.log.1", "third\n");
    place.append("app.log", "fourth\n");
    place.wait_for(4);
    fs::copy(place.log("app.log"), place.log("app.log.2")).expect("copied");
    OpenOptions::new().write(true).truncate(true).open(place.log("app.log")).expect("cut");
    place.append("app.log", "fifth\n");
    place.wait_for(5);
    agent.signal("TERM");
    let (status, _) = agent.wait();
    assert!(status.success());
    let records = place.records();
    let mut bodies = bodies(&records);
    bodies.sort_unstable();
    assert_eq!(bodies, ["fifth", "first", "fourth", "second", "third"]);
    assert_eq!(attribute(&records[0], "log.file.name"), Some("app.log"));
}

#[test]
fn after_kills_every_line_is_there() {
    let place = Place::new("poll_interval: 50ms");
    let line = |round: usize, number: usize| format!("{round}-{number:03}");
    for round in 0..4 {
        let agent = place.start();
        for number in 0..200 {
            place.append("app.log", &(line(round, number) + "\n"));
            if number == 100 {
                place.wait_for(round * 200 + 100);
                fs::rename(place.log("app.log"), place.log(&format!("app.log.{round}"))).expect("renamed");
            }
        }
        if round % 2 == 0 {
            // In the middle of it, or when all is done.
            sleep(Duration::from_millis(500));
        }
        agent.signal("KILL");
        drop(agent);
    }
    let _agent = place.start();
    place.append("app.log", "last\n");
    let deadline = Instant::now() + PATIENCE;
    let mut all = Vec::new();
    while !all.iter().any(|body| body == "last") || all.len() < 801 {
        assert!(Instant::now() < deadline, "{} records", all.len());
        all = bodies(&place.records()).into_iter().map(str::to_owned).collect();
        sleep(Duration::from_millis(50));
    }
    for round in 0..4 {
        for number in 0..200 {
            assert!(all.contains(&line(round, number)), "{} is lost", line(round, number));
        }
    }
}
