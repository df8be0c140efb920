//! The log on the real disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use tidewatch_store::{
    Compression, Damage, Disk, Located, Log, LogError, LogOptions, Record, Recovered, Stored,
};

fn open(path: &Path, options: LogOptions) -> (Log, Recovered) {
    Log::open(Arc::new(Disk::new(path).expect("directory")), options).expect("log")
}

fn record(body: &[u8]) -> Record<'_> {
    Record { kind: 1, items: 10, context: b"context", body }
}

fn drain(log: &mut Log) -> Vec<Stored> {
    let mut cursor = log.start();
    std::iter::from_fn(|| log.read(&mut cursor).expect("readable")).collect()
}

fn files(path: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(path).expect("directory").map(|entry| entry.expect("entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == ending));
    files.sort();
    files
}

#[test]
fn what_was_appended_is_there_after_a_restart_until_it_is_done() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("queue");
    let (mut log, recovered) = open(&path, LogOptions::default());
    assert_eq!(recovered.records, 0);
    let located = log.append(&[record(b"one"), record(b"two"), record(b"three")]).expect("append");
    assert_eq!(located.iter().map(|located| located.sequence).collect::<Vec<_>>(), [0, 10, 20]);
    log.sync().expect("sync");
    log.done(&located[1..2]).expect("done");
    drop(log);

    let (mut log, recovered) = open(&path, LogOptions::default());
    assert_eq!(
        (recovered.records, &*recovered.held, recovered.damage),
        (2, &[(1, 20)][..], Damage::default())
    );
    assert_eq!(recovered.bytes, log.held_bytes());
    let read = drain(&mut log);
    assert_eq!(read.iter().map(|stored| &*stored.body).collect::<Vec<_>>(), [b"one" as &[u8], b"three"]);
    assert!(read.iter().all(|stored| &*stored.context == b"context" && stored.written_at > 1 << 60));
    assert_eq!(read.iter().map(|stored| stored.located).collect::<Vec<_>>(), [located[0], located[2]]);
}

#[test]
fn the_sequence_goes_on_when_everything_was_done() {
    let directory = tempfile::tempdir().expect("directory");
    for round in 0..5 {
        let (mut log, _) = open(directory.path(), LogOptions::default());
        let located = log.append(&[record(b"body")]).expect("append");
        log.sync().expect("sync");
        assert_eq!(located[0].sequence, round * 10);
        log.done(&located).expect("done");
        assert_eq!(drain(&mut log).len(), 0);
        assert_eq!(files(directory.path(), "log").len(), 1);
    }
}

#[test]
fn segments_go_when_their_records_are_done() {
    let directory = tempfile::tempdir().expect("directory");
    let (mut log, _) = open(directory.path(), LogOptions { segment_bytes: 1000, ..LogOptions::default() });
    let mut located: Vec<Located> = Vec::new();
    for _ in 0..50 {
        located.extend(log.append(&[record(&[7; 237])]).expect("append"));
        log.sync().expect("sync");
    }
    assert_eq!(located[0].length, 300);
    assert_eq!(files(directory.path(), "log").len(), 17);
    let on_disk = |path| {
        files(path, "log")
            .iter()
            .chain(&files(path, "done"))
            .map(|file| fs::metadata(file).expect("file").len())
            .sum::<u64>()
    };
    assert_eq!(log.disk_bytes(), on_disk(directory.path()));
    located.reverse();
    log.done(&located).expect("done");
    assert_eq!(files(directory.path(), "log").len(), 1);
    assert_eq!(files(directory.path(), "done").len(), 1);
    assert_eq!((log.held_bytes(), log.held()), (0, vec![]));
    assert_eq!(log.disk_bytes(), on_disk(directory.path()));
}

#[test]
fn bodies_are_compressed_where_that_helps() {
    let directory = tempfile::tempdir().expect("directory");
    let (mut log, _) =
        open(directory.path(), LogOptions { compression: Compression::Zstd, ..LogOptions::default() });
    let located = log.append(&[record(&[b'a'; 10_000]), record(b"incompressible")]).expect("append");
    assert!(located[0].length < 200, "{}", located[0].length);
    let read = drain(&mut log);
    assert_eq!(&*read[0].body, &[b'a'; 10_000]);
    assert_eq!(&*read[1].body, b"incompressible");
}

#[test]
fn a_record_that_is_too_large_leaves_the_log_as_it_was() {
    let directory = tempfile::tempdir().expect("directory");
    let (mut log, _) = open(directory.path(), LogOptions { max_record_bytes: 100, ..LogOptions::default() });
    let refused = log.append(&[record(b"fits"), record(&[0; 94])]);
    assert!(matches!(refused, Err(LogError::TooLarge)), "{refused:?}");
    log.append(&[record(&[0; 93])]).expect("append");
    assert_eq!(drain(&mut log).len(), 1);
}

#[test]
fn files_are_the_users_own() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("a/b");
    let (mut log, _) = open(&path, LogOptions::default());
    let located = log.append(&[record(b"one"), record(b"two")]).expect("append");
    log.done(&located[..1]).expect("done");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&directory.path().join("a")), mode(&path)), (0o700, 0o700));
    for file in [&files(&path, "log")[0], &files(&path, "done")[0]] {
        assert_eq!(mode(file), 0o600);
    }
}

