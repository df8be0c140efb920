use super::queue;
use crate::terminal;
use serde_json::json;
use tidewatch_component::DataType;
use tidewatch_store::{OwnerSummary, Store};

/// Lists owners of state, and queues.
pub(super) fn run(store: &Store, json: bool) -> Result<(), String> {
    let owners = store.owners().map_err(|error| error.to_string())?;
    let queues = queue::all(store)?;
    if json {
        let owners: Vec<_> = owners.iter().map(as_json).collect();
        let queues: Vec<_> = queues.iter().map(queue::Queue::as_json).collect();
        terminal::print(&format!("{:#}\n", json!({"state": owners, "queues": queues})));
        return Ok(());
    }
    let mut rows = vec![["STATE", "ENTRIES", "BYTES", "VERSION"].map(str::to_owned)];
    rows.extend(owners.into_iter().map(|owner| {
        let versions: Vec<String> = owner.versions.iter().map(u16::to_string).collect();
        [owner.owner, owner.entries.to_string(), owner.bytes.to_string(), versions.join(", ")]
    }));
    let mut text = table(&rows);
    let mut rows = vec![["QUEUE", "RECORDS", "BYTES", "ITEMS"].map(str::to_owned)];
    rows.extend(queues.into_iter().map(|queue| {
        let items: Vec<String> =
            queue.items.iter().map(|(kind, items)| format!("{items} {}", DataType::name(*kind))).collect();
        [queue.exporter, queue.records.to_string(), queue.bytes.to_string(), items.join(", ")]
    }));
    text.push('\n');
    text.push_str(&table(&rows));
    terminal::print(&text);
    Ok(())
}

fn as_json(owner: &OwnerSummary) -> serde_json::Value {
    json!({
        "owner": owner.owner,
        "entries": owner.entries,
        "bytes": owner.bytes,
        "versions": owner.versions,
    })
}

/// Names to the left, numbers to the right.
fn table(rows: &[[String; 4]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let [name, one, two] = [width(0), width(1), width(2)];
    rows.iter()
        .map(|[a, b, c, d]| format!("{a:name$}  {b:>one$}  {c:>two$}  {d}").trim_end().to_owned() + "\n")
        .collect()
}
