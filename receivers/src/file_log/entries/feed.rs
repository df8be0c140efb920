use super::{Pattern, Requests};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// What a file is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FileNames {
    /// Last part of `path`.
    pub name: String,
    /// As it was found.
    pub path: String,
    /// Last part of `path_resolved`.
    pub name_resolved: String,
    /// Without symbolic links.
    pub path_resolved: String,
}

/// What a file's entries have to remember beside the position: it belongs into the checkpoint, as it is after the
/// call that gave the position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Saved {
    /// Entries so far.
    pub record_number: u64,
}

/// How far a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Position in the file up to which everything has become records: the next call begins there, and so does
    /// whoever goes on after a restart.
    pub consumed: u64,
    /// How long to wait for more before `flush`, if anything is pending and it is to be flushed at all.
    pub flush_after: Option<Duration>,
}

/// Makes records of the bytes of one file.
pub(crate) struct Entries {
    saved: Saved,
}

impl Entries {
    /// For a file at its beginning (`Saved::default()`), or at a checkpoint.
    pub(crate) fn new(_pattern: &Arc<Pattern>, _file: FileNames, saved: Saved) -> Self {
        Self { saved }
    }

    /// The file is called otherwise from now on.
    pub(crate) fn rename(&mut self, _file: FileNames) {}

    /// What belongs into the checkpoint beside [`Progress::consumed`].
    pub(crate) fn saved(&self) -> Saved {
        self.saved.clone()
    }

    /// Takes what stands at `offset` of the (decompressed) file, and writes records of all complete entries into
    /// `out` until it is full. `now` is Unix nanoseconds. The rest is to be given again, from
    /// [`Progress::consumed`] on, together with more: [`Pattern::window`] bytes always make progress, while `out`
    /// has room.
    pub(crate) fn feed(&mut self, bytes: &[u8], offset: u64, now: u64, out: &mut Requests) -> Progress {
        let _ = (bytes, now, out);
        Progress { consumed: offset, flush_after: None }
    }

    /// As [`feed`](Self::feed), when nothing more is to be waited for: what is pending is an entry, too.
    pub(crate) fn flush(&mut self, bytes: &[u8], offset: u64, now: u64, out: &mut Requests) -> Progress {
        let _ = (now, out);
        Progress { consumed: offset + bytes.len() as u64, flush_after: None }
    }
}
