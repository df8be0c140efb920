use super::{
    Pattern, Requests,
    header::HeaderState,
    join::Joiner,
    operators::{Outcome, Tally},
    pattern::JOIN_FOR,
    record::{Record, SharedMap},
    requests::Place,
    split::{Cut, Trim},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, ops::Range, sync::Arc, time::Duration};
use tidewatch_otlp::write::{Map, Value};

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
    mark: Mark,
    /// What the file's header says.
    header: HeaderState,
}

/// What changes with each entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Mark {
    /// Entries so far.
    record_number: u64,
    /// Whether the rest of a long entry is left out.
    skipping: bool,
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
    pattern: Arc<Pattern>,
    file: FileNames,
    saved: Saved,
    attributes: SharedMap,
    resources: [SharedMap; 2],
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

/// One call: from some bytes to records.
struct Run<'a> {
    pattern: &'a Pattern,
    attributes: &'a SharedMap,
    resources: &'a [SharedMap; 2],
    bytes: &'a [u8],
    /// What of the bytes is UTF-8 from the beginning, if that is their encoding.
    text: &'a str,
    offset: u64,
    now: u64,
    /// Where the next entry begins.
    position: usize,
    /// Where a restart begins, and with what: what follows is part of a line that has more parts.
    consumed: usize,
    mark: Mark,
    /// As it will be once everything up to `position` is consumed.
    next: Mark,
    place: Place<'a>,
    joiner: Joiner<'a>,
    counts: Counts,
}

/// What is counted when it is certain that nobody reads the entries again.
#[derive(Default)]
pub(super) struct Counts {
    split: u64,
    truncated: u64,
    replaced: u64,
    pub(super) dropped: usize,
    pub(super) tally: Tally,
}

impl<'a> Run<'a> {
    fn new(entries: &'a Entries, bytes: &'a [u8], position: usize, offset: u64, now: u64) -> Self {
        let pattern = &*entries.pattern;
        Self {
            pattern,
            attributes: &entries.attributes,
            resources: &entries.resources,
            bytes,
            text: if pattern.encoding.is_utf8() { valid_prefix(bytes) } else { "" },
            offset,
            now,
            position,
            consumed: position,
            mark: entries.saved.mark,
            next: entries.saved.mark,
            place: Place::default(),
            joiner: Joiner::new(pattern.max_open().unwrap_or(0), pattern.operators.max_joined().unwrap_or(0)),
            counts: Counts::default(),
        }
    }

    /// Takes as much as there is, and as fits. Says how far it came, with what state, and whether parts of a line wait.
    fn finish(mut self, flush: bool, out: &mut Requests) -> (usize, Mark, bool) {
        while !(out.is_full() && self.joiner.is_empty()) {
            let rest = &self.bytes[self.position..];
            let Some(cut) = self.pattern.splitter.first(rest, self.next.skipping, flush) else { break };
            self.take(&cut, out);
            if self.joiner.is_overdue(self.position - self.consumed) {
                self.close(out);
            }
        }
        if flush && !out.is_full() {
            self.close(out);
        }
        (self.consumed, self.mark, !self.joiner.is_empty())
    }

    fn take(&mut self, cut: &Cut, out: &mut Requests) {
        let start = self.position;
        let entry = self.trim(start + cut.entry.start..start + cut.entry.end);
        self.position += cut.next;
        let rest = std::mem::replace(&mut self.next.skipping, cut.skipping);
        if cut.too_long {
            let count = if cut.skipping { &mut self.counts.truncated } else { &mut self.counts.split };
            *count += 1;
        }
        if !rest {
            self.next.record_number += 1;
        }
        if entry.is_empty() {
            self.settle(out);
            return;
        }
        let body = self.body(entry);
        if matches!(&body, Value::Text(text) if text.is_empty()) {
            self.settle(out);
            return;
        }
        let own = self.own_attributes(start);
        if self.pattern.operators.is_empty() {
            let shared = (&self.attributes.written, &own);
            out.push_plain(&mut self.place, &self.resources[0], &body, shared, self.now);
            self.settle(out);
            return;
        }
        let mut attributes: Map<'a> = self.attributes.map.reborrow();
        attributes.extend(own);
        let record = Record::new(body, attributes, &self.resources[0]);
        self.operate(0, record, out);
        self.settle(out);
    }

