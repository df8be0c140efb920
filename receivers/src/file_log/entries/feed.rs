use super::{Pattern, Requests, header::HeaderState, pattern::JOIN_FOR, record::SharedMap, run::Run};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// What a file is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FileNames {
    /// Last part of `path`.
    pub(crate) name: String,
    /// As it was found.
    pub(crate) path: String,
    /// Last part of `path_resolved`.
    pub(crate) name_resolved: String,
    /// Without symbolic links.
    pub(crate) path_resolved: String,
}

/// What a file's entries have to remember beside the position: it belongs into the checkpoint, as it is after the
/// call that gave the position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Saved {
    #[serde(flatten)]
    pub(super) mark: Mark,
    /// What the file's header says.
    header: HeaderState,
}

/// What changes with each entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Mark {
    /// Entries so far.
    pub(super) record_number: u64,
    /// Whether the rest of a long entry is left out.
    pub(super) skipping: bool,
}

/// How far a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Position in the file up to which everything has become records: the next call begins there, and so does
    /// whoever goes on after a restart.
    pub(crate) consumed: u64,
    /// How long to wait for more before `flush`, if anything is pending and it is to be flushed at all.
    pub(crate) flush_after: Option<Duration>,
}

/// Makes records of the bytes of one file.
#[derive(Debug)]
pub(crate) struct Entries {
    pub(super) pattern: Arc<Pattern>,
    file: FileNames,
    pub(super) saved: Saved,
    pub(super) attributes: SharedMap,
    pub(super) resources: [SharedMap; 2],
}

impl Entries {
    /// For a file at its beginning (`Saved::default()`), or at a checkpoint.
    pub(crate) fn new(pattern: &Arc<Pattern>, file: FileNames, saved: Saved) -> Self {
        Self {
            attributes: pattern.attributes_of(&file, saved.header.attributes()),
            resources: pattern.resources_of(&file),
            pattern: Arc::clone(pattern),
            file,
            saved,
        }
    }

    /// The file is called otherwise from now on.
    pub(crate) fn rename(&mut self, file: FileNames) {
        *self = Self::new(&self.pattern, file, std::mem::take(&mut self.saved));
    }

    /// What belongs into the checkpoint beside [`Progress::consumed`].
    pub(crate) fn saved(&self) -> Saved {
        self.saved.clone()
    }

    /// Takes what stands at `offset` of the (decompressed) file, and writes records of all complete entries into
    /// `out` until it is full. `now` is Unix nanoseconds. The rest is to be given again, from
    /// [`Progress::consumed`] on, together with more; a little more than the longest entry always makes progress,
    /// while `out` has room.
    pub(crate) fn feed(&mut self, bytes: &[u8], offset: u64, now: u64, out: &mut Requests) -> Progress {
        self.take(bytes, offset, now, false, out)
    }

    /// As [`feed`](Self::feed), when nothing more is to be waited for: what is pending is an entry, too.
    pub(crate) fn flush(&mut self, bytes: &[u8], offset: u64, now: u64, out: &mut Requests) -> Progress {
        self.take(bytes, offset, now, true, out)
    }

    fn take(&mut self, bytes: &[u8], offset: u64, now: u64, flush: bool, out: &mut Requests) -> Progress {
        let mark = self.pattern.encoding.byte_order_mark();
        let marked = offset == 0 && bytes.starts_with(mark);
        let start = if marked { mark.len() } else { 0 };
        if offset == 0 && !marked && !flush && mark.starts_with(bytes) {
            // The beginning of a mark, perhaps.
            return self.progress(offset, bytes.len(), false);
        }
        let body = match &self.pattern.header {
            Some(_) if !self.saved.header.is_over() => self.take_header(bytes, start, now, flush),
            _ => start,
        };
        if self.pattern.header.is_some() && !self.saved.header.is_over() {
            return self.progress(offset + body as u64, bytes.len() - body, false);
        }
        let (consumed, mark, joining) = Run::new(self, bytes, body, offset, now).finish(flush, out);
        self.saved.mark = mark;
        self.progress(offset + consumed as u64, bytes.len() - consumed, joining)
    }

    fn progress(&self, consumed: u64, pending: usize, joining: bool) -> Progress {
        let patience = self.pattern.flush_after;
        let patience = if joining { patience.map(|patience| patience.max(JOIN_FOR)) } else { patience };
        Progress { consumed, flush_after: patience.filter(|_| pending > 0) }
    }

    /// Takes header lines; says where the rest begins.
    fn take_header(&mut self, bytes: &[u8], start: usize, now: u64, flush: bool) -> usize {
        let pattern = Arc::clone(&self.pattern);
        let Some(header) = &pattern.header else { return start };
        let mut position = start;
        while let Some(cut) = pattern.lines.first(&bytes[position..], self.saved.mark.skipping, flush) {
            let line = &bytes[position..][cut.entry.clone()];
            let text =
                pattern.encoding.decode(line).map_or_else(|| String::from_utf8_lossy(line), |(text, _)| text);
            if !self.saved.mark.skipping && !header.take(text, &mut self.saved.header, now) {
                break;
            }
            self.saved.mark.skipping = cut.skipping;
            position += cut.next;
        }
        self.attributes = pattern.attributes_of(&self.file, self.saved.header.attributes());
        position
    }
}
