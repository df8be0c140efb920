//! What is not told by notification: files to poll, files that end, and how long they are remembered.

use super::{
    fingerprint::FileId,
    judge::PATIENCE,
    tail::{Doubt, Stage, Tail},
    worker::Worker,
};
use std::{
    os::unix::fs::MetadataExt,
    time::{Duration, Instant},
};

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
    /// Looks after files that do not tell of their changes, and after those that end.
    pub(super) fn poll(&mut self, now: Instant) {
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
}

fn is_deleted(tail: &Tail) -> bool {
    let metadata = tail.source.as_ref().map(super::source::Source::metadata);
    metadata.is_some_and(|metadata| metadata.is_ok_and(|metadata| metadata.nlink() == 0))
}
