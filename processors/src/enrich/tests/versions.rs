//! New versions of a table, while it is in use.

use crate::{
    enrich::{EnrichConfig, EnrichProcessor, detect::Machine},
    testing,
};
use serde_json::json;
use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};
use tidewatch_component::{BuildContext, Processor};
use tidewatch_otlp::{
    Request,
    proto::{
        collector::logs::v1::ExportLogsServiceRequest,
        common::v1::{AnyValue, KeyValue, any_value},
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    },
};

const HOSTS: usize = 500;

/// A table whose every cell says which version it is of.
fn csv(version: usize) -> String {
    let mut text = "host,a,b,c\n".to_owned();
    for host in 0..HOSTS {
        writeln!(text, "host-{host},{version},{version},{version}").expect("written");
    }
    text
}

fn replace(path: &Path, text: &str) {
    let next = path.with_extension("next");
    fs::write(&next, text).expect("written");
    fs::rename(next, path).expect("renamed");
}

fn request() -> Request {
    let text = |text: String| Some(AnyValue { value: Some(any_value::Value::StringValue(text)) });
    let record = |host| LogRecord {
        attributes: vec![KeyValue {
            key: "host.name".into(),
            value: text(format!("host-{host}")),
            ..KeyValue::default()
        }],
        ..LogRecord::default()
    };
    let scope = ScopeLogs { log_records: (0..HOSTS).map(record).collect(), ..ScopeLogs::default() };
    Request::encode_logs(&ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { scope_logs: vec![scope], ..ResourceLogs::default() }],
    })
}

/// The version that all records of a batch were enriched from.
fn version(processor: &EnrichProcessor, request: &Request) -> String {
    let out = testing::outputs(|out| processor.process(testing::batch(request.clone()), out));
    let enriched = out[0].telemetry().expect("telemetry").canonical();
    let mut versions: Vec<String> = Vec::new();
    for record in
        enriched.resources().flat_map(|resource| resource.scopes()).flat_map(|scope| scope.records())
    {
        let marks = ["a", "b", "c"].map(|key| record.attributes().get(key).expect("enriched").to_string());
        versions.extend(marks);
    }
    assert_eq!(versions.len(), 3 * HOSTS);
    versions.dedup();
    assert_eq!(versions.len(), 1, "of several versions: {versions:?}");
    versions.remove(0)
}

fn reloads(context: &BuildContext, outcome: &str) -> u64 {
    let text = context.metrics.render();
    let label = format!("outcome=\"{outcome}\"");
    let line =
        text.lines().find(|line| line.starts_with("tidewatch_enrich_table_reloads") && line.contains(&label));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).expect("a number")
}

fn wait_for(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !what() {
        assert!(Instant::now() < deadline, "it does not come");
        thread::sleep(Duration::from_millis(1));
    }
}

fn processor(path: &Path, context: &BuildContext) -> EnrichProcessor {
    let config: EnrichConfig = serde_json::from_value(json!({
        "tables": [{"from": {"csv": path}, "match": {"host.name": "host"}, "add": {"a": "a", "b": "b", "c": "c"}}],
        "reload_interval": "5ms",
    }))
    .expect("keys");
    EnrichProcessor::new(config, context, Machine::own()).expect("no mistakes")
}

/// Scenario: a file is replaced a hundred times while four threads enrich batches from it. Every tenth version is
/// broken: cut off, or with a mistake in it.
///
/// Guarantees: no batch has anything of two versions or of half a one; a broken version is counted once, and the one
/// before stays.
#[test]
fn a_table_that_is_replaced_all_the_time_is_never_taken_half() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hosts.csv");
    fs::write(&path, csv(0)).expect("written");
    let context = testing::context("enrich");
    let processor = processor(&path, &context);
    testing::outputs(|out| processor.tick(Instant::now(), false, out));
    let (ended, batches) = (AtomicBool::new(false), AtomicU64::new(0));
    let request = request();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut newest = 0;
                while !ended.load(Relaxed) {
                    let version: usize = version(&processor, &request).parse().expect("a version");
                    assert!(version >= newest && !version.is_multiple_of(10) | (version == 0), "{version}");
                    newest = version;
                    batches.fetch_add(1, Relaxed);
                }
            });
        }
        for version in 1..=100 {
            let whole = csv(version);
            let before = batches.load(Relaxed);
            match version {
                // Whoever wrote it has stopped half way.
                10 | 30 | 50 => replace(&path, &whole[..whole.len() / 3]),
                70 => replace(&path, &whole[..whole.len() - 2]),
                90 => replace(&path, ""),
                20 | 60 | 100 => replace(&path, &whole.replace("host-77,", "host-77,\"")),
                40 | 80 => replace(&path, &whole.replace("host-77,", "host-76,")),
                _ => replace(&path, &whole),
            }
            let broken = version as u64 / 10;
            wait_for(|| {
                (reloads(&context, "ok"), reloads(&context, "broken")) == (version as u64 - broken, broken)
            });
            // Something has been enriched from each version.
            wait_for(|| batches.load(Relaxed) > before + 4);
        }
        ended.store(true, Relaxed);
    });
    assert_eq!(version(&processor, &request), "99");
}

#[test]
fn a_file_that_is_gone_leaves_the_table_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hosts.csv");
    fs::write(&path, csv(1)).expect("written");
    let context = testing::context("enrich");
    let processor = processor(&path, &context);
    testing::outputs(|out| processor.tick(Instant::now(), false, out));
    fs::remove_file(&path).expect("removed");
    wait_for(|| reloads(&context, "broken") == 1);
    assert_eq!(version(&processor, &request()), "1");
    fs::write(&path, csv(2)).expect("written");
    wait_for(|| reloads(&context, "ok") == 1);
    assert_eq!(version(&processor, &request()), "2");
    // Whoever stops looks no more.
    testing::outputs(|out| processor.tick(Instant::now(), true, out));
    fs::write(&path, csv(3)).expect("written");
    thread::sleep(Duration::from_millis(100));
    assert_eq!((version(&processor, &request()), reloads(&context, "ok")), ("2".to_owned(), 1));
}
