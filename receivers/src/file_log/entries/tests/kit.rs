//! From a configuration and bytes to records as JSON.

use crate::file_log::entries::{Entries, EntriesConfig, FileNames, Pattern, Requests, Saved, feed::Progress};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use tidewatch_component::BuildContext;
use tidewatch_config::{ComponentId, Mistake};
use tidewatch_otlp::{Request, Signal, views::ValueView};
use tidewatch_telemetry::Metrics;

/// 2025-03-01T00:00:00Z
pub(super) const NOW: u64 = 1_740_787_200_000_000_000;

pub(super) fn build(config: Json, metrics: &Metrics) -> Result<Arc<Pattern>, Vec<Mistake>> {
    parsed(config).build(&BuildContext::new(ComponentId::new("file_log"), metrics))
}

fn parsed(config: Json) -> EntriesConfig {
    serde_json::from_value(config).expect("keys that are there")
}

pub(super) fn pattern(config: Json) -> Arc<Pattern> {
    build(config, &Metrics::default()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

pub(super) fn names(path: &str) -> FileNames {
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    FileNames {
        name,
        path: path.to_owned(),
        name_resolved: "real.log".into(),
        path_resolved: "/real.log".into(),
    }
}

/// A file, read from its beginning.
pub(super) struct File {
    pub(super) pattern: Arc<Pattern>,
    pub(super) entries: Entries,
    pub(super) consumed: u64,
    pub(super) out: Requests,
}

impl File {
    pub(super) fn new(config: Json) -> Self {
        Self::at("/var/log/app.log", &pattern(config))
    }

    pub(super) fn at(path: &str, pattern: &Arc<Pattern>) -> Self {
        let entries = Entries::new(pattern, names(path), Saved::default());
        Self { pattern: Arc::clone(pattern), entries, consumed: 0, out: Requests::new(usize::MAX) }
    }

    /// Reads what the file holds by now.
    pub(super) fn feed(&mut self, content: &[u8]) -> Progress {
        let rest = &content[self.consumed as usize..];
        let progress = self.entries.feed(rest, self.consumed, NOW, &mut self.out);
        self.consumed = progress.consumed;
        progress
    }

    pub(super) fn flush(&mut self, content: &[u8]) -> Progress {
        let rest = &content[self.consumed as usize..];
        let progress = self.entries.flush(rest, self.consumed, NOW, &mut self.out);
        self.consumed = progress.consumed;
        progress
    }

    /// Somebody else goes on where this one came to.
    pub(super) fn restart(&mut self) {
        let saved = serde_json::to_string(&self.entries.saved()).unwrap();
        let saved = serde_json::from_str(&saved).unwrap();
        self.entries = Entries::new(&self.pattern, names("/var/log/app.log"), saved);
    }

    pub(super) fn records(&mut self) -> Vec<Json> {
        records(self.out.finish())
    }
}

/// The records of a whole file.
pub(super) fn read(config: Json, content: impl AsRef<[u8]>) -> Vec<Json> {
    let mut file = File::new(config);
    file.flush(content.as_ref());
    assert_eq!(file.consumed, content.as_ref().len() as u64);
    file.records()
}

/// Their bodies.
pub(super) fn bodies(config: Json, content: impl AsRef<[u8]>) -> Vec<String> {
    read(config, content)
        .iter()
        .map(|record| record["body"].as_str().unwrap_or("no text").to_owned())
        .collect()
}

/// Each record with what is not empty in it.
pub(super) fn records(request: Option<Request>) -> Vec<Json> {
    let Some(request) = request else { return Vec::new() };
    let checked = Request::check(Signal::Logs, request.bytes().clone()).unwrap();
    assert_eq!(checked.request, request, "what is written passes the check as it is");
    assert!(checked.rejected.is_none());
    let canonical = request.canonical();
    let mut records = Vec::new();
    for resource in canonical.resources() {
        for scope in resource.scopes() {
            for record in scope.records() {
                assert_eq!(record.observed_time_unix_nano(), NOW);
                let mut shown = json!({});
                let mut show = |key: &str, value: Json| {
                    if ![json!(null), json!(""), json!(0), json!({})].contains(&value) {
                        shown[key] = value;
                    }
                };
                show("body", record.body().map_or(Json::Null, json_of));
                show("attributes", record.attributes().to_json());
                show("resource", resource.attributes().to_json());
                show("scope", scope.name().into());
                show("severity", record.severity_number().into());
                show("severity_text", record.severity_text().into());
                show("time", time(record.time_unix_nano()));
                show("trace_id", hex::encode(record.trace_id()).into());
                show("span_id", hex::encode(record.span_id()).into());
                show("flags", record.flags().into());
                records.push(shown);
            }
        }
    }
    records
}

fn json_of(value: ValueView<'_>) -> Json {
    match value {
        ValueView::Bytes(bytes) => json!({"bytes": hex::encode(bytes)}),
        value => value.to_json(),
    }
}

fn time(nanos: u64) -> Json {
    if nanos == 0 { Json::Null } else { tidewatch_component::timestamp::to_rfc3339(nanos).into() }
}
