//! Tables that change while the agent enriches from them.

mod common;

use common::{Agent, File, get, post, run};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

const HOSTS: usize = 50;

/// A table whose every cell says which version it is of.
fn csv(version: usize) -> String {
    let rows = (0..HOSTS).map(|host| format!("host-{host},{version},{version}\n"));
    "host,a,b\n".to_owned() + &rows.collect::<String>()
}

fn replace(path: &Path, text: &str) {
    let next = path.with_extension("next");
    fs::write(&next, text).expect("written");
    fs::rename(next, path).expect("renamed");
}

/// A request with a record of each host.
fn request() -> String {
    let text = |key: &str, value: String| json!({"key": key, "value": {"stringValue": value}});
    let record = |host| json!({"attributes": [text("host.name", format!("host-{host}"))]});
    let records: Vec<Value> = (0..HOSTS).map(record).collect();
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).to_string()
}

/// Scenario: a table's file is replaced a hundred times while batches are enriched from it; ten versions are broken.
///
/// Guarantees: every record of a batch has all columns of one version that could be used; each broken version is
/// reported once, with its line and column, and the next good one again.
#[test]
fn each_broken_version_is_reported_once_and_no_record_sees_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (table, output) = (folder.path().join("hosts.csv"), folder.path().join("out.jsonl"));
    fs::write(&table, csv(0)).expect("written");
    let mut agent = Agent::start(&format!(
        "
receivers:
  otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:0'}}}}}}
processors:
  enrich:
    tables:
      - {{from: {{csv: '{}'}}, match: {{host.name: host}}, add: {{a: a, b: b}}}}
    reload_interval: 5ms
    attributes: {{region: eu-1}}
exporters:
  file: {{path: '{}'}}
service:
  telemetry: {{metrics: {{address: '127.0.0.1:0'}}}}
  pipelines:
    main: {{receivers: [otlp], processors: [enrich], exporters: [file]}}
",
        table.display(),
        output.display()
    ));
    let listening = agent.line(|line| line["message"] == "listening" && line["receiver"] == "otlp");
    let address = listening["address"].as_str().expect("an address").to_owned();
    let (ended, body) = (AtomicBool::new(false), request());
    let mut reports = Vec::new();
    thread::scope(|scope| {
        let send = || {
            while !ended.load(Relaxed) {
                assert_eq!(post(&address, "/v1/logs", "", &body).0, 200);
            }
        };
        let senders = [scope.spawn(send), scope.spawn(send)];
        for version in 1..=100 {
            let whole = csv(version);
            match version {
                10 | 50 => replace(&table, &whole[..whole.len() / 3]),
                30 => replace(&table, &whole[..whole.len() - 2]),
                70 | 90 => replace(&table, &whole.replace("host-7,", "host-7,\"")),
                20 | 60 => replace(&table, &whole.replace("host-7,", "host-6,")),
                _ if version % 10 == 0 => replace(&table, &whole.replace("host-7,", "host-7,more,")),
                _ => replace(&table, &whole),
            }
            let message = match version % 10 {
                0 => "a new version of a table cannot be used: the one before stays",
                _ => "a new version of a table is in use",
            };
            let line = agent.wait_for(message);
            if version % 10 == 0 {
                reports.push((line["line"].as_u64(), line["column"].as_u64()));
            }
        }
        ended.store(true, Relaxed);
        senders.into_iter().for_each(|sender| sender.join().expect("sent"));
    });
    let at = |line, column| (Some(line), Some(column));
    let whole = csv(10);
    let cut = &whole[..whole.len() / 3];
    let (lines, last) = cut.rsplit_once('\n').expect("lines");
    let end = at(lines.lines().count() as u64 + 1, last.len() as u64 + 1);
    assert_eq!((reports[0], reports[4]), (end, end), "a row without its end");
    let whole = csv(30);
    assert_eq!(
        reports[2],
        at(HOSTS as u64 + 1, (whole.lines().last().expect("a row").len()) as u64),
        "a cell without its end"
    );
    assert_eq!((reports[1], reports[5]), (at(9, 1), at(9, 1)), "two rows of one key");
    assert_eq!((reports[6], reports[8]), (at(9, 8), at(9, 8)), "a quote without an end");
    assert_eq!((reports[3], reports[7]), (at(9, 16), at(9, 16)), "a cell too many");
    assert_eq!(reports[9], at(9, 17));
    let (_, metrics) = get(&agent.metrics(), "/metrics");
    let count = |outcome: &str| {
        let is = |line: &&str| {
            line.starts_with("tidewatch_enrich_table_reloads")
                && line.contains(&format!("outcome=\"{outcome}\""))
        };
        metrics.lines().find(is).and_then(|line| line.rsplit(' ').next()).expect("a count").to_owned()
    };
    assert_eq!((count("ok"), count("broken")), ("90".to_owned(), "10".to_owned()));

    agent.signal("TERM");
    let (status, lines) = agent.wait();
    assert!(status.success());
    let reported =
        lines.iter().filter(|line| line["message"].as_str().is_some_and(|text| text.contains("a table")));
    assert_eq!(reported.count(), 100, "nothing is told twice");
    let output = fs::read_to_string(output).expect("what was enriched");
    let mut versions = std::collections::BTreeSet::new();
    for line in output.lines() {
        let request: Value = serde_json::from_str(line).expect("JSON");
        for resource in request["resourceLogs"].as_array().expect("resources") {
            assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "eu-1");
            let records = resource["scopeLogs"][0]["logRecords"].as_array().expect("records");
            let of = |record: &Value| {
                let all = record["attributes"].as_array().expect("attributes").clone();
                let value = |key: &str| {
                    let entry = all.iter().find(|entry| entry["key"] == key).expect("enriched");
                    entry["value"]["stringValue"].as_str().expect("text").to_owned()
                };
                assert_eq!(value("a"), value("b"), "columns of two versions");
                value("a")
            };
            let batch: std::collections::BTreeSet<String> = records.iter().map(of).collect();
            assert_eq!((batch.len(), records.len()), (1, HOSTS), "of several versions: {batch:?}");
            versions.extend(batch);
        }
    }
    assert!(versions.len() > 2, "{versions:?}");
    assert!(versions.iter().all(|version| version == "0" || !version.ends_with('0')), "{versions:?}");
}

