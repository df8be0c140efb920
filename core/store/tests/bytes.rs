//! The log never fails on what is in its files, whatever that is.

use std::sync::Arc;

use proptest::prelude::*;
use tidewatch_store::storage::{SimulatedDisk, Storage};
use tidewatch_store::{Compression, Log, LogOptions, Record};

const OPTIONS: LogOptions =
    LogOptions { segment_bytes: 1000, compression: Compression::Zstd, max_record_bytes: 1 << 20 };

/// Opens the log, reads and does everything, appends, and does so once more.
fn use_up(disk: &SimulatedDisk) {
    for _ in 0..2 {
        let (mut log, _) = Log::open(Arc::new(disk.clone()), OPTIONS).expect("opened");
        let mut cursor = log.start();
        let mut located = Vec::new();
        while let Some(stored) = log.read(&mut cursor).expect("read") {
            located.push(stored.located);
        }
        located.extend(
            log.append(&[Record { kind: 0, items: 1, context: b"", body: b"new" }]).expect("appended"),
        );
        log.sync().expect("synced");
        log.done(&located).expect("done");
        assert_eq!((log.held(), log.held_bytes()), (vec![], 0));
    }
}

fn files(disk: &SimulatedDisk) -> Vec<String> {
    let mut names = disk.list().expect("list");
    names.retain(|name| name.contains('.'));
    names
}

fn read(disk: &SimulatedDisk, name: &str) -> Vec<u8> {
    let file = disk.open(name).expect("there");
    let mut bytes = vec![0; usize::try_from(file.length().expect("length")).expect("small")];
    file.read_at(&mut bytes, 0).expect("read");
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_of_any_bytes(
        contents in proptest::collection::vec((0..3u64, 0..2u32, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..300)), 0..6),
    ) {
        let disk = SimulatedDisk::new(1);
        for (first, salt, log, content) in contents {
            let ending = if log { "log" } else { "done" };
            if let Ok(file) = disk.create(&format!("{first:016x}-{salt:08x}.{ending}")) {
                file.write_at(&content, 0).expect("write");
            }
        }
        disk.create("a file of somebody else").expect("create");
        use_up(&disk);
    }

    #[test]
    fn a_log_with_any_part_of_any_file_overwritten_cut_or_moved(
        groups in proptest::collection::vec((1..4usize, 0..400usize), 1..8),
        damage in proptest::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5),
            1..5,
        ),
        noise in proptest::collection::vec(any::<u8>(), 1..200),
        close in any::<bool>(),
    ) {
        let disk = SimulatedDisk::new(1);
        let (mut log, _) = Log::open(Arc::new(disk.clone()), OPTIONS).expect("opened");
        for (records, length) in groups {
            let body = vec![7; length];
            let records = vec![Record { kind: 1, items: 3, context: b"context", body: &body }; records];
            let located = log.append(&records).expect("appended");
            log.sync().expect("synced");
            log.done(&located[..1]).expect("done");
        }
        if close {
            log.close().expect("closed");
        }
        for (which, from, to, how) in damage {
            let names = files(&disk);
            if names.is_empty() {
                break;
            }
            let name = which.get(&names);
            let bytes = read(&disk, name);
            let file = disk.open(name).expect("there");
            if bytes.is_empty() {
                continue;
            }
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            match how {
                0 => file.write_at(&noise, from as u64).expect("write"),
                1 => file.set_length(from as u64).expect("cut"),
                // A part of the file once more, somewhere else.
                2 => file.write_at(&bytes[from.min(to)..], from.max(to) as u64).expect("write"),
                // A part missing.
                3 => {
                    file.write_at(&bytes[from.max(to)..], from.min(to) as u64).expect("write");
                    file.set_length((bytes.len() - from.abs_diff(to)) as u64).expect("cut");
                }
                _ => disk.rename(name, to_another(&names, to)).expect("rename"),
            }
        }
        use_up(&disk);
    }
}

/// A file of the same kind, or one that is none of the log's.
fn to_another(names: &[String], which: usize) -> &str {
    names.get(which % (names.len() + 1)).map_or("elsewhere", String::as_str)
}
