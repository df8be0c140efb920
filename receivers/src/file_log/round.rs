//! One round of work: what was noticed, what is due, and reading in turns until a request is full.

use super::{
    entries::Requests,
    fingerprint::FileId,
    judge::PATIENCE,
    tail::{Doubt, Mark, Piece, Stage, Tail},
    worker::Worker,
};
use rustix::fs::{FlockOperation, flock};
use std::{
    cmp::Reverse,
    fs, io,
    os::unix::fs::MetadataExt,
    sync::Arc,
    time::{Duration, Instant},
};
use tidewatch_otlp::Request;

/// What a round has made.
pub(super) struct Round {
    /// Records, and where they came from.
    pub(super) load: Option<Load>,
    /// Records that operators dropped.
    pub(super) dropped: Vec<(&'static str, usize)>,
    /// When there is something to do again, if nothing happens before.
    pub(super) next: Instant,
}

/// A request, and the stretches of files it is made of.
pub(super) struct Load {
    pub(super) request: Request,
    pub(super) stretches: Vec<Stretch>,
}

/// A stretch of one file.
pub(super) struct Stretch {
    pub(super) key: u64,
    pub(super) partition: Arc<str>,
    pub(super) from: u64,
    pub(super) to: Mark,
}

/// A request is full with so many bytes.
const REQUEST: usize = 1 << 20;
/// Files of one request at most.
const MAX_FILES: usize = 256;
/// A round ends when it has read so much, whatever came out of it.
const MAX_READ: usize = 8 << 20;
/// How long a file without a name stays open while nothing is added: one that was deleted, and one that was moved
/// to where nobody looks.
const DELETED_PATIENCE: Duration = Duration::from_secs(10);
const MOVED_PATIENCE: Duration = Duration::from_secs(600);
/// How long, and how many at most, positions of files are kept that are gone.
const REMEMBER: Duration = Duration::from_secs(86_400);
const MAX_REMEMBERED: usize = 10_000;
/// How often what is not polled is looked after.
const TIDY: Duration = Duration::from_secs(1);

impl Worker {
    /// Does what there is to do. With `may_read` false nothing is read, but no file is missed either.
    pub(super) fn round(&mut self, now: Instant, may_read: bool) -> Round {
        let noticed = self.watch.take();
        self.times.look_wanted |= noticed.names || noticed.lost;
        noticed.files.into_iter().for_each(|key| self.enqueue(key));
        if noticed.lost {
            let all: Vec<u64> = self.tails.keys().copied().collect();
            all.into_iter().for_each(|key| self.enqueue(key));
        }
        self.look_if_due(now);
        if self.times.next_poll.is_none_or(|next| now >= next) {
            self.poll(now);
        }
        let mut out = Requests::new(REQUEST);
        let stretches = if may_read { self.read(&mut out, now) } else { Vec::new() };
        let load = out.finish().map(|request| Load { request, stretches: Vec::new() });
        let load = match load {
            Some(load) => {
                for stretch in &stretches {
                    if let Some(tail) = self.tails.get_mut(&stretch.key) {
                        tail.under_way = true;
                    }
                }
                Some(Load { stretches, ..load })
            }
            None => {
                self.acknowledge(stretches);
                None
            }
        };
        self.meters.reading.set(self.ready.len() as i64);
        Round { load, dropped: out.take_dropped(), next: self.next(now) }
    }

    /// These stretches are done with.
    pub(super) fn acknowledge(&mut self, stretches: Vec<Stretch>) {
        for stretch in stretches {
            let Some(tail) = self.tails.get_mut(&stretch.key) else { continue };
            tail.acknowledged = stretch.to;
            tail.under_way = false;
            self.checkpoints.touch(stretch.key);
            if tail.more || self.rules.delete {
                self.enqueue(stretch.key);
            }
        }
    }

    /// When the next round is due.
    fn next(&self, now: Instant) -> Instant {
        let look = match self.times.last_look {
            Some(last) if self.times.look_wanted => last + self.rules.poll_interval,
            _ => self.times.next_look,
        };
        let flush = self.due.peek().map(|Reverse((at, _))| *at);
        [flush, self.times.next_poll].into_iter().flatten().fold(look, Instant::min).max(now)
    }

