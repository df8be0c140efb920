use super::{queue, unknown};
use crate::terminal;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tidewatch_store::{Entry, Store};

/// Prints the entries of an owner.
pub(super) fn state(store: &Store, owner: &str) -> Result<(), String> {
    let entries = store.state(owner).read().map_err(|error| error.to_string())?;
    if entries.is_empty() {
        let owners = store.owners().map_err(|error| error.to_string())?;
        let known: Vec<String> = owners.into_iter().map(|owner| owner.owner).collect();
        return Err(unknown("state", owner, &known));
    }
    for entry in entries {
        terminal::print(&format!("{}\n", as_json(&entry)));
    }
    Ok(())
}

/// Prints the records of a queue, the oldest first.
pub(super) fn queue(store: &Store, exporter: &str) -> Result<(), String> {
    queue::each_record(store, exporter, |record| terminal::print(&format!("{record}\n")))
}

/// Most owners write JSON.
fn as_json(entry: &Entry) -> Value {
    let Entry { key, version, value } = entry;
    match serde_json::from_slice::<Value>(value) {
        Ok(value) => json!({"key": key, "version": version, "value": value}),
        Err(_) => json!({"key": key, "version": version, "base64": BASE64_STANDARD.encode(value)}),
    }
}
