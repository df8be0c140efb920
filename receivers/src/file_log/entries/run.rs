use super::{
    Entries, Pattern, Requests,
    feed::Mark,
    join::Joiner,
    operators::{Outcome, Tally},
    record::{Record, SharedMap},
    requests::Place,
    split::{Cut, Trim},
};
use std::{borrow::Cow, ops::Range};
use tidewatch_otlp::write::{Map, Value};

/// One call: from some bytes to records.
pub(super) struct Run<'a> {
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
struct Counts {
    split: u64,
    truncated: u64,
    replaced: u64,
    dropped: usize,
    tally: Tally,
}

impl<'a> Run<'a> {
    pub(super) fn new(entries: &'a Entries, bytes: &'a [u8], position: usize, offset: u64, now: u64) -> Self {
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
    pub(super) fn finish(mut self, flush: bool, out: &mut Requests) -> (usize, Mark, bool) {
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
