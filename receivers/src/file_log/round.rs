//! One round of work: what was noticed, what is due, and reading in turns until a request is full.

use super::{
    entries::Requests,
    read::Piece,
    tail::{Doubt, Mark, Stage},
    worker::Worker,
};
use rustix::fs::{FlockOperation, flock};
use std::{cmp::Reverse, fs, io, sync::Arc, time::Instant};
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
