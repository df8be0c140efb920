//! Files as applications write them.

use super::kit::{File, build, names, pattern, read};
use serde_json::{Value as Json, json};
use tidewatch_telemetry::Metrics;

const APP_LOG: &str = include_str!("../../../../tests/data/file_log/app_json_log.log");
const EXPECTED: &str = include_str!("../../../../tests/data/file_log/app_json_log_expected.json");

fn app_config() -> Json {
    json!({"operators": [{
        "type": "json_parser",
        "timestamp": {"parse_from": "attributes.time", "layout": "%Y-%m-%d %H:%M:%S,%L", "location": "UTC"},
        "severity": {"parse_from": "attributes.level"},
    }]})
}

#[test]
fn an_applications_json_lines_become_records() {
    let expected: Json = serde_json::from_str(EXPECTED).unwrap();
    let metrics = Metrics::default();
    let mut file = File::at("/var/log/app.log", &build(app_config(), &metrics).unwrap());
    file.flush(APP_LOG.as_bytes());
    let records = file.records();
    assert_eq!(records.len() as u64, expected["records"]);
    let severities: Vec<_> = records.iter().map(|record| record["severity_text"].clone()).collect();
    assert_eq!(Json::Array(severities), expected["severity"]);
    let parsed = records.iter().filter(|record| record["attributes"]["message"].is_string()).count();
    assert_eq!(parsed as u64, expected["parsed"]);
    let numbers: Vec<_> = records.iter().map(|record| record["severity"].as_u64()).collect();
    assert_eq!(numbers, [Some(9), Some(17), Some(9), None]);
    let times: Vec<_> = records.iter().map(|record| record["time"].as_str()).collect();
    assert_eq!(times, [Some("2025-01-15T10:30:45.12Z"), Some("2025-01-15T10:30:46.001Z"), None, None]);
    assert_eq!(
        records[3],
        json!({"body": "Traceback (most recent call last): not json", "attributes": {"log.file.name": "app.log"}}),
        "passed on untouched"
    );
    // The third line's time is of another layout; the fourth line is no JSON.
    let errors = r#"tidewatch_file_log_operator_errors_total{action="send",operator="json_parser",receiver="file_log"} 2"#;
    assert!(metrics.render().contains(errors), "{}", metrics.render());
}

#[test]
fn what_docker_writes_around_a_line_is_taken_off() {
    let wrapped: String = APP_LOG
        .lines()
        .map(|line| {
            let line = json!({"log": format!("{line}\n"), "stream": "stdout", "time": "2025-01-15T10:30:45.123456789Z"});
            format!("{line}\n")
        })
        .collect();
    let mut config = app_config();
    config["operators"].as_array_mut().unwrap().insert(0, json!({"type": "container"}));
    let records = read(config, &wrapped);
    for (record, line) in records.iter().zip(APP_LOG.lines()) {
        assert_eq!(record["body"], line);
        assert_eq!(record["attributes"]["log.iostream"], "stdout");
    }
    let times: Vec<_> = records.iter().map(|record| record["time"].as_str().unwrap()).collect();
    let wrapper = "2025-01-15T10:30:45.123456789Z";
    assert_eq!(times, ["2025-01-15T10:30:45.12Z", "2025-01-15T10:30:46.001Z", wrapper, wrapper]);
    assert_eq!(records[0]["severity_text"], "INFO");
}

const POD: &str = "/var/log/pods/some_kube-controller-kind-control-plane_49cc7c1fd3702c40b2686ea7486091d6/kube-controller/1.log";

