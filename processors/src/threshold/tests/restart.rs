//! What an agent knows that was stopped and started again, with a real store.

use super::*;
use crate::threshold::{Threshold, engine::Found, memory::Memory};
use std::{collections::HashMap, sync::Arc};
use tempfile::TempDir;
use tidewatch_component::{Batch, DataType, Payload, Processor, ProcessorFactory};
use tidewatch_store::{Store, StoreOptions};

/// Agents that live one after another on the same directory.
struct Lives {
    folder: TempDir,
}

/// One of them.
struct Life {
    store: Arc<Store>,
    bench: Bench,
    memory: Memory,
    /// What it tells as it begins.
    told: Vec<Alert>,
}

impl Lives {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// An agent with these rules; its clock shows `seconds`.
    fn begin(&self, seconds: f64, rules: Json) -> Life {
        let store = Store::new(StoreOptions::new(self.folder.path()));
        store.open().unwrap();
        let bench = Bench::new(rules);
        let memory = Memory::new(store.state("threshold@main"), Duration::from_secs(16));
        let mut found = Found::default();
        memory.recall(&bench.engine, bench.at(seconds), &mut found);
        Life { store, bench, memory, told: found.states }
    }
}

impl Life {
    fn stop(self, seconds: f64) {
        self.memory.close(&self.bench.engine, self.bench.at(seconds));
        self.store.close();
    }

    /// It is gone without a word; what it had written is what counts.
    fn kill(self) {
        self.store.close();
    }
}

/// A gauge `m` that must be over 1 for a minute.
fn for_a_minute() -> Json {
    json!([{"alert": "A", "metric": "m", "by": ["host.name"], "for": "1m",
        "levels": {"low": "> 1", "high": "> 10"}, "labels": {"team": "core"}}])
}

fn firing(severity: &str, value: f64) -> (AlertStatus, &str, Option<f64>) {
    (AlertStatus::Firing, severity, Some(value))
}

fn resolved(severity: &str, value: f64) -> (AlertStatus, &str, Option<f64>) {
    (AlertStatus::Resolved, severity, Some(value))
}

#[test]
fn a_restart_in_the_middle_keeps_the_timer() {
    let lives = Lives::new();
    let first = lives.begin(0.0, for_a_minute());
    assert!(first.bench.gauge(0, 5.0).is_empty());
    assert!(first.bench.gauge(30, 5.0).is_empty());
    first.stop(31.0);
    let second = lives.begin(40.0, for_a_minute());
    assert!(second.told.is_empty());
    assert!(second.bench.gauge(59, 5.0).is_empty());
    let alerts = second.bench.gauge(60, 5.0);
    assert_eq!(brief(&alerts), [firing("low", 5.0)]);
    assert_eq!(alerts[0].starts_at, nanos(0), "since before the restart");
}

#[test]
fn what_fires_is_not_told_again_and_resolves() {
    let lives = Lives::new();
    let first = lives.begin(0.0, for_a_minute());
    first.bench.gauge(0, 5.0);
    let fired = first.bench.gauge(60, 50.0);
    assert_eq!(brief(&fired), [firing("high", 50.0)]);
    first.stop(61.0);
    let second = lives.begin(62.0, for_a_minute());
    assert!(second.told.is_empty() && second.bench.gauge(70, 51.0).is_empty());
    let alerts = second.bench.gauge(80, 0.0);
    assert_eq!(brief(&alerts), [resolved("high", 51.0)]);
    let (end, start) = (&alerts[0], &fired[0]);
    assert_eq!(
        (&end.fingerprint, end.starts_at, &end.labels),
        (&start.fingerprint, start.starts_at, &start.labels)
    );
    second.stop(81.0);
    let third = lives.begin(90.0, for_a_minute());
    assert!(third.bench.gauge(100, 0.0).is_empty(), "it is resolved for good");
}

#[test]
fn the_time_without_an_agent_is_no_silence() {
    let absent = || json!([{"alert": "Silent", "metric": "m", "by": ["host.name"], "absent_for": "5m"}]);
    let lives = Lives::new();
    let first = lives.begin(0.0, absent());
    first.bench.gauge(0, 1.0);
    first.stop(100.0);
    let second = lives.begin(10_000.0, absent());
    assert!(second.bench.wait(10_150.0).is_empty(), "100 s before the stop, 150 s after it");
    assert_eq!(second.bench.wait(10_200.0).len(), 1, "it was known, and is missed");
}

#[test]
fn counters_and_windows_go_on() {
    let rules = || {
        json!([{"alert": "Fast", "metric": "m", "by": ["host.name"], "statistic": "delta", "levels": {"low": "> 5"}},
            {"alert": "Grew", "metric": "m", "by": ["host.name"], "change": {"over": "1m", "as": "delta"},
                "levels": {"low": "> 50"}}])
    };
    let lives = Lives::new();
    let first = lives.begin(0.0, rules());
    assert!(first.bench.gauge(0, 100.0).is_empty());
    first.stop(1.0);
    let second = lives.begin(50.0, rules());
    let alerts = second.bench.gauge(60, 170.0);
    let told: Vec<_> = alerts.iter().map(|alert| (alert.name.as_str(), alert.value)).collect();
    assert_eq!(told, [("Fast", Some(70.0)), ("Grew", Some(70.0))]);
}

