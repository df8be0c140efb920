//! What survives a restart: read before the first item, written in turns.

use super::{
    engine::{Engine, Found},
    remembered::Shelf,
    store::{SHARDS, Stored},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};
use tidewatch_component::timestamp;
use tidewatch_store::{Change, Entry, State, StateError};

/// The format of all entries: JSON.
const VERSION: u16 = 1;
/// The keys of the hash by which series are known.
const HASHES: &str = "hashes";
/// When the agent was alive last.
const ALIVE: &str = "alive";
/// The shards: `series/0` and so on.
const SERIES: &str = "series/";

/// The store's part of a processor.
pub(super) struct Memory {
    state: State,
    /// Between two turns; in each, one shard is written, and those whose alerts have changed.
    pause: Duration,
    turns: Mutex<Turns>,
    recalled: OnceLock<()>,
}

#[derive(Default)]
struct Turns {
    /// When the next one is.
    next: Option<Instant>,
    shard: usize,
}

#[derive(Serialize, Deserialize)]
struct Alive {
    /// Unix nanoseconds.
    at: u64,
}

impl Memory {
    /// Writes everything once in an `interval`.
    pub(super) fn new(state: State, interval: Duration) -> Self {
        let pause = interval / u32::try_from(SHARDS).unwrap_or(1);
        let pause = pause.clamp(Duration::from_millis(10), Duration::from_secs(1));
        Self { state, pause, turns: Mutex::default(), recalled: OnceLock::new() }
    }

    /// Takes up what was stored, once; what else calls it meanwhile waits.
    pub(super) fn recall(&self, engine: &Engine, now: Instant, found: &mut Found) {
        self.recalled.get_or_init(|| {
            let owner = self.state.owner();
            match self.read(engine, now, found) {
                Ok((0, _)) => {}
                Ok((series, lost)) => tracing::info!(owner, series, lost, "series are known from before"),
                Err(error) => tracing::error!(owner, %error, "what was known of series cannot be read"),
            }
        });
    }

    /// Writes what is due. When the next turn is.
    pub(super) fn turn(&self, engine: &Engine, now: Instant) -> Instant {
        let mut turns = self.turns();
        if let Some(next) = turns.next.filter(|next| *next > now) {
            return next;
        }
        let mut changes = Vec::new();
        for shard in 0..SHARDS {
            let outdated = if shard == turns.shard { Stored::Old } else { Stored::Wrong };
            changes.extend(shelf(engine, shard, outdated, now));
        }
        turns.shard = (turns.shard + 1) % SHARDS;
        self.write(changes);
        let next = now + self.pause;
        turns.next = Some(next);
        next
    }

    /// Writes everything.
    pub(super) fn close(&self, engine: &Engine, now: Instant) {
        let _turns = self.turns();
        self.write((0..SHARDS).filter_map(|shard| shelf(engine, shard, Stored::Old, now)).collect());
    }

    fn write(&self, mut changes: Vec<Change>) {
        changes.extend(put(ALIVE.to_owned(), &Alive { at: timestamp::now() }));
        for change in changes {
            // One by one: together they may be more than can wait at once.
            self.state.write_later(vec![change]);
        }
    }

    /// How many series are known, and for how many there was no room.
    fn read(&self, engine: &Engine, now: Instant, found: &mut Found) -> Result<(usize, usize), StateError> {
        let entries = self.state.read()?;
        let one = |key: &str| entries.iter().find(|entry| entry.key == key);
        let Some(hashes) = one(HASHES).and_then(|entry| self.parse(entry)) else {
            self.state.write_later(put(HASHES.to_owned(), engine.hashes()).into_iter().collect());
            return Ok((0, 0));
        };
        if !engine.hash_with(hashes) {
            return Ok((0, 0));
        }
        let alive = one(ALIVE).and_then(|entry| self.parse(entry)).unwrap_or(Alive { at: 0 });
        let (mut series, mut lost) = (0, 0);
        for entry in entries.iter().filter(|entry| entry.key.starts_with(SERIES)) {
            let Some(mut shelf) = self.parse::<Shelf>(entry) else { continue };
            for stored in std::mem::take(&mut shelf.series) {
                let silent = shelf.silent(&stored, alive.at);
                match engine.recall(stored, silent, now, found) {
                    true => series += 1,
                    false => lost += 1,
                }
            }
        }
        Ok((series, lost))
    }

    fn parse<T: DeserializeOwned>(&self, entry: &Entry) -> Option<T> {
        let parsed = match entry.version {
            VERSION => serde_json::from_slice(&entry.value).map_err(|error| error.to_string()),
            other => Err(format!("its format is {other}, this version knows {VERSION}")),
        };
        let (owner, key) = (self.state.owner(), &entry.key);
        parsed.inspect_err(|error| tracing::error!(owner, key, %error, "state is not understood")).ok()
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shelf(engine: &Engine, shard: usize, outdated: Stored, now: Instant) -> Option<Change> {
    let series = engine.remember(shard, outdated, now)?;
    put(format!("{SERIES}{shard}"), &Shelf { at: timestamp::now(), series })
}

fn put<T: Serialize>(key: String, value: &T) -> Option<Change> {
    match serde_json::to_vec(value) {
        Ok(value) => Some(Change::Put { key, version: VERSION, value }),
        Err(error) => {
            tracing::error!(key, %error, "state cannot be written as JSON");
            None
        }
    }
}
