//! What the log does when the disk does not do what it should.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tidewatch_store::storage::simulated::Faults;
use tidewatch_store::storage::{SimulatedDisk, Storage};
use tidewatch_store::{Damage, File, Log, LogError, LogOptions, Record, Stored};

const BODY: &[u8] = &[7; 100];
const RECORD: Record<'_> = Record { kind: 1, items: 10, context: b"", body: BODY };
const LENGTH: u64 = 156;
/// Three records to a segment.
const OPTIONS: LogOptions = LogOptions {
    segment_bytes: 500,
    compression: tidewatch_store::Compression::None,
    max_record_bytes: 1000,
};
const NO_READS: Faults = Faults { reads: 1.0, writes: 0.0, syncs: 0.0 };
const NO_SYNCS: Faults = Faults { reads: 0.0, writes: 0.0, syncs: 1.0 };

fn open(storage: impl Storage) -> Log {
    Log::open(Arc::new(storage), OPTIONS).expect("opened").0
}

fn drain(log: &mut Log) -> Vec<Stored> {
    let mut cursor = log.start();
    std::iter::from_fn(|| log.read(&mut cursor).expect("readable")).collect()
}

#[test]
fn a_full_disk_refuses_and_leaves_everything_as_it_was() {
    let disk = SimulatedDisk::new(1);
    let mut log = open(disk.clone());
    let first = log.append(&[RECORD]).expect("room");
    log.sync().expect("sync");
    disk.set_capacity(600);
    let (used, held) = (LENGTH, log.held());
    for _ in 0..3 {
        let refused = log.append(&[RECORD; 5]);
        assert!(matches!(refused, Err(LogError::Full(_))), "{refused:?}");
        assert!(
            disk.used() <= 600 && log.disk_bytes() <= disk.used(),
            "{} {}",
            log.disk_bytes(),
            disk.used()
        );
        assert_eq!((log.held_bytes(), log.held()), (used, held.clone()));
    }
    let log_file =
        disk.list().expect("list").into_iter().rfind(|name| name.ends_with(".log")).expect("a segment");
    assert_eq!(
        disk.open(&log_file).expect("there").length().expect("length"),
        0,
        "what was written of it is cut"
    );
    disk.set_capacity(u64::MAX);
    log.append(&[RECORD; 5]).expect("room again");
    log.done(&first).expect("done");
    assert_eq!(drain(&mut log).len(), 5);
}

#[test]
fn a_log_is_opened_and_worked_off_on_a_full_disk() {
    let disk = SimulatedDisk::new(1);
    let mut log = open(disk.clone());
    for _ in 0..10 {
        log.append(&[RECORD]).expect("room");
        log.sync().expect("sync");
    }
    drop(log);
    disk.set_capacity(disk.used());
    let mut log = open(disk.clone());
    let records: Vec<_> = drain(&mut log).into_iter().map(|stored| stored.located).collect();
    assert_eq!(records.len(), 10);
    let used = disk.used();
    for record in records {
        // Noting what is done needs room, too; when there is none, it is made up for once a segment is gone.
        log.done(&[record]).ok();
    }
    log.done(&[]).expect("there is room now");
    assert!(disk.used() < used / 2, "{} of {used}", disk.used());
}

#[test]
fn a_failed_sync_is_told_and_does_not_stop_the_log() {
    let disk = SimulatedDisk::new(1);
    let mut log = open(disk.clone());
    log.append(&[RECORD]).expect("append");
    log.sync().expect("sync");
    log.append(&[RECORD]).expect("append");
    disk.set_faults(NO_SYNCS);
    assert!(matches!(log.sync(), Err(LogError::Io(_))));
    disk.set_faults(Faults::default());
    log.append(&[RECORD]).expect("append");
    log.sync().expect("sync");
    let read: Vec<_> = drain(&mut log).iter().map(|stored| stored.located.sequence).collect();
    assert!(read == [0, 20] || read == [0, 10, 20], "{read:?}");
    assert_eq!(log.held(), [(1, 10 * read.len() as u64)]);
}

#[test]
fn a_sync_that_fails_while_a_segment_is_closed_is_told_by_the_next_sync() {
    let disk = SimulatedDisk::new(1);
    let mut log = open(disk.clone());
    log.append(&[RECORD; 3]).expect("append");
    disk.set_faults(NO_SYNCS);
    log.append(&[RECORD]).expect("goes to the next segment");
    disk.set_faults(Faults::default());
    assert!(matches!(log.sync(), Err(LogError::Io(_))), "the first group is not durable");
    log.sync().expect("sync");
}

