//! What is promised to callers, on a real disk.

use super::*;
use crate::{Fsync, Store, StoreError, StoreOptions};
use std::{collections::BTreeSet, path::Path, time::Duration};
use tempfile::TempDir;
use tidewatch_telemetry::Metrics;

fn put(key: &str, value: &[u8]) -> Change {
    Change::Put { key: key.into(), version: 1, value: value.into() }
}

fn remove(key: &str) -> Change {
    Change::Remove { key: key.into() }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn options(folder: &TempDir) -> StoreOptions {
    StoreOptions { lock_timeout: Duration::ZERO, ..StoreOptions::new(folder.path()) }
}

fn opened(options: StoreOptions) -> Arc<Store> {
    let store = Store::new(options);
    store.open().expect("a store");
    store
}

fn keys(state: &State) -> Vec<String> {
    state.read().expect("read").into_iter().map(|entry| entry.key).collect()
}

#[tokio::test]
async fn owners_do_not_see_each_other() {
    let folder = folder();
    let store = opened(options(&folder));
    let (one, other) = (store.state("file_log/a"), store.state("file_log/a/b"));
    one.write(vec![put("x", b"1"), put("y", b"2")]).await.expect("written");
    other.write(vec![put("x", b"3")]).await.expect("written");
    one.write(vec![remove("y"), remove("never")]).await.expect("written");
    assert_eq!(keys(&one), ["x"]);
    assert_eq!(one.get("x"), Ok(Some(Entry { key: "x".into(), version: 1, value: b"1".to_vec() })));
    assert_eq!(one.get("y"), Ok(None));
    let owners = store.owners().expect("read");
    let all: Vec<_> =
        owners.iter().map(|of| (of.owner.as_str(), of.entries, of.bytes, &of.versions[..])).collect();
    assert_eq!(all, [("file_log/a", 1, 2, &[1][..]), ("file_log/a/b", 1, 2, &[1][..])]);
}

#[tokio::test]
async fn in_every_mode_what_was_written_is_there_after_a_stop() {
    for fsync in [Fsync::Always, Fsync::Interval, Fsync::Never] {
        let folder = folder();
        let options = || StoreOptions { fsync, fsync_interval: Duration::from_millis(1), ..options(&folder) };
        let store = opened(options());
        store.state("a").write(vec![put("waited", b"")]).await.expect("written");
        store.state("a").write_later(vec![put("later", b"")]);
        assert_eq!(keys(&store.state("a")), ["later", "waited"], "reading sees what was given before");
        store.state("a").write_later(vec![put("last", b"")]);
        store.close();
        assert_eq!(keys(&opened(options()).state("a")), ["last", "later", "waited"], "{fsync:?}");
    }
}

#[tokio::test]
async fn changes_that_wait_share_a_transaction() {
    let folder = folder();
    let metrics = Metrics::default();
    let store = opened(StoreOptions {
        fsync: Fsync::Interval,
        fsync_interval: Duration::from_secs(3600),
        metrics: metrics.clone(),
        ..options(&folder)
    });
    for turn in 0..1000_u32 {
        store.state("a").write_later(vec![put("same", &turn.to_be_bytes())]);
    }
    // The stop does not wait for the interval.
    store.close();
    let text = metrics.render();
    assert!(text.contains("tidewatch_state_commits{extension=\"file_storage\"} 1\n"), "{text}");
    assert!(text.contains("tidewatch_state_changes{extension=\"file_storage\"} 1\n"), "{text}");
    let store = opened(options(&folder));
    let entry = store.state("a").get("same").expect("read").expect("an entry");
    assert_eq!(entry.value, 999_u32.to_be_bytes());
}

#[tokio::test]
async fn a_store_that_is_not_open_says_so() {
    let folder = folder();
    let metrics = Metrics::default();
    let store = Store::new(StoreOptions { metrics: metrics.clone(), ..options(&folder) });
    let state = store.state("a");
    for _ in 0..2 {
        assert_eq!(state.read(), Err(StateError::Closed));
        assert_eq!(state.write(vec![put("x", b"")]).await, Err(StateError::Closed));
        assert_eq!(state.flush().await, Err(StateError::Closed));
        state.write_later(vec![put("x", b"")]);
        assert!(matches!(store.queue("otlp"), Err(StoreError::Closed(_))));
        store.open().expect("a store");
        store.open().expect("open already");
        state.write(vec![put("x", b"")]).await.expect("open");
        store.close();
    }
    let text = metrics.render();
    assert!(text.contains("tidewatch_state_refused_changes{extension=\"file_storage\"} 2\n"), "{text}");
}

#[tokio::test]
async fn too_much_is_refused_and_harms_nothing_else() {
    let folder = folder();
    let store = opened(options(&folder));
    let state = store.state("a");
    let large = vec![0; 65 << 20];
    assert!(matches!(state.write(vec![put("x", &large)]).await, Err(StateError::TooLarge { .. })));
    state.write_later(vec![put("x", &large)]);
    state.write(vec![put("y", b"")]).await.expect("written");
    assert_eq!(keys(&state), ["y"]);
}

#[tokio::test]
async fn many_writers_wait_for_room() {
    let folder = folder();
    let store = opened(StoreOptions { fsync: Fsync::Never, ..options(&folder) });
    let writes = (0..12).map(|number| {
        let state = store.state("a");
        // Together more than may wait at once.
        tokio::spawn(async move { state.write(vec![put(&number.to_string(), &vec![0; 8 << 20])]).await })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.expect("no panic").expect("written");
    }
    assert_eq!(keys(&store.state("a")).len(), 12);
}

#[test]
fn reading_does_not_wait_for_the_interval() {
    let folder = folder();
    let hour = Duration::from_secs(3600);
    let store = opened(StoreOptions { fsync: Fsync::Interval, fsync_interval: hour, ..options(&folder) });
    store.state("a").write_later(vec![put("x", b"")]);
    assert_eq!(keys(&store.state("a")), ["x"]);
}

#[test]
fn a_newer_format_is_an_error_and_stays() {
    let folder = folder();
    opened(options(&folder)).close();
    let file = folder.path().join("state.redb");
    let meta = redb::TableDefinition::<&str, u64>::new("meta");
    let database = redb::Database::open(&file).expect("a database");
    let transaction = database.begin_write().expect("a transaction");
    transaction.open_table(meta).expect("a table").insert("format", 2).expect("written");
    transaction.commit().expect("written");
    drop(database);
    let error = Store::new(options(&folder)).open().expect_err("newer");
    let text = error.to_string();
    assert!(text.contains("format 2, this version knows 1: run the newer version"), "{text}");
    assert!(file.exists());
}

#[test]
fn queues_are_claimed_listed_and_dropped() {
    let folder = folder();
    let store = opened(options(&folder));
    for exporter in ["otlp/far", "kafka"] {
        let storage = store.queue(exporter).expect("a directory");
        storage.create("0").and_then(|file| file.write_at(b"12345", 0)).expect("written");
    }
    assert!(matches!(store.drop_queue("kafka"), Err(StoreError::Claimed(_))));
    store.release("kafka");
    let queues = store.queues().expect("read");
    let all: Vec<_> = queues.iter().map(|of| (of.exporter.as_str(), of.bytes, of.claimed)).collect();
    assert_eq!(all, [("kafka", 5, false), ("otlp/far", 5, true)]);
    assert!(folder.path().join("queues/otlp%2Ffar/0").exists());
    assert_eq!(
        (store.drop_queue("kafka").expect("dropped"), store.drop_queue("kafka").expect("gone")),
        (true, false)
    );
    assert!(matches!(store.queue(&"x".repeat(300)), Err(StoreError::Name(_))));
    store.close();
    let names = |path: &Path| -> BTreeSet<String> {
        std::fs::read_dir(path)
            .expect("a folder")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    };
    assert_eq!(names(folder.path()), ["LOCK", "queues", "state.redb"].map(str::to_owned).into());
}
