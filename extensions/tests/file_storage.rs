//! `file_storage`: one directory, one agent, what was written is there again.

mod common;

use common::{Agent, build, mistakes};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};
use tempfile::TempDir;
use tidewatch_component::{Extension, StartError};
use tidewatch_extensions::file_storage::FileStorage;
use tidewatch_store::{Change, Compression, Fsync, Store};

fn made(config: Value) -> (Arc<dyn Extension>, Arc<Store>) {
    let extension = build::<FileStorage>(config).expect("no mistakes");
    let provided = extension.provides().into_iter().find_map(|one| one.downcast::<Store>().ok());
    (extension, provided.expect("a store"))
}

async fn start(extension: &Arc<dyn Extension>) -> Result<(), StartError> {
    extension.start(Arc::new(Agent::default())).await
}

fn below(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().expect("UTF-8").to_owned()
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = json!({"directory": below(&folder, "a/b"), "directory_permissions": "0700"});
    let (extension, store) = made(config.clone());
    assert!(!Path::new(&below(&folder, "a")).exists(), "building touches nothing");
    start(&extension).await.expect("a start");
    let mode = fs::metadata(below(&folder, "a/b")).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let put = |key: &str| Change::Put { key: key.into(), version: 3, value: key.into() };
    let state = store.state("test/one");
    state.write(vec![put("waited for")]).await.expect("written");
    state.write_later(vec![put("not waited for")]);
    extension.stop().await;

    let (extension, store) = made(config);
    start(&extension).await.expect("a start");
    let keys: Vec<String> =
        store.state("test/one").read().expect("read").into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, ["not waited for", "waited for"]);
    extension.stop().await;
}

#[tokio::test]
async fn a_second_agent_is_told_who_has_the_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = json!({"directory": folder.path(), "timeout": "0s"});
    let (first, _) = made(config.clone());
    start(&first).await.expect("a start");
    let (second, _) = made(config);
    let error = start(&second).await.expect_err("in use").0;
    let (directory, pid) = (folder.path().display(), std::process::id());
    assert_eq!(error, format!("the directory {directory} is in use by another agent (pid {pid})"));
    first.stop().await;
    start(&second).await.expect("free again");
    second.stop().await;
}

#[tokio::test]
async fn a_directory_is_made_only_where_that_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (extension, _) = made(json!({"directory": below(&folder, "a"), "create_directory": false}));
    let error = start(&extension).await.expect_err("no directory").0;
    assert!(error.contains("does not exist") && error.contains("create_directory: true"), "{error}");
    fs::write(below(&folder, "file"), "").expect("written");
    let (extension, _) = made(json!({"directory": below(&folder, "file")}));
    let error = start(&extension).await.expect_err("a file").0;
    assert!(error.contains("not a directory"), "{error}");
}

#[tokio::test]
async fn a_damaged_state_is_put_aside_unless_that_is_not_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.redb");
    fs::write(&file, vec![7; 100_000]).expect("written");
    let (extension, _) = made(json!({"directory": folder.path(), "recreate": false}));
    let error = start(&extension).await.expect_err("damaged").0;
    assert!(error.contains("damaged"), "{error}");
    assert_eq!(fs::read(&file).expect("still there"), vec![7; 100_000]);

    let (extension, store) = made(json!({"directory": folder.path()}));
    start(&extension).await.expect("a start without memories");
    assert_eq!(store.state("any").read(), Ok(Vec::new()));
    let names =
        fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let aside =
        names.filter(|name| name.to_str().is_some_and(|name| name.starts_with("state.redb.corrupt-")));
    assert_eq!(aside.count(), 1);
    extension.stop().await;
}

#[tokio::test]
async fn an_empty_state_is_put_aside_too() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("state.redb"), "").expect("written");
    let (extension, store) = made(json!({"directory": folder.path()}));
    start(&extension).await.expect("a start without memories");
    assert_eq!(store.state("any").read(), Ok(Vec::new()));
    extension.stop().await;
}

#[test]
fn the_keys_are_understood() {
    let fsync = |value: Value| made(json!({"fsync": value})).1.options().fsync;
    assert_eq!([fsync(json!(true)), fsync(json!("always"))], [Fsync::Always; 2]);
    assert_eq!([fsync(json!(false)), fsync(json!("never"))], [Fsync::Never; 2]);
    assert_eq!(fsync(json!("interval")), Fsync::Interval);
    let (_, store) = made(json!({"compression": "zstd", "compaction": {"on_start": true}}));
    let options = store.options();
    assert_eq!((options.compression, options.compact), (Compression::Zstd, true));
    assert_eq!(options.directory, Path::new("/var/lib/tidewatch"));
    assert_eq!((options.fsync, options.recreate), (Fsync::Always, true));
}

#[test]
fn mistakes_are_found_before_the_start() {
    let of = mistakes::<FileStorage>;
    assert_eq!(of(json!({"directory": "", "fsync_interval": "0s"})), ["directory", "fsync_interval"]);
    for wrong in ["0950", "rwx", "0450", "10000"] {
        assert_eq!(of(json!({"directory_permissions": wrong})), ["directory_permissions"], "{wrong}");
    }
}
