//! The simulated disk loses what a real one may lose, and nothing else.

use std::io::ErrorKind;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tidewatch_store::storage::simulated::Faults;
use tidewatch_store::storage::{SimulatedDisk, Storage};

const SEEDS: std::ops::Range<u64> = 0..300;

fn read(disk: &SimulatedDisk, name: &str) -> Vec<u8> {
    let file = disk.open(name).expect("there");
    let mut bytes = vec![0; usize::try_from(file.length().expect("length")).expect("small")];
    let length = bytes.len();
    assert_eq!(file.read_at(&mut bytes, 0).expect("read"), length);
    bytes
}

#[test]
fn what_was_synced_survives() {
    for seed in SEEDS {
        let disk = SimulatedDisk::new(seed);
        let file = disk.create("file").expect("create");
        file.write_at(&[1; 5000], 0).expect("write");
        file.set_length(4000).expect("cut");
        file.sync().expect("sync");
        disk.rename("file", "renamed").expect("rename");
        disk.sync().expect("sync");
        disk.crash(&mut SmallRng::seed_from_u64(seed));
        assert_eq!(disk.list().expect("list"), ["renamed"], "seed {seed}");
        assert_eq!(read(&disk, "renamed"), [1; 4000], "seed {seed}");
    }
}

#[test]
fn what_was_not_synced_survives_sector_by_sector() {
    let (mut nothing, mut everything, mut holes, mut torn) = (0, 0, 0, 0);
    for seed in SEEDS {
        let disk = SimulatedDisk::new(seed);
        let file = disk.create("file").expect("create");
        disk.sync().expect("sync");
        file.write_at(&[7; 100], 0).expect("write");
        file.sync().expect("sync");
        file.write_at(&[9; 2000], 100).expect("write");
        disk.crash(&mut SmallRng::seed_from_u64(seed));
        let bytes = read(&disk, "file");
        assert_eq!(bytes[..100], [7; 100], "seed {seed}");
        assert!(bytes[100..].iter().all(|byte| [0, 9].contains(byte)), "seed {seed}");
        let edges: Vec<_> = (101..bytes.len()).filter(|&at| bytes[at] != bytes[at - 1]).collect();
        nothing += u32::from(bytes.len() == 100);
        everything += u32::from(bytes.len() == 2100 && edges.is_empty() && bytes[100] == 9);
        holes += u32::from(edges.iter().any(|at| at % 512 == 0));
        torn += u32::from(edges.iter().any(|at| at % 512 != 0));
    }
    assert!(
        nothing > 20 && everything > 20 && holes > 20 && torn > 10,
        "{nothing} {everything} {holes} {torn}"
    );
}

#[test]
fn names_that_were_not_synced_survive_or_do_not() {
    let mut seen = std::collections::BTreeMap::new();
    for seed in SEEDS {
        let disk = SimulatedDisk::new(seed);
        for name in ["kept", "removed", "old"] {
            disk.create(name).expect("create").sync().expect("sync");
        }
        disk.sync().expect("sync");
        disk.create("created").expect("create").sync().expect("sync");
        disk.remove("removed").expect("remove");
        disk.rename("old", "new").expect("rename");
        disk.crash(&mut SmallRng::seed_from_u64(seed));
        let names = disk.list().expect("list");
        let has = |name: &str| names.iter().any(|other| other == name);
        assert!(has("kept"), "seed {seed}");
        assert_ne!(has("old"), has("new"), "seed {seed}");
        *seen.entry((has("created"), has("removed"), has("new"))).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 8, "every combination: {seen:?}");
}

#[test]
fn a_process_that_dies_loses_nothing() {
    let disk = SimulatedDisk::new(1);
    disk.create("file").expect("create").write_at(b"bytes", 3).expect("write");
    assert_eq!(read(&disk, "file"), b"\0\0\0bytes");
}

#[test]
fn files_opened_before_a_crash_are_dead() {
    let disk = SimulatedDisk::new(1);
    let file = disk.create("file").expect("create");
    disk.sync().expect("sync");
    disk.crash(&mut SmallRng::seed_from_u64(1));
    assert!(file.write_at(b"late", 0).is_err());
    assert!(disk.open("file").expect("there").write_at(b"anew", 0).is_ok());
}

#[test]
fn a_full_disk_takes_a_part() {
    let disk = SimulatedDisk::new(1);
    disk.set_capacity(10);
    let file = disk.create("file").expect("create");
    file.write_at(b"123456", 0).expect("write");
    let error = file.write_at(b"abcdef", 6).expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!((read(&disk, "file"), disk.used()), (b"123456abcd".to_vec(), 10));
    file.write_at(b"x", 0).expect("overwriting needs no room");
    assert_eq!(file.set_length(11).expect_err("full").kind(), ErrorKind::StorageFull);
    disk.remove("file").expect("remove");
    disk.create("other").expect("create").write_at(b"0123456789", 0).expect("there is room again");
}

#[test]
fn a_sync_that_failed_does_not_come_true_later() {
    let (mut lost, mut still_seen) = (0, 0);
    for seed in SEEDS {
        let disk = SimulatedDisk::new(seed);
        let file = disk.create("file").expect("create");
        disk.sync().expect("sync");
        file.write_at(&[1; 10], 0).expect("write");
        disk.set_faults(Faults { syncs: 1.0, ..Faults::default() });
        assert!(file.sync().is_err());
        disk.set_faults(Faults::default());
        file.sync().expect("sync");
        let before = read(&disk, "file");
        disk.crash(&mut SmallRng::seed_from_u64(seed));
        let after = read(&disk, "file");
        lost += u32::from(after.is_empty());
        still_seen += u32::from(after != before && before == [1; 10]);
    }
    assert!(lost > 50 && still_seen > 20, "{lost} {still_seen}");
}

#[test]
fn faults_come_as_often_as_asked_for() {
    let disk = SimulatedDisk::new(1);
    let file = disk.create("file").expect("create");
    disk.set_faults(Faults { reads: 0.5, writes: 0.5, syncs: 0.0 });
    let mut buffer = [0];
    let failed = (0..1000).filter(|_| file.read_at(&mut buffer, 0).is_err()).count();
    assert!((400..600).contains(&failed), "{failed}");
    let failed = (0..1000).filter(|_| file.write_at(&[1], 0).is_err()).count();
    assert!((400..600).contains(&failed), "{failed}");
    file.sync().expect("no fault");
}

#[test]
fn a_flipped_bit_is_one_bit_and_stays() {
    let disk = SimulatedDisk::new(1);
    let mut rng = SmallRng::seed_from_u64(1);
    assert_eq!(disk.flip_bit(&mut rng), None);
    let inner = disk.directory("inner").expect("directory");
    let file = inner.create("file").expect("create");
    file.write_at(&[0; 100], 0).expect("write");
    file.sync().expect("sync");
    inner.sync().expect("sync");
    let (name, byte) = disk.flip_bit(&mut rng).expect("one");
    assert_eq!(name, "inner/file");
    disk.crash(&mut rng);
    let mut bytes = [0; 100];
    inner.open("file").expect("there").read_at(&mut bytes, 0).expect("read");
    assert_eq!(bytes.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
    assert_eq!(bytes[usize::try_from(byte).expect("small")].count_ones(), 1);
}