#[test]
fn a_changed_rule_begins_anew_and_its_old_alert_resolves() {
    let lives = Lives::new();
    let first = lives.begin(0.0, for_a_minute());
    first.bench.gauge(0, 5.0);
    let fired = first.bench.gauge(60, 5.0);
    first.stop(61.0);
    let mut changed = for_a_minute();
    changed[0]["levels"] = json!({"low": "> 2"});
    let second = lives.begin(70.0, changed);
    assert_eq!(brief(&second.told), [resolved("low", 5.0)]);
    assert_eq!((&second.told[0].fingerprint, second.told[0].starts_at), (&fired[0].fingerprint, nanos(0)));
    assert!(second.bench.gauge(80, 5.0).is_empty(), "its time begins anew");
    assert_eq!(brief(&second.bench.gauge(140, 5.0)), [firing("low", 5.0)]);
}

#[test]
fn rules_may_move_and_texts_may_change() {
    let lives = Lives::new();
    let first = lives.begin(0.0, for_a_minute());
    first.bench.gauge(0, 5.0);
    first.stop(1.0);
    let mut rules = for_a_minute();
    rules[0]["annotations"] = json!({"summary": "{{ value }}"});
    let other = json!({"alert": "B", "metric": "n", "levels": {"low": "> 1"}});
    let second = lives.begin(2.0, json!([other, rules[0]]));
    let alerts = second.bench.gauge(60, 5.0);
    assert_eq!((alerts[0].starts_at, alerts[0].summary.as_str()), (nanos(0), "5.0"));
}

#[test]
fn a_kill_costs_what_changed_since_the_last_turns() {
    let lives = Lives::new();
    let first = lives.begin(0.0, for_a_minute());
    for second in [0, 30, 60] {
        first.bench.gauge(second, 5.0);
    }
    // What fires is written by the next turn, whichever shard that is about.
    first.memory.turn(&first.bench.engine, first.bench.at(60.0));
    let first_wish = first.memory.turn(&first.bench.engine, first.bench.at(60.5));
    assert_eq!(first_wish, first.bench.at(61.0), "a turn each second, as there are 16 shards");
    first.bench.take(61.0, &gauge("m", &[("host.name", "b")], 61, 5.0));
    first.kill();
    let second = lives.begin(62.0, for_a_minute());
    assert!(second.bench.gauge(70, 5.0).is_empty(), "host a fires already");
    let alerts = second.bench.take(121.0, &gauge("m", &[("host.name", "b")], 121, 5.0));
    assert!(alerts.is_empty(), "host b was forgotten, and waits from now on");
}

#[test]
fn every_shard_is_written_once_in_an_interval() {
    let lives = Lives::new();
    let first = lives.begin(0.0, for_a_minute());
    let hosts: Vec<String> = (0..200).map(|host| format!("host-{host}")).collect();
    let point = |life: &Life, seconds: u64, host: &str| {
        life.bench.take(seconds as f64, &gauge("m", &[("host.name", host)], seconds, 5.0))
    };
    for host in &hosts {
        point(&first, 0, host);
    }
    for second in 0..16 {
        first.memory.turn(&first.bench.engine, first.bench.at(f64::from(second)));
    }
    first.kill();
    let second = lives.begin(20.0, for_a_minute());
    let fired: usize = hosts.iter().map(|host| point(&second, 60, host).len()).sum();
    assert_eq!(fired, 200);
}

#[test]
fn more_series_than_there_is_room_for_are_let_go() {
    let lives = Lives::new();
    let first = lives.begin(0.0, for_a_minute());
    for host in 0..10 {
        first.bench.take(0.0, &gauge("m", &[("host.name", &host.to_string())], 0, 5.0));
    }
    first.stop(1.0);
    let store = Store::new(StoreOptions::new(lives.folder.path()));
    store.open().unwrap();
    let bench = Bench::with(json!({"rules": for_a_minute(), "max_series": 4}));
    let memory = Memory::new(store.state("threshold@main"), Duration::from_secs(16));
    memory.recall(&bench.engine, bench.at(2.0), &mut Found::default());
    assert_eq!(bench.metric("tidewatch_threshold_rule_series"), Some("4".to_owned()));
}

/// As the pipeline sees it.
#[test]
fn the_processor_remembers_where_it_has_a_storage() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(StoreOptions::new(folder.path()));
    store.open().unwrap();
    let mut context = testing::context("threshold");
    context.provided = Arc::new(HashMap::from([("file_storage".to_owned(), vec![store.clone() as Arc<_>])]));
    let build = |storage: &str| {
        let mut rules = for_a_minute();
        rules[0]["for"] = json!("0s");
        let config = json!({"rules": rules, "storage": storage});
        Threshold::build(serde_json::from_value(config).unwrap(), &context)
    };
    let process = |processor: &Arc<dyn Processor>, seconds, value| {
        let request = gauge("m", &[("host.name", "a")], seconds, value);
        testing::outputs(|out| processor.process(testing::batch(request), out))
    };
    let alerts = |out: &[Batch]| out.iter().filter(|batch| batch.data_type() == DataType::Alerts).count();

    let first = build("file_storage").ok().unwrap();
    assert!(first.ticks_at_start());
    testing::outputs(|out| first.tick(Instant::now(), false, out));
    assert_eq!(alerts(&process(&first, 0, 5.0)), 1);
    testing::outputs(|out| first.tick(Instant::now(), true, out));
    let second = build("file_storage").ok().unwrap();
    assert_eq!(alerts(&process(&second, 10, 5.0)), 0, "it fires already");
    let out = process(&second, 20, 0.0);
    let Payload::Alerts(told) = &out[1].payload else { panic!("alerts") };
    assert_eq!(brief(told), [resolved("low", 5.0)]);

    let mistakes = build("nowhere").err().unwrap();
    assert_eq!(mistakes[0].path, "storage");
    assert!(mistakes[0].message.contains("no extension `nowhere`"), "{}", mistakes[0].message);
}