#[test]
fn a_disk_that_fails_for_a_moment_loses_nothing() {
    let disk = SimulatedDisk::new(1);
    let mut log = open(disk.clone());
    log.append(&[RECORD; 2]).expect("append");
    disk.set_faults(NO_READS);
    let mut cursor = log.start();
    for _ in 0..5 {
        assert!(matches!(log.read(&mut cursor), Err(LogError::Io(_))));
    }
    disk.set_faults(Faults::default());
    assert_eq!(&*log.read(&mut cursor).expect("readable").expect("a record").body, BODY);
    assert_eq!((drain(&mut log).len(), log.take_damage()), (2, Damage::default()));
}

#[test]
fn a_bad_sector_does_not_hold_back_what_is_behind_it() {
    // In the body of the second record of the first segment.
    let disk = BadSector { disk: SimulatedDisk::new(1), bad: 230..240 };
    let mut log = open(disk);
    for _ in 0..6 {
        log.append(&[RECORD]).expect("append");
        log.sync().expect("sync");
    }
    let mut cursor = log.start();
    let mut read = Vec::new();
    let mut failures = 0;
    loop {
        match log.read(&mut cursor) {
            Ok(Some(stored)) => read.push(stored.located.sequence),
            Ok(None) => break,
            Err(_) => failures += 1,
        }
    }
    assert!((10..30).contains(&failures), "{failures}");
    // All of the first segment lies within one sector of 4 KiB.
    assert_eq!(read, [30, 40, 50]);
    let damage = log.take_damage();
    assert_eq!((damage.items, damage.bytes), (30, 3 * LENGTH));
    assert_eq!(log.held(), [(1, 30)]);
}

#[test]
fn what_was_done_and_then_lost_by_a_crash_does_not_count() {
    for seed in 0..300 {
        let disk = SimulatedDisk::new(seed);
        let mut log = open(disk.clone());
        let mut records = log.append(&[RECORD; 2]).expect("append");
        log.sync().expect("sync");
        records.extend(log.append(&[RECORD]).expect("append"));
        // Noted as one, and the second of them is not durable.
        log.done(&records[1..]).expect("done");
        drop(log);
        disk.crash(&mut SmallRng::seed_from_u64(seed));
        for _ in 0..2 {
            // The second time, what was in the first segment is known by its summary.
            let mut log = open(disk.clone());
            let read = drain(&mut log);
            assert_eq!(read[0].located, records[0], "seed {seed}");
            assert_eq!(
                (log.held_records(), log.take_damage()),
                (read.len() as u64, Damage::default()),
                "seed {seed}"
            );
            log.append(&[RECORD]).expect("append");
            log.sync().expect("sync");
        }
    }
}

#[test]
fn what_a_failed_append_has_left_does_not_take_the_place_of_what_came_later() {
    for seed in 0..300 {
        let disk = SimulatedDisk::new(seed);
        let mut log = open(disk.clone());
        disk.set_faults(Faults { writes: 0.7, ..Faults::default() });
        let failed = Record { body: b"failed", ..RECORD };
        if (0..3).any(|_| log.append(&[failed]).is_ok()) {
            continue;
        }
        disk.set_faults(Faults::default());
        log.append(&[RECORD]).expect("append");
        // Nothing can be tidied up.
        disk.set_faults(Faults { writes: 1.0, ..Faults::default() });
        log.sync().expect("sync");
        drop(log);
        disk.set_faults(Faults::default());
        disk.crash(&mut SmallRng::seed_from_u64(seed));
        let read = drain(&mut open(disk));
        assert!(read.iter().any(|stored| stored.body == BODY), "seed {seed}: {read:?}");
    }
}

/// A disk whose first segment cannot be read in one place.
struct BadSector {
    disk: SimulatedDisk,
    bad: Range<u64>,
}

struct BadFile {
    file: Box<dyn File>,
    bad: Range<u64>,
}

impl Storage for BadSector {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        let first = name.starts_with("0000000000000000-") && name.ends_with(".log");
        let bad = if first { self.bad.clone() } else { 0..0 };
        Ok(Box::new(BadFile { file: self.disk.open(name)?, bad }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.disk.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }

    fn directory(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        self.disk.directory(name)
    }
}

impl File for BadFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset < self.bad.end && offset + buffer.len() as u64 > self.bad.start {
            return Err(io::Error::other("a bad sector"));
        }
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }
}