    /// Looks after files that do not tell of their changes, and after those that end.
    fn poll(&mut self, now: Instant) {
        let (mut polled, mut ended, mut ending) = (Vec::new(), Vec::new(), false);
        let mut remembered: Vec<(Instant, u64)> = Vec::new();
        for tail in self.tails.values_mut() {
            let open = tail.source.is_some();
            let skipped = tail.more && !tail.queued && !tail.under_way;
            if open && (tail.watch.is_none() || skipped) {
                polled.push(tail.key);
            }
            match tail.stage {
                Stage::Here => {}
                Stage::Gone { since, .. } if open => {
                    ending = true;
                    let deleted = is_deleted(tail);
                    tail.stage = Stage::Gone { since, deleted };
                    let patience = if deleted { DELETED_PATIENCE } else { MOVED_PATIENCE };
                    if now >= since.max(tail.grown_at) + patience {
                        ended.push(tail.key);
                    }
                }
                Stage::Gone { since, .. } => remembered.push((since, tail.key)),
                Stage::Cut { since } => {
                    ending |= tail.has_rest();
                    if now >= since + PATIENCE && tail.has_rest() {
                        ended.push(tail.key);
                    }
                    remembered.push((since, tail.key));
                }
            }
        }
        let pause = match (polled.is_empty(), ending) {
            (false, _) => self.rules.poll_interval,
            (true, true) => TIDY,
            (true, false) => TIDY * 10,
        };
        self.times.next_poll = Some(now + pause);
        ended.into_iter().for_each(|key| self.end(key));
        polled.into_iter().for_each(|key| self.enqueue(key));
        self.forget(remembered, now);
    }

    /// Nothing more comes to this file: what is left is an entry, and then it is closed.
    fn end(&mut self, key: u64) {
        let Some(tail) = self.tails.get_mut(&key) else { return };
        if tail.has_rest() && tail.doubt == Doubt::None {
            tail.flush = true;
            return self.enqueue(key);
        }
        if tail.queued || tail.under_way {
            return;
        }
        let Some(mut tail) = self.tails.remove(&key) else { return };
        self.close(&mut tail);
        let deleted = matches!(tail.stage, Stage::Gone { deleted: true, .. });
        if deleted {
            self.unplace(&tail);
            tail.id = FileId::NOWHERE;
            self.checkpoints.touch(key);
        }
        let worth_it = tail.doubt == Doubt::None && (tail.is_distinct(&self.reading) || !deleted);
        self.tails.insert(key, tail);
        self.doubt_again(key);
        if !worth_it {
            self.retire(key);
        }
    }

    /// Forgets a file that nobody waits for.
    fn retire(&mut self, key: u64) {
        let awaited =
            self.tails.values().any(|tail| matches!(tail.doubt, Doubt::Copy(wait) if wait.of == key));
        if !awaited && let Some(tail) = self.remove(key) {
            self.meters.lost_bytes.inc_by(if matches!(tail.stage, Stage::Cut { .. }) {
                tail.unread()
            } else {
                0
            });
        }
    }

    /// Bounds what is kept of files that are gone.
    fn forget(&mut self, mut remembered: Vec<(Instant, u64)>, now: Instant) {
        remembered.sort_unstable();
        let surplus = remembered.len().saturating_sub(MAX_REMEMBERED);
        for (index, (since, key)) in remembered.into_iter().enumerate() {
            let Some(tail) = self.tails.get(&key) else { continue };
            let short = matches!(tail.stage, Stage::Cut { .. }) && !tail.is_distinct(&self.reading);
            let keep = if short { PATIENCE * 5 } else { REMEMBER };
            let busy = tail.under_way || tail.queued || tail.flush;
            if !busy && (index < surplus || tail.consumed == 0 || now >= since + keep) {
                self.retire(key);
            }
        }
    }

