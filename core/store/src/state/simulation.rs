//! Random histories on a disk that loses its power, fills up and fails, against a model.
//!
//! A failure prints its seed: `TIDEWATCH_SEED=<seed> TIDEWATCH_HISTORIES=1` runs that history alone, and a larger
//! `TIDEWATCH_HISTORIES` runs more than the default.

use super::{Change, Engine, State, StateError, Writing};
use crate::{
    File, Storage, StoreMetrics,
    storage::simulated::{Faults, SimulatedDisk},
};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::Duration,
};
use tidewatch_telemetry::Metrics;

/// What an owner remembers, by owner and key.
type Content = BTreeMap<(usize, String), Vec<u8>>;

const OWNERS: [&str; 2] = ["file_log/app", "outbox/webhook"];

/// A disk whose power fails at a chosen call. What ran then is dead, and touches it no more.
struct Power {
    disk: SimulatedDisk,
    left: Mutex<Left>,
    dead: AtomicBool,
}

struct Left {
    /// Calls until it fails; none: it does not.
    calls: Option<usize>,
    rng: SmallRng,
}

impl Power {
    fn on(disk: &SimulatedDisk, calls: Option<usize>, seed: u64) -> Arc<Self> {
        let left = Mutex::new(Left { calls, rng: SmallRng::seed_from_u64(seed) });
        Arc::new(Self { disk: disk.clone(), left, dead: AtomicBool::new(false) })
    }

    fn is_dead(&self) -> bool {
        self.dead.load(SeqCst)
    }

    fn fail(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.dead.swap(true, SeqCst) {
            self.disk.crash(&mut left.rng);
        }
    }

    fn use_up(&self) -> io::Result<()> {
        let fails = {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.calls.as_mut().is_some_and(|calls| {
                *calls = calls.saturating_sub(1);
                *calls == 0
            })
        };
        if fails {
            self.fail();
        }
        if self.is_dead() { Err(io::Error::other("the power has failed")) } else { Ok(()) }
    }
}

/// What a process sees of it.
struct Seen(Arc<Power>);

struct SeenFile(Arc<Power>, Box<dyn File>);