#[test]
fn containers_of_all_runtimes_are_told_apart() {
    let resource = json!({
        "k8s.pod.name": "kube-controller-kind-control-plane",
        "k8s.pod.uid": "49cc7c1fd3702c40b2686ea7486091d6",
        "k8s.container.name": "kube-controller",
        "k8s.container.restart_count": "1",
        "k8s.namespace.name": "some",
        "cluster": "test",
    });
    let config = json!({
        "operators": [{"type": "container"}], "include_file_name": false, "resource": {"cluster": "test"},
    });
    let content = "{\"log\":\"INFO: log line here\",\"stream\":\"stdout\",\"time\":\"2024-03-30T08:31:20.545192187Z\"}\n\
                   2024-04-13T07:59:37.505201169-05:00 stdout F standalone crio line which is awesome\n\
                   2023-06-22T10:27:25.813799277Z stderr F standalone containerd line that is super awesome\n\
                   2023-06-22T10:27:25.813799277Z stdout P multiline containerd line that i\n\
                   2023-06-22T10:27:26Z stdout F s super awesome\n\
                   2023-06-22T10:27:27Z stdout F\n\
                   none of these\n";
    let mut file = File::at(POD, &pattern(config));
    file.feed(content.as_bytes());
    let line = |body: &str, time: &str, attributes: Json| {
        let mut record = json!({"time": time, "attributes": attributes, "resource": resource});
        if !body.is_empty() {
            record["body"] = body.into();
        }
        record
    };
    let mut records = file.records();
    // Of another resource.
    let rest = records.pop().unwrap();
    assert_eq!(rest, json!({"body": "none of these", "resource": {"cluster": "test"}}));
    assert_eq!(
        records,
        [
            line("INFO: log line here", "2024-03-30T08:31:20.545192187Z", json!({"log.iostream": "stdout"})),
            line(
                "standalone crio line which is awesome",
                "2024-04-13T12:59:37.505201169Z",
                json!({"log.iostream": "stdout", "logtag": "F"})
            ),
            line(
                "standalone containerd line that is super awesome",
                "2023-06-22T10:27:25.813799277Z",
                json!({"log.iostream": "stderr", "logtag": "F"})
            ),
            line(
                "multiline containerd line that is super awesome",
                "2023-06-22T10:27:25.813799277Z",
                json!({"log.iostream": "stdout", "logtag": "P"})
            ),
            line("", "2023-06-22T10:27:27Z", json!({"log.iostream": "stdout", "logtag": "F"})),
        ]
    );
}

#[test]
fn paths_that_name_no_pod_say_nothing() {
    let line = "2023-06-22T10:27:27Z stdout F a\n";
    let resource = |config: Json, path: &str| {
        let mut file = File::at(path, &pattern(json!({"operators": [config]})));
        file.feed(line.as_bytes());
        file.records()[0]["resource"].clone()
    };
    let container = json!({"type": "container"});
    assert_eq!(resource(container.clone(), "/var/lib/docker/containers/ab/ab-json.log"), Json::Null);
    let without = json!({"type": "container", "add_metadata_from_filepath": false});
    assert_eq!(resource(without, POD), Json::Null);
    let rotated = format!("{POD}.20240102-030405");
    assert_eq!(resource(container.clone(), &rotated)["k8s.container.restart_count"], "1");
    for wrong in [format!("{POD}.gz"), POD.replace("1.log", "x.log"), POD.replace("some_", "some_more_")] {
        assert_eq!(resource(container.clone(), &wrong), Json::Null, "{wrong}");
    }
}

