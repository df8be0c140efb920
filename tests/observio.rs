//! Agent events to envelopes and alerts, by `configs/observio.yaml` alone.

mod common;
mod systems;

use serde_json::{Value, json};
use systems::{Place, data, expected};

const CONFIG: &str = "configs/observio.yaml";

fn place(input: &str) -> Place {
    Place::new(CONFIG, input)
}

/// Takes out what is new in each envelope, after a look at it.
fn without_ids(mut envelope: Value) -> Value {
    let id = envelope["event_id"].as_str().expect("an id");
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "{id} is a UUID of version 4");
    let ingested = envelope["ts_ingest"].as_str().expect("a time");
    assert!(ingested.starts_with("20") && ingested.ends_with('Z'), "{ingested}");
    envelope["event_id"] = "<uuid4>".into();
    envelope["ts_ingest"] = "<now, ISO-8601 Z>".into();
    envelope
}

/// S0-02 to S0-05, S0-07: nine events, nine envelopes.
#[test]
fn events_become_envelopes() {
    let place = place(&data("observio/raw_events.jsonl"));
    let agent = place.start(&[]);
    let envelopes = place.lines("envelopes.jsonl", 9);
    let ids: std::collections::HashSet<_> = envelopes.iter().map(|one| one["event_id"].clone()).collect();
    assert_eq!(ids.len(), 9, "every event has an id of its own");
    let envelopes: Vec<Value> = envelopes.into_iter().map(without_ids).collect();
    assert_eq!(envelopes, expected("observio/expected_envelopes.jsonl"));
    assert_eq!(envelopes[0]["attributes"]["value"], "92.0");
    // S0-05: the same line again.
    let line = data("observio/raw_events.jsonl").lines().next().expect("a line").to_owned() + "\n";
    place.append(&line);
    let again = place.lines("envelopes.jsonl", 10);
    assert_ne!(again[9]["event_id"], again[0]["event_id"]);
    assert_eq!(without_ids(again[9].clone()), envelopes[0]);
    drop(agent);
}

/// S0-08, S0-09: exactly five alerts.
#[test]
fn high_cpu_load_makes_alerts() {
    let place = place(&data("observio/raw_events.jsonl"));
    let agent = place.start(&[]);
    place.lines("envelopes.jsonl", 9);
    place.stop(agent);
    assert_eq!(place.now("alerts.jsonl"), expected("observio/expected_alerts.jsonl"));
}

/// S0-20: what is no event is counted and kept, and the rest goes on.
#[test]
fn bad_events_cost_nothing_else() {
    let good = data("observio/raw_events.jsonl").lines().next().expect("a line").to_owned() + "\n";
    let place = place(&(data("observio/raw_events_bad.jsonl").trim_end().to_owned() + "\n" + &good));
    let agent = place.start(&[]);
    assert_eq!(place.lines("envelopes.jsonl", 1).len(), 1);
    let dead = place.lines("dead.jsonl", 3);
    assert_eq!(dead.len(), 3, "{dead:#?}");
    let (_, metrics) = common::get(&agent.metrics(), "/metrics");
    let refused: u64 = metrics
        .lines()
        .filter(|line| line.starts_with("tidewatch_normalize_refused_records"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(refused, 3, "{metrics}");
    place.stop(agent);
    assert_eq!(place.now("envelopes.jsonl").len(), 1);
}

/// S0-22: one more limit is configuration; S0-23: a second exporter gets everything, too.
#[test]
fn limits_and_exporters_are_configuration() {
    let place = place(&data("observio/raw_events.jsonl"));
    let output = place.output().display().to_string();
    place.write(
        "more.yaml",
        &format!(
            r#"
processors:
  threshold:
    rules:
      - alert: mem_used_threshold
        signal: logs
        where: 'attributes["metric.name"] == "mem_used"'
        value: 'body["value"]'
        mode: event
        levels: {{warning: '>= 90', critical: '>= 95'}}
        annotations: {{summary: '{{{{ labels["metric.name"] }}}}={{{{ value }}}} exceeds {{{{ severity }}}} threshold'}}
exporters:
  file/mirror: {{path: {output}/mirror.jsonl, line: body}}
service:
  pipelines:
    logs: {{exporters: [file/envelopes, file/alerts, file/mirror]}}
"#
        ),
    );
    let agent = place.start(&["more.yaml"]);
    assert_eq!(place.lines("envelopes.jsonl", 9).len(), 9);
    assert_eq!(place.lines("mirror.jsonl", 9).len(), 9);
    place.stop(agent);
    let alerts = place.now("alerts.jsonl");
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!(alerts[0]["message"], "mem_used=99.0 exceeds critical threshold");
    assert_eq!((&alerts[0]["severity"], &alerts[0]["value"]), (&json!("critical"), &json!(99.0)));
}

/// S0-24: the alerts go to a webhook, too.
#[test]
fn alerts_trigger_automation() {
    let (address, received) = common::webhook::hook();
    let place = place(&data("observio/raw_events.jsonl"));
    place.write(
        "hook.yaml",
        &format!(
            "
exporters:
  webhook: {{url: 'http://{address}/alerts'}}
service:
  pipelines:
    logs: {{exporters: [file/envelopes, file/alerts, webhook]}}
"
        ),
    );
    let agent = place.start(&["hook.yaml"]);
    place.lines("envelopes.jsonl", 9);
    place.stop(agent);
    let summaries: Vec<Value> = received.try_iter().map(|alert| alert["summary"].clone()).collect();
    let expected = expected("observio/expected_alerts.jsonl");
    let messages: Vec<Value> = expected.iter().map(|alert| alert["message"].clone()).collect();
    assert_eq!(summaries, messages);
}
