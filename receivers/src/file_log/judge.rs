//! Whether a new file is a copy of one that was read before: copied before its truncation, moved to another file
//! system, or compressed.
//!
//! Only what is read already matters. Files that merely begin alike are told apart by what stands at the position that
//! was reached. As long as two say exactly the same, the second one waits a while: until they differ, or the first one
//! is cut or gone.

use super::{
    fingerprint::Digest,
    source::Source,
    tail::{Doubt, Stage, Tail, Wait},
    worker::Worker,
};
use std::{
    cmp::Reverse,
    collections::HashMap,
    io,
    path::Path,
    time::{Duration, Instant},
};

/// How long a file waits that says the same as another one, and little.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// The same if it says so much that it is probably no chance.
const LONG_PATIENCE: Duration = Duration::from_secs(10);
/// How long a file waits that grows and still says the same.
const LONGEST_PATIENCE: Duration = Duration::from_secs(300);
/// A file is compared with so many others at most.
const MAX_ALIKE: usize = 32;
/// So many of the last bytes of a possible copy are compared with the original.
const SAMPLE: usize = 4096;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Nothing is in it yet.
    Empty,
    /// It has nothing of another.
    New,
    /// It may be a copy of this one; time will tell.
    Perhaps(u64),
    /// It has the content of this one, which has lost it.
    Of(u64),
}

impl Worker {
    /// Settles the doubt about a file, if that is possible now. False: it is not to be read, or not under this key.
    pub(super) fn resolve(&mut self, key: u64, now: Instant) -> io::Result<bool> {
        let Some(mut tail) = self.tails.remove(&key) else { return Ok(false) };
        let origin = self.origin(&mut tail, now);
        match origin {
            Ok(Origin::Of(original)) => return self.hand_over(tail, original).map(|()| false),
            Ok(Origin::New) => {
                tail.doubt = Doubt::None;
                self.checkpoints.touch(key);
            }
            Ok(Origin::Perhaps(of)) => {
                let size = tail.seen.0;
                tail.doubt = Doubt::Copy(match tail.doubt {
                    Doubt::Copy(wait) if wait.size == size => Wait { of, ..wait },
                    Doubt::Copy(wait) => Wait { of, since: now, size, ..wait },
                    _ => Wait { of, first: now, since: now, size },
                });
                self.due.push(Reverse((now + PATIENCE, key)));
            }
            Ok(Origin::Empty) | Err(_) => {}
        }
        self.tails.insert(key, tail);
        origin.map(|origin| origin == Origin::New)
    }

    /// Those that wait for this one are looked at again.
    pub(super) fn doubt_again(&mut self, original: u64) {
        let waits = |tail: &&Tail| matches!(tail.doubt, Doubt::Copy(wait) if wait.of == original);
        let waiting: Vec<u64> = self.tails.values().filter(waits).map(|tail| tail.key).collect();
        waiting.into_iter().for_each(|key| self.enqueue(key));
    }

    /// The original goes on in its copy.
    fn hand_over(&mut self, mut copy: Tail, original: u64) -> io::Result<()> {
        self.unplace(&copy);
        let source = copy.source.take();
        self.meters.open.dec();
        if let Some(watch) = copy.watch.take() {
            self.watch.forget(watch);
        }
        let Some(source) = source else { return Ok(()) };
        let metadata = source.metadata()?;
        self.hand(original, source, &metadata);
        if let Some(tail) = self.tails.get_mut(&original) {
            let (from, to) = (tail.path.display(), copy.path.display());
            tracing::debug!(receiver = &*self.receiver, %from, %to, "a file goes on in its copy");
            tail.stage = copy.stage;
            tail.rename(&copy.path);
        }
        self.meters.copied.inc();
        self.checkpoints.touch(original);
        self.enqueue(original);
        Ok(())
    }

