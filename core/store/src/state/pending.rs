//! What waits to be written: bounded, the latest change of each key.

use super::{Change, StateError};
use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tidewatch_telemetry::IntCounter;
use tokio::sync::{Notify, oneshot};

/// Bytes that may wait.
const MAX_BYTES: usize = 64 << 20;
/// How long changes that nobody waits for may gather.
const LINGER: Duration = Duration::from_millis(50);
/// How long after a failure the disk is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// The same when somebody waits.
const RETRY_SOON: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 100 });

/// The owner and the key of an entry.
pub(super) type Key = (Arc<str>, String);

/// Where callers and the writer meet.
pub(crate) struct Pending {
    held: Mutex<Held>,
    /// For the writer: there is something to do.
    work: Condvar,
    /// For those who wait for room.
    room: Notify,
    /// For readers: something is written, or cannot be.
    settled: Condvar,
    /// Changes that nobody waited for, let go of for want of room.
    refused: IntCounter,
}

#[derive(Default)]
struct Held {
    stage: Stage,
    changes: HashMap<Key, Change>,
    bytes: usize,
    /// Since when something waits.
    since: Option<Instant>,
    told: Vec<oneshot::Sender<Result<(), StateError>>>,
    /// Readers who wait for what was given before.
    readers: usize,
    /// Calls that brought changes so far, and how many of them are written.
    given: u64,
    written: u64,
    /// Why the last try failed, and when that was.
    failing: Option<(StateError, Instant)>,
    /// Something has been refused since the last success; it is logged once.
    has_refused: bool,
}

#[derive(Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Closed,
    Open,
    /// The writer writes what is left, and ends.
    Closing,
}

/// What the writer has to do now.
pub(super) struct Work {
    pub(super) changes: HashMap<Key, Change>,
    told: Vec<oneshot::Sender<Result<(), StateError>>>,
    /// The calls whose changes these are, and all before.
    given: u64,
    /// Whether this is all there will ever be.
    pub(super) last: bool,
}

impl Pending {
    pub(super) fn new(refused: IntCounter) -> Self {
        Self {
            held: Mutex::default(),
            work: Condvar::new(),
            room: Notify::new(),
            settled: Condvar::new(),
            refused,
        }
    }

    pub(super) fn open(&self) {
        *self.lock() = Held { stage: Stage::Open, ..Held::default() };
    }

    /// Takes nothing more; the writer ends with what is left.
    pub(super) fn close(&self) {
        let mut held = self.lock();
        if held.stage == Stage::Open {
            held.stage = Stage::Closing;
        }
        self.work.notify_all();
        self.room.notify_waiters();
    }

    pub(super) async fn write(&self, owner: &Arc<str>, changes: Vec<Change>) -> Result<(), StateError> {
        let bytes = memory(owner, &changes);
        if bytes > MAX_BYTES {
            return Err(StateError::TooLarge { bytes, limit: MAX_BYTES });
        }
        let written = loop {
            let room = self.room.notified();
            tokio::pin!(room);
            // From here on no call goes unheard.
            room.as_mut().enable();
            {
                let mut held = self.lock();
                held.check_open()?;
                if held.bytes + bytes <= MAX_BYTES {
                    let (tell, written) = oneshot::channel();
                    held.add(owner, changes);
                    held.told.push(tell);
                    self.work.notify_all();
                    break written;
                }
                if let Some((error, _)) = &held.failing {
                    return Err(error.clone());
                }
            }
            room.await;
        };
        written.await.unwrap_or(Err(StateError::Closed))
    }

    pub(super) async fn flush(&self) -> Result<(), StateError> {
        let (tell, written) = oneshot::channel();
        {
            let mut held = self.lock();
            held.check_open()?;
            held.told.push(tell);
            self.work.notify_all();
        }
        written.await.unwrap_or(Err(StateError::Closed))
    }

    pub(super) fn write_later(&self, owner: &Arc<str>, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let count = changes.len();
        let why = {
            let mut held = self.lock();
            if held.stage != Stage::Open {
                "the store is not open"
            } else if held.bytes + memory(owner, &changes) > MAX_BYTES {
                "too much waits to be written"
            } else {
                let idle = held.changes.is_empty();
                held.add(owner, changes);
                if idle {
                    self.work.notify_all();
                }
                return;
            }
        };
        self.refused.inc_by(count as u64);
        if !std::mem::replace(&mut self.lock().has_refused, true) {
            tracing::error!(owner = &**owner, changes = count, "state is not written: {why}");
        }
    }

