//! Queues on disk.

use super::unknown;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tidewatch_component::{Batch, DataType, Payload, timestamp};
use tidewatch_otlp::json as otlp_json;
use tidewatch_pipeline::record;
use tidewatch_store::{Log, LogOptions, QueueSummary, Recovered, Store, Stored};

/// What waits for an exporter.
pub(super) struct Queue {
    pub(super) exporter: String,
    pub(super) records: u64,
    /// Of its files.
    pub(super) bytes: u64,
    pub(super) items: Vec<(DataType, u64)>,
}

/// All queues.
pub(super) fn all(store: &Store) -> Result<Vec<Queue>, String> {
    let queues = store.queues().map_err(|error| error.to_string())?;
    queues.into_iter().map(|summary| of(store, summary)).collect()
}

/// The queue of one exporter.
pub(super) fn find(store: &Store, exporter: &str) -> Result<Queue, String> {
    let queues = store.queues().map_err(|error| error.to_string())?;
    match queues.iter().find(|queue| queue.exporter == exporter) {
        Some(summary) => of(store, summary.clone()),
        None => {
            let known: Vec<String> = queues.into_iter().map(|queue| queue.exporter).collect();
            Err(unknown("queue", exporter, &known))
        }
    }
}

/// Calls `show` with every record that waits, the oldest first.
pub(super) fn each_record(store: &Store, exporter: &str, show: impl Fn(Value)) -> Result<(), String> {
    find(store, exporter)?;
    with_log(store, exporter, |log, _| {
        let mut cursor = log.start();
        while let Some(stored) = log.read(&mut cursor).map_err(|error| error.to_string())? {
            show(as_json(&stored));
        }
        let damage = log.take_damage();
        if damage.is_none() {
            Ok(())
        } else {
            Err(format!("{} bytes with {} items are damaged, and were put aside", damage.bytes, damage.items))
        }
    })
}

fn of(store: &Store, summary: QueueSummary) -> Result<Queue, String> {
    let QueueSummary { exporter, bytes, .. } = summary;
    with_log(store, &exporter.clone(), |_, found| {
        let items = |(kind, items): &(u8, u64)| Some((record::data_type(*kind)?, *items));
        let items = found.held.iter().filter_map(items).collect();
        Ok(Queue { exporter, records: found.records, bytes, items })
    })
}

/// Opens a log as the agent would, which repairs what a crash has left.
fn with_log<T>(
    store: &Store,
    exporter: &str,
    work: impl FnOnce(&mut Log, &Recovered) -> Result<T, String>,
) -> Result<T, String> {
    let storage = store.queue(exporter).map_err(|error| error.to_string())?;
    let opened = Log::open(storage, LogOptions::default());
    let (mut log, found) = opened.map_err(|error| format!("the queue of `{exporter}`: {error}"))?;
    let result = work(&mut log, &found);
    let closed = log.close().map_err(|error| format!("the queue of `{exporter}`: {error}"));
    store.release(exporter);
    closed.and(result)
}

impl Queue {
    pub(super) fn as_json(&self) -> Value {
        let items: serde_json::Map<String, Value> =
            self.items.iter().map(|(of, items)| (of.name().to_owned(), (*items).into())).collect();
        json!({"exporter": self.exporter, "records": self.records, "bytes": self.bytes, "items": items})
    }
}

/// OTLP as OTLP/JSON, alerts as every exporter writes them; what cannot be read, in base64.
fn as_json(stored: &Stored) -> Value {
    let located = stored.located;
    let written_at = timestamp::to_rfc3339(stored.written_at);
    let batch = record::decode(located.kind, &stored.context, stored.body.clone());
    match batch.and_then(|batch| Ok((data(&batch)?, batch))) {
        Ok((data, batch)) => {
            let origins = batch.context.origins.iter().map(|origin| {
                json!({"receiver": &*origin.receiver, "partition": origin.partition.as_deref(), "positions": origin.positions})
            });
            json!({
                "sequence": located.sequence,
                "written_at": written_at,
                "signal": batch.data_type().name(),
                "items": located.items,
                "context": {
                    "origins": origins.collect::<Vec<_>>(),
                    "metadata": batch.context.metadata,
                    "tenant": batch.context.tenant.as_deref(),
                },
                "data": data,
            })
        }
        Err(error) => json!({
            "sequence": located.sequence,
            "written_at": written_at,
            "error": error,
            "base64": BASE64_STANDARD.encode(&stored.body),
        }),
    }
}

fn data(batch: &Batch) -> Result<Value, String> {
    match &batch.payload {
        Payload::Telemetry(request) => {
            let text =
                otlp_json::encode(request.signal(), request.bytes()).map_err(|error| error.to_string())?;
            serde_json::from_slice(&text).map_err(|error| error.to_string())
        }
        Payload::Alerts(alerts) => serde_json::to_value(&**alerts).map_err(|error| error.to_string()),
    }
}
