//! How far each file is delivered, kept where the agent keeps its state.

use super::{
    fingerprint::{Digest, FileId},
    tail::{Doubt, Mark, Stage, Tail},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    time::Instant,
};
use tidewatch_component::StartError;
use tidewatch_store::{Change, State};

/// What is written, or was read.
pub(super) struct Checkpoints {
    state: Option<State>,
    changed: HashSet<u64>,
    forgotten: HashSet<u64>,
}

/// What is known of one file.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint {
    path: PathBuf,
    id: FileId,
    start: Digest,
    offset: u64,
    end: Digest,
    /// The file has other content now; this may turn up in a copy.
    #[serde(default)]
    cut: bool,
    #[serde(flatten)]
    saved: super::entries::Saved,
}

/// The format of the entries.
const VERSION: u16 = 1;
/// Says that the receiver has run before, whether it found files or not.
const STARTED: &str = "started";

impl Checkpoints {
    pub(super) fn new(state: Option<State>) -> Self {
        Self { state, changed: HashSet::new(), forgotten: HashSet::new() }
    }

    /// What was known at the last stop; none at the very first start.
    pub(super) fn read(&mut self, now: Instant) -> Result<Option<Vec<Tail>>, StartError> {
        let Some(state) = &self.state else { return Ok(None) };
        let entries = state.read().map_err(|error| StartError::new("the positions in files", error))?;
        let started = Change::Put { key: STARTED.into(), version: VERSION, value: Vec::new() };
        state.write_later(vec![started]);
        if entries.is_empty() {
            return Ok(None);
        }
        let mut tails = Vec::new();
        for entry in entries.iter().filter(|entry| entry.key != STARTED) {
            let newer = entry.version > VERSION;
            let known = u64::from_str_radix(&entry.key, 16).ok();
            let checkpoint = serde_json::from_slice::<Checkpoint>(&entry.value);
            match (known, checkpoint) {
                (Some(key), Ok(checkpoint)) if !newer => tails.push(checkpoint.restore(key, now)),
                _ => {
                    let error = format!("the position `{}` has format {}", entry.key, entry.version);
                    let advice = format!(
                        "this version reads {VERSION}; `tidewatch state drop {}` forgets all positions",
                        state.owner()
                    );
                    return Err(StartError::new(error, advice));
                }
            }
        }
        Ok(Some(tails))
    }

    /// A name for a file's position that no other has.
    pub(super) fn new_key(&self) -> u64 {
        rand::random()
    }

    /// What is known of a file has changed.
    pub(super) fn touch(&mut self, key: u64) {
        if self.state.is_some() {
            self.forgotten.remove(&key);
            self.changed.insert(key);
        }
    }

    pub(super) fn forget(&mut self, key: u64) {
        if self.state.is_some() {
            self.changed.remove(&key);
            self.forgotten.insert(key);
        }
    }

    /// What has changed since the last call, to be written all or nothing.
    pub(super) fn take_changes(&mut self, tails: &HashMap<u64, Tail>) -> Vec<Change> {
        let put = |key: u64| {
            // What may be a copy of another file has no position of its own yet: the next start would read it whole.
            let tail = tails.get(&key).filter(|tail| tail.doubt == Doubt::None)?;
            let value = serde_json::to_vec(&Checkpoint::of(tail)).ok()?;
            Some(Change::Put { key: name(key), version: VERSION, value })
        };
        let mut changes: Vec<Change> = self.changed.drain().filter_map(put).collect();
        changes.extend(self.forgotten.drain().map(|key| Change::Remove { key: name(key) }));
        changes
    }

    /// Where it is written.
    pub(super) fn state(&self) -> Option<State> {
        self.state.clone()
    }
}

fn name(key: u64) -> String {
    format!("{key:016x}")
}

impl Checkpoint {
    fn of(tail: &Tail) -> Self {
        let Mark { offset, end, saved } = tail.acknowledged.clone();
        let cut = matches!(tail.stage, Stage::Cut { .. });
        Self { path: tail.path.clone(), id: tail.id, start: tail.start, offset, end, cut, saved }
    }

    fn restore(self, key: u64, now: Instant) -> Tail {
        let mark = Mark { offset: self.offset, end: self.end, saved: self.saved };
        let stage =
            if self.cut { Stage::Cut { since: now } } else { Stage::Gone { since: now, deleted: false } };
        Tail::restored(key, self.path, self.id, self.start, mark, stage, now)
    }
}