    /// Waits until all changes are written that were given before, or none can be.
    pub(super) fn settle(&self) {
        let mut held = self.lock();
        let given = held.given;
        held.readers += 1;
        while held.stage == Stage::Open && held.failing.is_none() && held.written < given {
            self.work.notify_all();
            held = self.settled.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        held.readers -= 1;
    }

    /// Waits until there is something to do. `last` is when something was written last; it is not done again
    /// within `pause` after that.
    pub(super) fn next(&self, last: Instant, pause: Duration) -> Work {
        let mut held = self.lock();
        loop {
            let now = Instant::now();
            let Some(due) = held.due(last, pause) else {
                held = self.work.wait(held).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let early = due.saturating_duration_since(now);
            if early.is_zero() {
                return held.take();
            }
            held = self.work.wait_timeout(held, early).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// It has been written. Whether the try before had failed.
    pub(super) fn done(&self, work: Work) -> bool {
        let mut held = self.lock();
        let failed = held.failing.take().is_some();
        held.written = work.given;
        held.has_refused = false;
        held.end(work.last);
        drop(held);
        self.settled.notify_all();
        work.told.into_iter().for_each(|tell| drop(tell.send(Ok(()))));
        self.room.notify_waiters();
        failed
    }

    /// It could not be written, and goes back unless it is the last. Whether the try before had succeeded.
    pub(super) fn failed(&self, work: Work, error: &StateError) -> bool {
        let mut held = self.lock();
        let first = held.failing.is_none();
        held.failing = Some((error.clone(), Instant::now()));
        for ((owner, key), change) in work.changes {
            // What came meanwhile is newer.
            let known = (owner, key);
            if !held.changes.contains_key(&known) {
                held.bytes += memory(&known.0, std::slice::from_ref(&change));
                held.changes.insert(known, change);
            }
        }
        held.end(work.last);
        drop(held);
        self.settled.notify_all();
        work.told.into_iter().for_each(|tell| drop(tell.send(Err(error.clone()))));
        self.room.notify_waiters();
        first
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn check_open(&self) -> Result<(), StateError> {
        if self.stage == Stage::Open { Ok(()) } else { Err(StateError::Closed) }
    }

    fn add(&mut self, owner: &Arc<str>, changes: Vec<Change>) {
        for change in changes {
            self.bytes += memory(owner, std::slice::from_ref(&change));
            let key = (owner.clone(), change.key().to_owned());
            if let Some(before) = self.changes.insert(key, change) {
                self.bytes -= memory(owner, std::slice::from_ref(&before));
            }
        }
        self.given += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    /// When the writer has something to do; none: not before somebody says so.
    fn due(&self, last: Instant, pause: Duration) -> Option<Instant> {
        if self.stage == Stage::Closing {
            return Some(last);
        }
        let read = self.readers > 0 && !self.changes.is_empty();
        let awaited = !self.told.is_empty() || read;
        let waited = if awaited { last } else { self.since? + LINGER };
        // Whoever reads is about to start, and does not wait for the interval.
        let pause = if read { Duration::ZERO } else { pause };
        let again = |(_, failed): &(StateError, Instant)| *failed + if awaited { RETRY_SOON } else { RETRY };
        Some(waited.max(last + pause).max(self.failing.as_ref().map_or(last, again)))
    }

    fn take(&mut self) -> Work {
        self.bytes = 0;
        self.since = None;
        Work {
            given: self.given,
            changes: std::mem::take(&mut self.changes),
            told: std::mem::take(&mut self.told),
            last: self.stage == Stage::Closing,
        }
    }

    fn end(&mut self, last: bool) {
        if last {
            *self = Self { readers: self.readers, ..Self::default() };
        } else if !self.changes.is_empty() {
            self.since.get_or_insert_with(Instant::now);
        }
    }
}

fn memory(owner: &str, changes: &[Change]) -> usize {
    changes.iter().map(|change| owner.len() + change.memory()).sum()
}