    fn origin(&mut self, tail: &mut Tail, now: Instant) -> io::Result<Origin> {
        let Some(source) = &mut tail.source else { return Ok(Origin::Empty) };
        let size = source.metadata()?.len();
        let waited = |patience| match tail.doubt {
            Doubt::Copy(wait) => {
                wait.size == size && now >= wait.since + patience || now >= wait.first + LONGEST_PATIENCE
            }
            _ => false,
        };
        tail.seen.0 = size;
        let mut first = vec![0; self.reading.fingerprint];
        let length = source.read_at(0, &mut first)?;
        first.truncate(length);
        if first.is_empty() {
            return Ok(Origin::Empty);
        }
        let (mut origin, mut furthest) = (Origin::New, 0);
        for key in self.alike(&first) {
            match self.compare(source, key, now)? {
                Likeness::SoFar if !self.patience(key, &tail.path).is_some_and(waited) => {
                    if origin == Origin::New {
                        origin = Origin::Perhaps(key);
                    }
                    break;
                }
                Likeness::None | Likeness::SoFar => {}
                Likeness::Whole => {
                    let Some(other) = self.tails.get(&key) else { continue };
                    let lost_since = match other.stage {
                        Stage::Here => continue,
                        Stage::Cut { .. } => None,
                        Stage::Gone { since, .. } => Some(since),
                    };
                    // A copy is there before its original is removed.
                    let in_time = lost_since.is_none_or(|since| tail.found_at < since);
                    let telling = self.patience(key, &tail.path).is_none_or(|patience| patience > PATIENCE);
                    if (in_time || telling) && other.consumed > furthest {
                        (origin, furthest) = (Origin::Of(key), other.consumed);
                    }
                }
            }
        }
        if origin == Origin::New && source.is_packed() && !waited(PATIENCE) {
            // It may still be written.
            origin = Origin::Perhaps(tail.key);
        }
        Ok(origin)
    }

    /// How long a file at this path waits for another one that says the same; none: as long as it takes.
    fn patience(&self, key: u64, path: &Path) -> Option<Duration> {
        let other = self.tails.get(&key)?;
        if is_packed_as(path, &other.path) || is_packed_as(&other.path, path) {
            return None;
        }
        Some(if other.is_distinct(&self.reading) { LONG_PATIENCE } else { PATIENCE })
    }

    /// Files that begin like this, as far as can be said without a look into them, those first that have lost their
    /// content. Those of which nothing was read count, too: of two that say the same, one is read first.
    fn alike(&self, first: &[u8]) -> Vec<u64> {
        let mut digests = HashMap::new();
        let read = |tail: &&Tail| tail.doubt == Doubt::None && (tail.consumed > 0 || tail.source.is_some());
        let alike = self.tails.values().filter(read).filter(|tail| {
            let bytes = tail.start.bytes;
            let known = first.get(..bytes);
            known.is_none_or(|known| *digests.entry(bytes).or_insert_with(|| Digest::of(known)) == tail.start)
        });
        let mut alike: Vec<_> = alike.map(|tail| (tail.stage == Stage::Here, tail.key)).collect();
        alike.sort_unstable();
        alike.into_iter().map(|(_, key)| key).take(MAX_ALIKE).collect()
    }

    /// Whether `source` says what was read of another file.
    fn compare(&mut self, source: &mut Source, other: u64, now: Instant) -> io::Result<Likeness> {
        let Some(tail) = self.tails.get(&other) else { return Ok(Likeness::None) };
        let whole = tail.goes_on_in(source)?;
        if whole == Some(false) {
            return Ok(Likeness::None);
        }
        if tail.source.is_none() && tail.stage == Stage::Here {
            self.reopen(other, now);
        }
        let Some(tail) = self.tails.get_mut(&other) else { return Ok(Likeness::None) };
        if let Some(mut own) = tail.source.take() {
            let intact = tail.goes_on_in(&mut own);
            let begins = is_beginning(source, &mut own);
            tail.source = Some(own);
            if intact? == Some(true) {
                return Ok(if begins? { Likeness::SoFar } else { Likeness::None });
            }
            self.cut(other, now);
        }
        Ok(if whole == Some(true) { Likeness::Whole } else { Likeness::None })
    }
}

/// How much of what was read of one file is in another.
enum Likeness {
    /// Not all of it.
    None,
    /// Both say the same, as far as the other one goes.
    SoFar,
    /// All of it, and the first file has lost it.
    Whole,
}

/// Whether these are the names of a file and of what a compressor makes of it.
fn is_packed_as(path: &Path, packed: &Path) -> bool {
    packed.extension().is_some_and(|suffix| suffix == "gz" || suffix == "zst")
        && packed.with_extension("") == path
}

/// Whether one file says the same as the other, as far as it goes: its first and its last bytes do.
fn is_beginning(source: &mut Source, whole: &mut Source) -> io::Result<bool> {
    let size = source.metadata()?.len();
    for position in [0, size.saturating_sub(SAMPLE as u64)] {
        if position > 0 && source.is_packed() {
            break;
        }
        let (mut bytes, mut same) = ([0; SAMPLE], [0; SAMPLE]);
        let length = source.read_at(position, &mut bytes)?;
        if whole.read_at(position, &mut same[..length])? < length || bytes[..length] != same[..length] {
            return Ok(false);
        }
    }
    Ok(true)
}