    /// Reads in turns, and says what of which file is in `out`.
    fn read(&mut self, out: &mut Requests, now: Instant) -> Vec<Stretch> {
        while let Some(Reverse((at, key))) = self.due.peek().copied()
            && at <= now
        {
            self.due.pop();
            let Some(tail) = self.tails.get_mut(&key) else { continue };
            if tail.flush_at == Some(at) {
                (tail.flush_at, tail.flush) = (None, true);
                self.enqueue(key);
            } else if tail.doubt != Doubt::None {
                self.enqueue(key);
            }
        }
        let (mut touched, mut bytes): (Vec<u64>, usize) = (Vec::new(), 0);
        while !out.is_full() && touched.len() < MAX_FILES && bytes < MAX_READ {
            let Some(key) = self.ready.pop_front() else { break };
            match self.turn(key, out, now) {
                Ok(read) => bytes += read,
                Err(error) => {
                    if let Some(tail) = self.tails.get_mut(&key) {
                        tail.more = false;
                        let path = tail.path.clone();
                        self.trouble(&path, &error);
                    }
                }
            }
            if self.tails.get(&key).is_some_and(|tail| tail.from.is_some()) && !touched.contains(&key) {
                touched.push(key);
            }
        }
        self.meters.bytes.inc_by(bytes as u64);
        let stretch = |key| {
            let tail = self.tails.get_mut(&key)?;
            let from = tail.from.take()?;
            Some(Stretch { key, partition: tail.partition.clone(), from, to: tail.mark() })
        };
        touched.into_iter().filter_map(stretch).collect()
    }

    /// One file's turn: a piece of it. Says how many bytes are new.
    fn turn(&mut self, key: u64, out: &mut Requests, now: Instant) -> io::Result<usize> {
        let Some(tail) = self.tails.get_mut(&key) else { return Ok(0) };
        tail.queued = false;
        if tail.under_way {
            return Ok(0);
        }
        if tail.source.is_none() && tail.stage == Stage::Here && !self.reopen(key, now) {
            return Ok(0);
        }
        if self.tails.get(&key).is_some_and(|tail| tail.doubt != Doubt::None) && !self.resolve(key, now)? {
            return Ok(0);
        }
        let Some(tail) = self.tails.get_mut(&key) else { return Ok(0) };
        let locked = self.rules.lock && tail.source.is_some();
        if let Some(source) = tail.source.as_ref().filter(|_| locked)
            && flock(source.file(), FlockOperation::NonBlockingLockShared).is_err()
        {
            // Its owner writes; the next poll tries again.
            self.times.next_poll = Some(now + self.rules.poll_interval);
            return Ok(0);
        }
        let piece = tail.advance(&mut self.reading, now, out);
        if let Some(source) = tail.source.as_ref().filter(|_| locked) {
            flock(source.file(), FlockOperation::Unlock)?;
        }
        if let Some(at) = tail.flush_at {
            self.due.push(Reverse((at, key)));
        }
        match piece? {
            Piece::Rewritten => {
                self.cut(key, now);
                Ok(0)
            }
            Piece::Nothing => {
                self.delete_if_delivered(key);
                Ok(0)
            }
            Piece::Bytes(read) => {
                if tail.more {
                    self.enqueue(key);
                }
                Ok(read)
            }
        }
    }

    /// Deletes a file of which everything is delivered, where that is wanted.
    fn delete_if_delivered(&mut self, key: u64) {
        let Some(tail) = self.tails.get(&key) else { return };
        let done = self.rules.delete
            && tail.stage == Stage::Here
            && tail.consumed > 0
            && !tail.has_rest()
            && tail.acknowledged.offset == tail.consumed;
        if !done {
            return;
        }
        let path = tail.path.clone();
        match fs::remove_file(&path) {
            Ok(()) => self.meters.deleted.inc(),
            Err(error) => self.trouble(&path, &error),
        }
        self.times.look_wanted = true;
    }
}

fn is_deleted(tail: &Tail) -> bool {
    let metadata = tail.source.as_ref().map(super::source::Source::metadata);
    metadata.is_some_and(|metadata| metadata.is_ok_and(|metadata| metadata.nlink() == 0))
}
