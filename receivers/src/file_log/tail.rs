//! One followed file: how it is recognised, and how far it has been read, handed over and acknowledged.

use super::{
    entries::{Entries, FileNames, Saved},
    fingerprint::{Digest, FileId},
    read::Reading,
    source::Source,
};
use std::{
    fs::Metadata,
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// A followed file.
pub(super) struct Tail {
    /// Its name in the state, for as long as its content is known.
    pub(super) key: u64,
    pub(super) path: PathBuf,
    /// The path, for those who are told where records came from.
    pub(super) partition: Arc<str>,
    pub(super) id: FileId,
    pub(super) stage: Stage,
    /// Whether it may be a copy of another file, whose content was read already.
    pub(super) doubt: Doubt,
    pub(super) source: Option<Source>,
    pub(super) watch: Option<i32>,
    /// The bytes that it begins with.
    pub(super) start: Digest,
    /// Up to here everything is in a request.
    pub(super) consumed: u64,
    /// Up to here everything was handed over, and is done with.
    pub(super) acknowledged: Mark,
    /// A request with bytes of it waits for its receipt: until then it is not read on, which keeps its order.
    pub(super) under_way: bool,
    /// It waits for its turn to be read.
    pub(super) queued: bool,
    /// There may be more to read.
    pub(super) more: bool,
    /// When a last entry without an end is taken as it is.
    pub(super) flush_at: Option<Instant>,
    /// Nothing more is to be waited for.
    pub(super) flush: bool,
    /// Where the request begins that is being made.
    pub(super) from: Option<u64>,
    pub(super) found_at: Instant,
    pub(super) grown_at: Instant,
    /// Size and time of change when it was looked at last.
    pub(super) seen: (u64, i64),
    pub(super) entries: Option<Entries>,
    pub(super) saved: Saved,
    /// What stands between `BACK` bytes before `consumed`, and `read`.
    pub(super) kept: Vec<u8>,
    pub(super) read: u64,
    /// The furthest that was ever read.
    pub(super) end: u64,
    /// The last request was full before all that was read was in it.
    pub(super) rest: bool,
}

/// Where a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// At its path.
    Here,
    /// No path that is looked at leads to it any more.
    Gone { since: Instant, deleted: bool },
    /// Its content has been replaced; it may turn up in a copy.
    Cut { since: Instant },
}

/// Whether a file was read before under another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It was not, or is known.
    None,
    /// Nobody has looked yet.
    Fresh,
    /// It says the same as another one.
    Copy(Wait),
}

/// How long a file has said the same as another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    /// The other one's key.
    pub(super) of: u64,
    pub(super) first: Instant,
    /// It has had this size since then.
    pub(super) since: Instant,
    pub(super) size: u64,
}

/// A position in a file, and what is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Mark {
    pub(super) offset: u64,
    /// The last bytes before it.
    pub(super) end: Digest,
    pub(super) saved: Saved,
}

/// So many bytes before a position say whether it is still the same content.
pub(super) const BACK: usize = 64;
impl Tail {
    pub(super) fn new(key: u64, path: &Path, source: Source, metadata: &Metadata, now: Instant) -> Self {
        Self {
            source: Some(source),
            seen: seen(metadata),
            ..Self::closed(key, path.to_owned(), FileId::of(metadata), now)
        }
    }

    /// A file that is not open, at the position up to which it was acknowledged.
    pub(super) fn restored(
        key: u64,
        path: PathBuf,
        id: FileId,
        start: Digest,
        mark: Mark,
        stage: Stage,
        now: Instant,
    ) -> Self {
        let (saved, read) = (mark.saved.clone(), mark.offset);
        Self {
            start,
            saved,
            consumed: read,
            read,
            end: read,
            acknowledged: mark,
            stage,
            ..Self::closed(key, path, id, now)
        }
    }

    fn closed(key: u64, path: PathBuf, id: FileId, now: Instant) -> Self {
        Self {
            key,
            partition: path.to_string_lossy().into(),
            path,
            id,
            stage: Stage::Here,
            doubt: Doubt::None,
            source: None,
            watch: None,
            start: Digest::default(),
            consumed: 0,
            acknowledged: Mark::default(),
            under_way: false,
            queued: false,
            more: false,
            flush_at: None,
            flush: false,
            from: None,
            found_at: now,
            grown_at: now,
            seen: (0, 0),
            entries: None,
            saved: Saved::default(),
            kept: Vec::new(),
            read: 0,
            end: 0,
            rest: false,
        }
    }