#[test]
fn a_broken_table_ends_the_start_and_is_shown_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("hosts.json");
    fs::write(&table, "[\n  {\"host\": \"a\", \"env\": \"prod\"},\n  {\"host\": \"a\"}\n]\n")
        .expect("written");
    let file = File::new(&format!(
        "
receivers:
  generator:
processors:
  enrich:
    tables:
      - from: {{json: '{}'}}
        match: {{host.name: host}}
        add: {{env: env, team: team}}
exporters:
  debug:
service:
  pipelines:
    main: {{receivers: [generator], processors: [enrich], exporters: [debug]}}
",
        table.display()
    ));
    let shown = |text: &str| {
        let ended = run(&["validate", "--config", file.as_str()]);
        assert_eq!(ended.code, Some(1));
        assert!(ended.stderr.contains(text), "{}", ended.stderr);
        ended.stderr
    };
    let path = table.display();
    let stderr = shown(&format!("{path}:3:3: there is a row of the same `host` already, in line 2"));
    assert!(stderr.contains("agent.yaml:7:"), "{stderr}");
    fs::write(&table, "[{\"host\": \"a\", \"env\": \"prod\"}]").expect("written");
    let stderr = shown(&format!("{path}:1:2: the table has no column `team`; it has `host`, `env`"));
    assert!(stderr.contains("agent.yaml:9:"), "{stderr}");
    let ended = run(&["--config", file.as_str()]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
}