    /// Takes a record through the operators from `first` on.
    fn operate(&mut self, first: usize, mut record: Record<'a>, out: &mut Requests) {
        let outcome = self.pattern.operators.run(first, &mut record, self.now, &mut self.counts.tally);
        if first == 0 && outcome == Outcome::Done {
            self.trim_end(&mut record);
        }
        match outcome {
            Outcome::Done if self.joiner.is_empty() => out.push(&mut self.place, &record, self.now),
            Outcome::Done => self.joiner.hold(record),
            Outcome::Dropped => self.counts.dropped += 1,
            Outcome::Part { part, next } => {
                record.resource.replace(&self.resources[0], &self.resources[1]);
                self.joiner.next = next;
                if let Some(mut whole) = self.joiner.join(part, record) {
                    self.trim_end(&mut whole);
                    self.operate(next, whole, out);
                }
            }
        }
    }

    /// Takes off the spaces at the end of a line that is complete now.
    fn trim_end(&self, record: &mut Record<'a>) {
        if let (true, Value::Text(text)) = (self.pattern.joins(), &mut record.body) {
            let end = Trim { leading: false, ..self.pattern.trim }.keep(text.as_bytes()).end;
            match text {
                Cow::Borrowed(text) => *text = &text[..end],
                Cow::Owned(text) => text.truncate(end),
            }
        }
    }

    /// No part waits for another one any more.
    fn close(&mut self, out: &mut Requests) {
        for mut record in self.joiner.take_open() {
            self.trim_end(&mut record);
            self.operate(self.joiner.next, record, out);
        }
        self.settle(out);
    }

    /// If no line waits for more parts, everything so far is consumed.
    fn settle(&mut self, out: &mut Requests) {
        if !self.joiner.is_open() {
            for record in self.joiner.take_held() {
                out.push(&mut self.place, &record, self.now);
            }
            self.consumed = self.position;
            self.mark = self.next;
            self.counts.settle(self.pattern, out);
        }
    }

    /// The attributes that only this entry has.
    fn own_attributes(&self, start: usize) -> Map<'a> {
        let mut own = Map::new();
        let (number, offset) = self.pattern.numbers();
        if number {
            own.insert("log.file.record_number", self.next.record_number as i64);
        }
        if offset {
            own.insert("log.file.record_offset", (self.offset + start as u64) as i64);
        }
        own
    }

    /// Without the spaces at its ends, if these are one byte each. A part of a container's line keeps those at its
    /// end.
    fn trim(&self, entry: Range<usize>) -> Range<usize> {
        if self.pattern.encoding.unit() > 1 {
            return entry;
        }
        let trim = self.pattern.trim;
        let trim = Trim { trailing: trim.trailing && !self.pattern.joins(), ..trim };
        let kept = trim.keep(&self.bytes[entry.clone()]);
        entry.start + kept.start..entry.start + kept.end
    }

    /// Text where it is such.
    fn body(&mut self, entry: Range<usize>) -> Value<'a> {
        if let Some(text) = self.text.get(entry.clone()) {
            return Value::from(text);
        }
        let bytes = &self.bytes[entry];
        let Some((text, replaced)) = self.pattern.encoding.decode(bytes) else { return Value::from(bytes) };
        self.counts.replaced += u64::from(replaced);
        if self.pattern.encoding.unit() == 1 {
            return Value::Text(text);
        }
        // Spaces of two bytes.
        let kept = self.pattern.trim.keep(text.as_bytes());
        Value::Text(match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[kept]),
            Cow::Owned(text) => Cow::Owned(text[kept].to_owned()),
        })
    }
}

impl Counts {
    fn settle(&mut self, pattern: &Pattern, out: &mut Requests) {
        let counts = &pattern.counts;
        for (count, counter) in [
            (&mut self.split, &counts.split),
            (&mut self.truncated, &counts.truncated),
            (&mut self.replaced, &counts.replaced),
        ] {
            if *count > 0 {
                counter.inc_by(std::mem::take(count));
            }
        }
        out.drop_records(std::mem::take(&mut self.dropped));
        pattern.operators.count(&mut self.tally);
    }
}

/// As much text as there is from the beginning.
fn valid_prefix(bytes: &[u8]) -> &str {
    match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = &bytes[..error.valid_up_to()];
            simdutf8::basic::from_utf8(valid).unwrap_or_default()
        }
    }
}