    /// Leaves out what is there already.
    pub(super) fn skip_to_end(&mut self, reading: &Reading) -> io::Result<()> {
        let Some(source) = &mut self.source else { return Ok(()) };
        let mut first = vec![0; reading.fingerprint];
        let length = source.read_at(0, &mut first)?;
        self.start = Digest::of(&first[..length]);
        // Nobody knows how long a compressed text is: no end of it is further than this.
        self.consumed = if source.is_packed() { i64::MAX.cast_unsigned() } else { self.seen.0 };
        if !source.is_packed() {
            let back = self.consumed.min(BACK as u64) as usize;
            self.kept.resize(back, 0);
            let length = source.read_at(self.consumed - back as u64, &mut self.kept)?;
            self.consumed -= (back - length) as u64;
            self.kept.truncate(length);
        }
        (self.read, self.end) = (self.consumed, self.consumed);
        self.acknowledged = self.mark();
        Ok(())
    }

    /// How many bytes before `consumed` are kept.
    pub(super) fn back(&self) -> usize {
        self.consumed.min(BACK as u64) as usize
    }

    /// The bytes right before the position that is reached.
    fn last(&self) -> Digest {
        if self.kept.is_empty() { self.acknowledged.end } else { Digest::of(&self.kept[..self.back()]) }
    }

    /// The position that is reached.
    pub(super) fn mark(&self) -> Mark {
        Mark { offset: self.consumed, end: self.last(), saved: self.saved.clone() }
    }

    /// Whether it was read to its end, with nothing pending or under way.
    pub(super) fn is_idle(&self) -> bool {
        !self.queued && !self.more && !self.under_way && !self.has_rest()
    }

    /// Whether something was read that is in no request yet.
    pub(super) fn has_rest(&self) -> bool {
        self.consumed < self.end
    }

    /// Bytes that are known to be there and were never put into a request.
    pub(super) fn unread(&self) -> u64 {
        self.seen.0.max(self.end).saturating_sub(self.consumed)
    }

    /// Whether its first bytes are as many as are compared at all.
    pub(super) fn is_distinct(&self, reading: &Reading) -> bool {
        self.start.bytes >= reading.fingerprint
    }

    /// Whether `source` has what was read of this file, up to the position that is reached; none: it is too short.
    pub(super) fn goes_on_in(&self, source: &mut Source) -> io::Result<Option<bool>> {
        let mut first = vec![0; self.start.bytes];
        if source.read_at(0, &mut first)? < first.len() {
            return Ok(None);
        }
        if !self.start.begins(&first) {
            return Ok(Some(false));
        }
        let last = self.last();
        let mut bytes = vec![0; last.bytes];
        let length = source.read_at(self.consumed - last.bytes as u64, &mut bytes)?;
        Ok((length == bytes.len()).then(|| Digest::of(&bytes) == last))
    }

    /// The file is open again, or another one that has its content.
    pub(super) fn take(&mut self, mut source: Source, metadata: &Metadata) -> io::Result<()> {
        if self.kept.is_empty() {
            self.kept.resize(self.back(), 0);
            let length = source.read_at(self.consumed - self.back() as u64, &mut self.kept)?;
            if length < self.kept.len() {
                self.kept.clear();
            }
        }
        self.source = Some(source);
        self.id = FileId::of(metadata);
        self.seen = seen(metadata);
        self.more = true;
        Ok(())
    }

    pub(super) fn see(&mut self, metadata: &Metadata) -> bool {
        let seen = seen(metadata);
        std::mem::replace(&mut self.seen, seen) != seen
    }

    /// It has another name from now on.
    pub(super) fn rename(&mut self, path: &Path) {
        self.path = path.to_owned();
        self.partition = path.to_string_lossy().into();
        if let Some(entries) = &mut self.entries {
            entries.rename(names(path));
        }
    }

    /// Lets go of everything but what it is recognised by.
    pub(super) fn close(&mut self) {
        (self.source, self.entries) = (None, None);
        self.kept.shrink_to_fit();
    }
}

fn seen(metadata: &Metadata) -> (u64, i64) {
    (metadata.len(), metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec()))
}

pub(super) fn names(path: &Path) -> FileNames {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    FileNames {
        name: name(path),
        path: path.to_string_lossy().into_owned(),
        name_resolved: name(&resolved),
        path_resolved: resolved.to_string_lossy().into_owned(),
    }
}