#[test]
fn a_flipped_bit_costs_one_record_and_is_put_aside() {
    let directory = tempfile::tempdir().expect("directory");
    let (mut log, _) = open(directory.path(), LogOptions::default());
    let located = log.append(&[record(b"one"), record(b"two"), record(b"three")]).expect("append");
    log.sync().expect("sync");
    log.close().expect("close");
    let file = &files(directory.path(), "log")[0];
    let mut bytes = fs::read(file).expect("file");
    bytes[located[0].length as usize + 4] ^= 1;
    fs::write(file, bytes).expect("file");

    let (mut log, recovered) = open(directory.path(), LogOptions::default());
    let length = u64::from(located[1].length);
    assert_eq!(recovered.damage, Damage { items: 10, bytes: length, ..Damage::default() });
    assert_eq!(recovered.held, [(1, 20)]);
    let read = drain(&mut log);
    assert_eq!(read.iter().map(|stored| &*stored.body).collect::<Vec<_>>(), [b"one" as &[u8], b"three"]);
    let aside = files(&directory.path().join("damaged"), "bin");
    assert_eq!(fs::metadata(&aside[0]).expect("file").len(), length);
    drop(log);
    let (_, recovered) = open(directory.path(), LogOptions::default());
    assert!(recovered.damage.is_none(), "counted once: {:?}", recovered.damage);
    assert_eq!(recovered.held, [(1, 20)]);
}

#[test]
fn a_segment_that_somebody_removed_is_counted() {
    let directory = tempfile::tempdir().expect("directory");
    let (mut log, _) = open(directory.path(), LogOptions { segment_bytes: 100, ..LogOptions::default() });
    for _ in 0..3 {
        log.append(&[record(b"a body")]).expect("append");
        log.sync().expect("sync");
    }
    fs::remove_file(&files(directory.path(), "log")[1]).expect("remove");
    assert_eq!(drain(&mut log).len(), 2);
    assert_eq!(log.take_damage().items, 10);
    assert_eq!(log.held(), [(1, 20)]);
}

#[test]
fn a_file_that_somebody_removes_takes_nothing_more_as_durable() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("queue");
    let (mut log, _) = open(&path, LogOptions::default());
    log.append(&[record(b"one")]).expect("append");
    log.sync().expect("sync");
    fs::remove_dir_all(&path).expect("removed");
    log.append(&[record(b"two")]).expect("append");
    log.sync().expect_err("it is nowhere");
}

#[test]
fn a_segment_that_is_copied_beside_another_one_is_counted_and_kept() {
    let directory = tempfile::tempdir().expect("directory");
    let [one, other] = ["one", "other"].map(|name| directory.path().join(name));
    for path in [&one, &other] {
        let (mut log, _) = open(path, LogOptions::default());
        log.append(&[record(b"first"), record(b"second")]).expect("append");
        log.close().expect("closed");
    }
    let foreign = files(&other, "log").remove(0);
    fs::copy(&foreign, one.join(foreign.file_name().expect("name"))).expect("copied");
    let (mut log, recovered) = open(&one, LogOptions::default());
    assert_eq!((recovered.records, recovered.damage.records, recovered.damage.items), (2, 2, 20));
    assert_eq!(drain(&mut log).len(), 2);
    assert_eq!(files(&one, "twin").len(), 1);
}
