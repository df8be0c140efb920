use super::{queue, unknown};
use crate::terminal;
use tidewatch_store::{Change, Store};
use tokio::runtime;

/// Entries removed with one write.
const AT_ONCE: usize = 10_000;

/// Removes what an owner remembers.
pub(super) fn state(store: &Store, owner: &str) -> Result<(), String> {
    let owners = store.owners().map_err(|error| error.to_string())?;
    let Some(summary) = owners.iter().find(|known| known.owner == owner) else {
        let known: Vec<String> = owners.into_iter().map(|owner| owner.owner).collect();
        return Err(unknown("state", owner, &known));
    };
    let state = store.state(owner);
    let entries = state.read().map_err(|error| error.to_string())?;
    let changes: Vec<Change> = entries.into_iter().map(|entry| Change::Remove { key: entry.key }).collect();
    let runtime = runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    for some in changes.chunks(AT_ONCE) {
        runtime.block_on(state.write(some.to_vec())).map_err(|error| error.to_string())?;
    }
    let (entries, bytes) = (summary.entries, summary.bytes);
    terminal::print(&format!("Removed the state of `{owner}`: {entries} entries, {bytes} bytes.\n"));
    Ok(())
}

/// Removes a queue with all that waits in it.
pub(super) fn queue(store: &Store, exporter: &str) -> Result<(), String> {
    let queue = queue::find(store, exporter)?;
    store.drop_queue(exporter).map_err(|error| error.to_string())?;
    let (records, items) = (queue.records, queue.items.iter().map(|(_, items)| items).sum::<u64>());
    terminal::print(&format!(
        "Removed the queue of `{exporter}`: {records} records with {items} items, {} bytes.\n",
        queue.bytes
    ));
    Ok(())
}