#[test]
fn parts_of_both_streams_may_alternate() {
    let line = |second: u8, rest: &str| format!("2023-06-22T10:27:{second:02}Z {rest}\n");
    let content = [
        line(1, "stdout P out 1, "),
        line(2, "stderr F err"),
        line(3, "stderr P err 1, "),
        line(4, "stdout F out 2"),
        line(5, "stderr F err 2"),
        line(6, "stdout F end"),
    ]
    .concat();
    let config = json!({"operators": [{"type": "container"}]});
    // Nothing is given out, and nothing consumed, before it is certain what comes first.
    let mut file = File::new(config.clone());
    let open = content.find("2023-06-22T10:27:05").unwrap();
    let progress = file.feed(&content.as_bytes()[..open]);
    assert_eq!((progress.consumed, file.records().len()), (0, 0));
    assert_eq!(progress.flush_after.map(|after| after.as_secs()), Some(5));
    file.restart();
    file.feed(content.as_bytes());
    let bodies = |records: Vec<Json>| -> Vec<String> {
        records.iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(bodies(file.records()), ["err", "out 1, out 2", "err 1, err 2", "end"]);
    // Where no more is to come, parts are lines.
    let mut file = File::new(config);
    file.flush(&content.as_bytes()[..open]);
    assert_eq!(
        (file.consumed, bodies(file.records())),
        (open as u64, vec!["err".into(), "out 1, out 2".into(), "err 1,".into()])
    );
}

#[test]
fn joined_parts_are_bounded() {
    let part = "2023-06-22T10:27:01Z stdout P 0123456789\n";
    let config = json!({"operators": [{"type": "container", "max_log_size": 100}], "max_log_size": 1000});
    let mut file = File::new(config.clone());
    let content = part.repeat(100);
    file.feed(content.as_bytes());
    let longest = file.records().iter().map(|record| record["body"].as_str().unwrap().len()).max().unwrap();
    assert!((100..=110).contains(&longest) || longest < 100, "{longest}");
    assert!(content.len() - file.consumed as usize <= 200 + part.len());
    // Parts without content have a bound, too: that of the bytes in the file.
    let mut file = File::new(config);
    let content = "2023-06-22T10:27:01Z stdout P \n".repeat(100);
    file.feed(content.as_bytes());
    assert!(content.len() - file.consumed as usize <= 200 + part.len());
}

#[test]
fn docker_cuts_lines_of_16_kib() {
    let line = |log: &str| {
        json!({"log": log, "stream": "stdout", "time": "2024-03-30T08:31:20Z"}).to_string() + "\n"
    };
    let content = line(&"a".repeat(16 << 10)) + &line("b\n") + &line("no newline") + &line("c\n");
    let records = read(json!({"operators": [{"type": "container", "format": "docker"}]}), &content);
    let bodies: Vec<_> = records.iter().map(|record| record["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["a".repeat(16 << 10) + "b", "no newline".into(), "c".into()]);
}

#[test]
fn a_files_header_says_something_about_all_records() {
    let config = json!({
        "header": {
            "pattern": "^#",
            "metadata_operators": [
                {"type": "regex_parser", "regex": "^# (?P<key>\\w+)=(?P<value>.*)$", "if": "body contains '='"},
            ],
        },
        "include_file_record_number": true,
    });
    let content = "# env=prod\n# more\nfirst\n# second\n";
    let first = json!({"body": "first", "attributes":
        {"key": "env", "value": "prod", "log.file.name": "app.log", "log.file.record_number": 1}});
    let mut second = first.clone();
    (second["body"], second["attributes"]["log.file.record_number"]) = ("# second".into(), 2.into());
    assert_eq!(read(config.clone(), content), [first.clone(), second.clone()]);
    // In pieces, with restarts between them.
    let mut file = File::new(config);
    let mut all = Vec::new();
    for end in 0..=content.len() {
        file.feed(&content.as_bytes()[..end]);
        all.extend(file.records());
        file.restart();
    }
    assert_eq!(all, [first, second]);
}

#[test]
fn records_name_their_file_as_far_as_they_are_told_to() {
    let config = json!({
        "include_file_path": true, "include_file_name_resolved": true, "include_file_path_resolved": true,
        "include_file_record_offset": true, "attributes": {"team": "core", "tier": 1}, "resource": {"env": "test"},
    });
    let mut file = File::new(config);
    file.feed(b"one\n");
    file.entries.rename(names("/var/log/app.log.1"));
    file.feed(b"one\ntwo\n");
    let attributes = |name: &str, offset: u64| {
        json!({"team": "core", "tier": 1, "log.file.name": name, "log.file.path": format!("/var/log/{name}"),
            "log.file.name_resolved": "real.log", "log.file.path_resolved": "/real.log", "log.file.record_offset": offset})
    };
    let mut expected = Vec::new();
    for (body, name, offset) in [("one", "app.log", 0), ("two", "app.log.1", 4)] {
        let attributes = attributes(name, offset);
        expected.push(json!({"body": body, "attributes": attributes, "resource": {"env": "test"}}));
    }
    assert_eq!(
        file.records(),
        expected
            .iter()
            .map(|record| {
                let mut record = record.clone();
                // Zero is not shown.
                if record["attributes"]["log.file.record_offset"] == 0 {
                    record["attributes"]["log.file.record_offset"] = 0.into();
                }
                record
            })
            .collect::<Vec<_>>()
    );
    let attributes = read(json!({"include_file_name": false}), "a\n")[0]["attributes"].clone();
    assert_eq!(attributes, Json::Null);
}