impl Storage for Seen {
    fn list(&self) -> io::Result<Vec<String>> {
        self.0.use_up().and_then(|()| self.0.disk.list())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.0.use_up()?;
        Ok(Box::new(SeenFile(self.0.clone(), self.0.disk.open(name)?)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.0.use_up()?;
        Ok(Box::new(SeenFile(self.0.clone(), self.0.disk.create(name)?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.use_up().and_then(|()| self.0.disk.rename(from, to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.use_up().and_then(|()| self.0.disk.remove(name))
    }

    fn sync(&self) -> io::Result<()> {
        self.0.use_up().and_then(|()| self.0.disk.sync())
    }

    fn directory(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        self.0.use_up().and_then(|()| self.0.disk.directory(name))
    }
}

impl File for SeenFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.use_up().and_then(|()| self.1.read_at(buffer, offset))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.use_up().and_then(|()| self.1.write_at(bytes, offset))
    }

    fn sync(&self) -> io::Result<()> {
        self.0.use_up().and_then(|()| self.1.sync())
    }

    fn length(&self) -> io::Result<u64> {
        self.0.use_up().and_then(|()| self.1.length())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.use_up().and_then(|()| self.1.set_length(length))
    }
}

/// One run of an agent over the disk.
struct Life {
    engine: Arc<Engine>,
    states: [State; 2],
    writer: Option<JoinHandle<()>>,
    put_aside: u64,
}

impl Life {
    fn begin(storage: Arc<dyn Storage>, recreate: bool) -> Result<Self, StateError> {
        let metrics = StoreMetrics::new(&Metrics::default(), "file_storage");
        let engine = Engine::new(&metrics);
        let writing = Writing { sync: true, pause: Duration::ZERO, recreate, compact: false };
        let writer = engine.open(storage, writing, metrics.clone())?;
        let states = OWNERS.map(|owner| State::new(owner, engine.clone()));
        Ok(Self { engine, states, writer: Some(writer), put_aside: metrics.put_aside.get() })
    }

    fn content(&self) -> Result<Content, StateError> {
        let mut content = Content::new();
        for (owner, state) in self.states.iter().enumerate() {
            content.extend(state.read()?.into_iter().map(|entry| ((owner, entry.key), entry.value)));
        }
        Ok(content)
    }

    fn end(mut self) {
        self.engine.close();
        self.writer.take().unwrap().join().unwrap();
    }
}

/// One call: the changes of one owner.
#[derive(Debug, Clone)]
struct Call {
    owner: usize,
    changes: Vec<Change>,
}

impl Call {
    fn random(number: usize, rng: &mut impl Rng) -> Self {
        let mut changes = Vec::new();
        for _ in 0..rng.random_range(1..6) {
            let key = format!("key-{}", rng.random_range(0..12));
            changes.push(if rng.random_bool(0.2) {
                Change::Remove { key }
            } else {
                let length = if rng.random_bool(0.1) { 20_000 } else { rng.random_range(0..300) };
                let mut value = number.to_be_bytes().to_vec();
                value.resize(8 + length, b'x');
                Change::Put { key, version: 1, value }
            });
        }
        Self { owner: rng.random_range(0..OWNERS.len()), changes }
    }

    fn apply(&self, content: &mut Content) {
        for change in &self.changes {
            match change {
                Change::Put { key, value, .. } => {
                    content.insert((self.owner, key.clone()), value.clone());
                }
                Change::Remove { key } => {
                    content.remove(&(self.owner, key.clone()));
                }
            }
        }
    }
}

/// What was written, and how much of it must be there.
#[derive(Default)]
struct Model {
    calls: Vec<Call>,
    /// So many calls are certain.
    certain: usize,
}

impl Model {
    /// What is there is what the first calls have made, all or none of each, and all that are certain.
    fn check(&mut self, found: &Content, seed: u64) {
        let mut content = Content::new();
        let mut fits = None;
        for number in 0..=self.calls.len() {
            if number > 0 {
                self.calls[number - 1].apply(&mut content);
            }
            if number >= self.certain && content == *found {
                fits = Some(number);
            }
        }
        let Some(fits) = fits else {
            let keys: Vec<_> = found.iter().map(|(key, value)| (key, &value[..8])).collect();
            panic!("seed {seed}: {} of {} calls are certain, found {keys:?}", self.certain, self.calls.len());
        };
        self.calls.truncate(fits);
        self.certain = fits;
    }

    fn call(&mut self, life: &Life, rng: &mut impl Rng) {
        let call = Call::random(self.calls.len(), rng);
        self.calls.push(call.clone());
        let state = &life.states[call.owner];
        if rng.random_bool(0.3) {
            return state.write_later(call.changes);
        }
        if wait(state.write(call.changes)).is_ok() {
            self.certain = self.calls.len();
        }
    }
}

/// So many seeds, or as the environment has it.
fn seeds(histories: u64) -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    let first = number("TIDEWATCH_SEED").unwrap_or(0);
    first..first + number("TIDEWATCH_HISTORIES").unwrap_or(histories)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn what_was_written_survives_every_loss_of_power() {
    for seed in seeds(100) {
        let mut rng = SmallRng::seed_from_u64(seed);
        let disk = SimulatedDisk::new(seed);
        let mut model = Model::default();
        for life in 0..5 {
            // The last one ends in peace.
            let calls = (life < 4).then(|| rng.random_range(1..400));
            let power = Power::on(&disk, calls, rng.random());
            let begun = Life::begin(Arc::new(Seen(power.clone())), false);
            let life = match begun {
                Ok(life) => life,
                Err(_) if power.is_dead() => continue,
                Err(error) => panic!("seed {seed}: {error}"),
            };
            match life.content() {
                Ok(found) => model.check(&found, seed),
                Err(error) => assert!(power.is_dead(), "seed {seed}: {error}"),
            }
            for _ in 0..rng.random_range(0..40) {
                if power.is_dead() {
                    break;
                }
                model.call(&life, &mut rng);
            }
            if calls.is_some() {
                power.fail();
            }
            life.end();
        }
        model.certain = model.calls.len();
        let life = Life::begin(Arc::new(disk), false).unwrap();
        model.check(&life.content().unwrap(), seed);
        life.end();
    }
}

#[test]
fn a_disk_that_fails_and_fills_up_loses_nothing_that_was_written() {
    for seed in seeds(100) {
        let mut rng = SmallRng::seed_from_u64(seed);
        let disk = SimulatedDisk::new(seed);
        let mut model = Model::default();
        for _ in 0..3 {
            let power = Power::on(&disk, None, rng.random());
            let life = Life::begin(Arc::new(Seen(power.clone())), false).unwrap();
            model.check(&life.content().unwrap(), seed);
            for _ in 0..rng.random_range(0..15) {
                match rng.random_range(0..6) {
                    0 => disk.set_faults(Faults { syncs: 0.3, ..Faults::default() }),
                    1 => disk.set_faults(Faults { writes: 0.1, ..Faults::default() }),
                    2 => disk.set_capacity(disk.used() + rng.random_range(0..20_000)),
                    3 => {
                        disk.set_faults(Faults::default());
                        disk.set_capacity(u64::MAX);
                    }
                    _ => {}
                }
                model.call(&life, &mut rng);
            }
            disk.set_faults(Faults::default());
            disk.set_capacity(u64::MAX);
            if rng.random_bool(0.5) {
                power.fail();
            } else {
                // The disk is well again: what could not be written is written now.
                let mut tries = 0;
                while let Err(error) = wait(life.states[0].flush()) {
                    tries += 1;
                    assert!(tries < 3, "seed {seed}: {error}");
                }
                model.certain = model.calls.len();
            }
            life.end();
        }
    }
}

#[test]
fn flipped_bits_are_found_or_do_no_harm() {
    let mut put_aside = 0;
    for seed in seeds(50) {
        let mut rng = SmallRng::seed_from_u64(seed);
        let disk = SimulatedDisk::new(seed);
        let mut model = Model::default();
        let life = Life::begin(Arc::new(disk.clone()), true).unwrap();
        for _ in 0..20 {
            model.call(&life, &mut rng);
        }
        life.end();
        model.certain = model.calls.len();
        // Most of a small file is room for more.
        for _ in 0..rng.random_range(1..300) {
            disk.flip_bit(&mut rng).unwrap();
        }
        let life = Life::begin(Arc::new(disk.clone()), true).unwrap();
        let found = life.content().unwrap();
        if life.put_aside > 0 {
            put_aside += 1;
            assert_eq!(found, Content::new(), "seed {seed}");
            assert!(disk.list().unwrap().iter().any(|name| name.starts_with("state.redb.corrupt-")));
            model = Model::default();
        } else {
            model.check(&found, seed);
        }
        model.call(&life, &mut rng);
        life.end();
    }
    assert!(put_aside > 0, "no flip hit anything");
}
