//! Looking what is there: new files, new names, and names that are gone.

use super::{
    config::StartAt,
    fingerprint::FileId,
    source::Source,
    tail::{Doubt, Stage, Tail},
    worker::Worker,
};
use std::{
    collections::HashSet,
    fs::{self, Metadata},
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// How often everything is looked at, whatever notification says.
const SLOW_LOOK: Duration = Duration::from_secs(10);
/// The same while something cannot be read.
const TROUBLED_LOOK: Duration = Duration::from_secs(2);
impl Worker {
    /// Looks what is there, if it is time.
    pub(super) fn look_if_due(&mut self, now: Instant) {
        let pause = self.rules.poll_interval;
        let rested = self.times.last_look.is_none_or(|last| now >= last + pause);
        if now >= self.times.next_look || self.times.look_wanted && rested {
            self.look(now);
        }
    }

    /// Looks what is there.
    pub(super) fn look(&mut self, now: Instant) {
        let matches = self.globs.find();
        if matches.too_many && !std::mem::replace(&mut self.times.too_many, matches.too_many) {
            tracing::warn!(
                receiver = &*self.receiver,
                "more than 100000 files match: the others are not read"
            );
        }
        let all_watched = self.watch.folders(&matches.folders);
        self.troubles.retain(|path, _| matches.paths.contains(path));
        let paths: Vec<PathBuf> = match &self.selection {
            Some(selection) => selection.select(matches.paths),
            None => matches.paths.into_iter().collect(),
        };
        let mut here = HashSet::new();
        let mut new = Vec::new();
        for path in paths {
            let Some(metadata) = self.examine(&path) else { continue };
            let id = FileId::of(&metadata);
            if !here.insert(id.place()) {
                continue;
            }
            match self.at(&id) {
                Some(key) => self.meet(key, &path, &metadata),
                None if self.is_too_old(&metadata) => {}
                None => new.push(path),
            }
        }
        let tails = self.tails.values();
        let missing: Vec<u64> = tails
            .filter(|tail| tail.stage == Stage::Here && !here.contains(&tail.id.place()))
            .map(|tail| tail.key)
            .collect();
        missing.into_iter().for_each(|key| self.miss(key, now));
        for path in new {
            self.welcome(&path, now);
        }
        self.times.first = false;
        self.times.look_wanted = false;
        self.times.last_look = Some(now);
        let pause = match (all_watched, self.troubles.is_empty()) {
            (false, _) => self.rules.poll_interval,
            (true, false) => TROUBLED_LOOK.max(self.rules.poll_interval),
            (true, true) => SLOW_LOOK.max(self.rules.poll_interval),
        };
        self.times.next_look = now + pause;
        self.meters.unreadable.set(self.troubles.len() as i64);
        self.meters.followed.set(here.len() as i64);
    }

    /// What is at a path, if it can be read.
    fn examine(&mut self, path: &Path) -> Option<Metadata> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Some(metadata),
            Ok(_) => {
                self.trouble(path, &"it is not a regular file");
                None
            }
            // It was there a moment ago.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                self.trouble(path, &error);
                None
            }
        }
    }

    fn is_too_old(&self, metadata: &Metadata) -> bool {
        let Some(limit) = self.rules.older_than else { return false };
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(metadata.mtime().max(0).cast_unsigned());
        SystemTime::now().duration_since(changed).is_ok_and(|age| age > limit)
    }

    /// A known file is there, perhaps under another name, perhaps longer.
    fn meet(&mut self, key: u64, path: &Path, metadata: &Metadata) {
        let Some(tail) = self.tails.get_mut(&key) else { return };
        if tail.path != path {
            tracing::debug!(receiver = &*self.receiver, from = %tail.path.display(), to = %path.display(), "a file has another name");
            tail.rename(path);
            self.meters.renamed.inc();
            self.checkpoints.touch(key);
        }
        let unknown = tail.source.is_none() && tail.watch.is_none();
        tail.stage = Stage::Here;
        if tail.see(metadata) || unknown {
            self.enqueue(key);
        }
    }

    /// No name leads to a file any more. What is open is read to its end.
    fn miss(&mut self, key: u64, now: Instant) {
        let Some(tail) = self.tails.get_mut(&key) else { return };
        let links =
            tail.source.as_ref().and_then(|source| source.metadata().ok()).map(|metadata| metadata.nlink());
        let deleted = links.is_none_or(|links| links == 0);
        tail.stage = Stage::Gone { since: now, deleted };
        self.enqueue(key);
    }

    /// A file that was not there at the last look.
    fn welcome(&mut self, path: &Path, now: Instant) {
        let (source, metadata) = match self.open(path) {
            Ok(opened) => opened,
            Err(error) => {
                let vanished = matches!(&error, super::source::OpenError::Io(error) if error.kind() == ErrorKind::NotFound);
                if !vanished {
                    self.trouble(path, &error);
                }
                return;
            }
        };
        self.no_trouble(path);
        // It may be another one than a moment ago.
        let id = FileId::of(&metadata);
        if self.at(&id).is_some() {
            self.times.look_wanted = true;
            return;
        }
        self.replace(&id, now);
        let first = self.times.first;
        let key = self.add(path, source, &metadata, now);
        if first {
            self.begin(key);
        }
    }

    /// The file that was at this place before is another one: its inode is used again.
    fn replace(&mut self, id: &FileId, now: Instant) {
        if let Some(key) = self.places.remove(&id.place())
            && let Some(tail) = self.tails.get_mut(&key)
        {
            (tail.stage, tail.id) = (Stage::Gone { since: now, deleted: true }, FileId::NOWHERE);
            self.checkpoints.touch(key);
        }
    }

    /// A file that was there before us. A packed one may be packed just now, with its original still beside it.
    fn begin(&mut self, key: u64) {
        let Some(tail) = self.tails.get_mut(&key) else { return };
        let packed = tail.source.as_ref().is_some_and(Source::is_packed);
        match self.rules.start_at {
            StartAt::Beginning if packed => return,
            StartAt::Beginning => tail.doubt = Doubt::None,
            StartAt::End => {
                tail.doubt = Doubt::None;
                if let Err(error) = tail.skip_to_end(&self.reading) {
                    let path = tail.path.clone();
                    self.remove(key);
                    return self.trouble(&path, &error);
                }
            }
        }
        self.checkpoints.touch(key);
    }

    /// What was read of a file is not in it any more: it begins anew, and the old content may turn up elsewhere.
    pub(super) fn cut(&mut self, key: u64, now: Instant) {
        let Some(old) = self.tails.get_mut(&key) else { return };
        tracing::debug!(receiver = &*self.receiver, path = %old.path.display(), read = old.consumed, "a file's content was replaced");
        self.meters.truncated.inc();
        let (Some(source), watch) = (old.source.take(), old.watch.take()) else { return };
        let Ok(metadata) = source.metadata() else { return };
        (old.stage, old.more, old.id) = (Stage::Cut { since: now }, false, FileId::NOWHERE);
        self.checkpoints.touch(key);
        if let Some(watch) = watch {
            self.watch.forget(watch);
        }
        self.meters.open.dec();
        let new = Tail::new(self.checkpoints.new_key(), &old.path, source, &metadata, now);
        self.checkpoints.touch(new.key);
        self.insert(new);
        self.doubt_again(key);
        // A copy may be there that was not seen yet.
        self.times.look_wanted = true;
    }

    /// Opens a closed file again, if it is still the same.
    pub(super) fn reopen(&mut self, key: u64, now: Instant) -> bool {
        let Some(tail) = self.tails.get(&key) else { return false };
        let (path, id) = (tail.path.clone(), tail.id);
        let (mut source, metadata) = match self.open(&path) {
            Ok(opened) => opened,
            Err(error) => {
                self.times.look_wanted = true;
                if fs::exists(&path).unwrap_or(true) {
                    self.trouble(&path, &error);
                }
                return false;
            }
        };
        self.no_trouble(&path);
        if !FileId::of(&metadata).is_same(&id) {
            self.times.look_wanted = true;
            return false;
        }
        let Some(tail) = self.tails.get_mut(&key) else { return false };
        match tail.goes_on_in(&mut source) {
            Ok(Some(true)) => self.hand(key, source, &metadata),
            Ok(_) => {
                tail.source = Some(source);
                self.meters.open.inc();
                self.cut(key, now);
                false
            }
            Err(error) => {
                self.trouble(&path, &error);
                false
            }
        }
    }

    /// Gives a file its open source.
    pub(super) fn hand(&mut self, key: u64, source: Source, metadata: &Metadata) -> bool {
        let Some(tail) = self.tails.get_mut(&key) else { return false };
        let old = tail.id;
        if tail.source.is_none() {
            self.meters.open.inc();
        }
        if let Some(watch) = tail.watch.take() {
            self.watch.forget(watch);
        }
        let watch = self.watch.file(source.file(), key);
        let taken = tail.take(source, metadata);
        tail.watch = watch;
        if self.places.get(&old.place()) == Some(&key) {
            self.places.remove(&old.place());
        }
        self.places.insert(tail.id.place(), key);
        if let Err(error) = taken {
            let path = tail.path.clone();
            self.trouble(&path, &error);
        }
        true
    }
}
