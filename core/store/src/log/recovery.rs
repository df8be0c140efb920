use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use super::append::summarize;
use super::done::{self, Entry};
use super::files::{Damaged, DoneFiles, Retired};
use super::segment::{Place, Segment};
use super::summary::{self, Summary};
use super::survey::{Known, Survey, survey};
use super::window::Window;
use super::{Damage, Log, LogError, LogOptions, Recovered};
use crate::storage::Storage;

/// Segments are never longer, so that a record's place in them fits.
const LONGEST_SEGMENT: u64 = 1 << 30;

impl Log {
    /// Opens the log in this directory, and repairs what a crash has left: the torn end of the last segment is cut, and
    /// what is damaged in the segments that had to be read is put aside.
    ///
    /// Of segments that were closed, only the summaries are read. New records go to a new segment.
    ///
    /// # Errors
    ///
    /// If the directory or a file in it cannot be read. A full disk is no error.
    pub fn open(storage: Arc<dyn Storage>, options: LogOptions) -> Result<(Self, Recovered), LogError> {
        let segment_bytes = options.segment_bytes.min(LONGEST_SEGMENT);
        let mut log = Self {
            storage,
            options: LogOptions { segment_bytes, ..options },
            segments: BTreeMap::new(),
            next: 0,
            writer: None,
            names_changed: false,
            doubt: None,
            window: None,
            failures: 0,
            done_files: DoneFiles::default(),
            unwritten: BTreeSet::new(),
            retired: Retired::default(),
            empty: Vec::new(),
            damaged: Damaged::default(),
            damage: Damage::default(),
            buffer: Vec::new(),
        };
        log.recover()?;
        let held = log.segments.values().map(|segment| segment.held.total());
        let (records, bytes) = held.fold((0, 0), |sum, held| (sum.0 + held.records, sum.1 + held.bytes));
        let recovered = Recovered { records, held: log.held(), bytes, damage: log.take_damage() };
        Ok((log, recovered))
    }

    fn recover(&mut self) -> io::Result<()> {
        let mut logs = BTreeSet::new();
        let mut done = BTreeSet::new();
        for name in self.storage.list()? {
            match Place::parse(&name) {
                Some((place, "log")) => logs.insert(place),
                Some((place, "done")) => done.insert(place),
                _ => continue,
            };
        }
        // What a killed process has created and removed is durable from here on.
        self.storage.sync()?;
        for place in done.difference(&logs) {
            self.storage.remove(&place.done())?;
        }
        for &place in &logs {
            let next = logs.iter().find(|other| other.first > place.first);
            let ceiling = next.map_or(u64::MAX, |next| next.first);
            self.recover_segment(place, ceiling, done.contains(&place), next.is_none())?;
        }
        let firsts: Vec<_> = self.segments.keys().copied().collect();
        firsts.into_iter().for_each(|first| self.retire(first));
        // What cannot be written or removed now is tried again by the next `done`.
        self.write_done().ok();
        Ok(())
    }

    fn recover_segment(
        &mut self,
        place: Place,
        ceiling: u64,
        has_done: bool,
        newest: bool,
    ) -> io::Result<()> {
        let mut window = Window::open(&*self.storage, place, false)?;
        let mut segment = Segment::new(place);
        segment.file_bytes = window.file().length()?;
        let said = if has_done { read_done(&*self.storage, &mut segment)? } else { Said::default() };
        let summary = summary::read(window.file(), segment.file_bytes, place.salt)?
            .filter(|summary| (place.first..=ceiling).contains(&summary.end));
        match summary {
            Some(summary) if !newest && !said.damaged => {
                trust(&mut segment, summary, &said.done);
                self.adopt(segment);
            }
            summary => {
                let survey = verify(&mut window, &mut segment, summary.as_ref(), &said, ceiling)?;
                self.window = Some(window);
                self.damage.torn_bytes += survey.torn;
                self.adopt(segment);
                self.lose(place.first, &survey.holes, survey.mark);
            }
        }
        Ok(())
    }

    fn adopt(&mut self, segment: Segment) {
        let first = segment.place.first;
        self.next = self.next.max(segment.end);
        if segment.end == first {
            self.empty.push((segment.place, segment.file_bytes + segment.done_bytes));
            return;
        }
        if !segment.pending.is_empty() {
            self.unwritten.insert(first);
        }
        let Some(other) = self.segments.remove(&first) else {
            self.segments.insert(first, segment);
            return;
        };
        let better = (segment.proven, segment.end) >= (other.proven, other.end);
        let (kept, other) = if better { (segment, other) } else { (other, segment) };
        self.segments.insert(first, kept);
        if other.proven {
            self.set_aside(&other);
        } else {
            // One of them failed before anything in it was durable, and the machine before the other one was.
            self.damage.torn_bytes += other.length;
            self.retired.push(other.place, other.file_bytes + other.done_bytes);
        }
    }

    /// Of two that begin alike only one can stay. The other one is kept under another name, since nobody knows how it
    /// came here: people copy files, too.
    fn set_aside(&mut self, other: &Segment) {
        let held = other.held.total();
        self.damage.records += held.records;
        self.damage.items += held.items;
        self.damage.bytes += held.bytes;
        let (log, done) = (other.place.log(), other.place.done());
        if self.storage.rename(&log, &format!("{log}.twin")).is_err() {
            self.damage.discarded_bytes += held.bytes;
            self.retired.push(other.place, other.file_bytes + other.done_bytes);
        }
        self.storage.remove(&done).ok();
    }
}

/// What a done file says.
#[derive(Default)]
struct Said {
    done: Vec<Entry>,
    damaged: bool,
    closed: Option<Closed>,
}

/// Where a segment ends, and from which sequence on it was torn.
#[derive(Clone, Copy)]
struct Closed {
    mark: u64,
    end: u64,
    length: u64,
}

impl Said {
    /// Whether every done record has a lower sequence than this.
    fn done_before(&self, sequence: u64) -> bool {
        self.done.iter().all(|entry| matches!(*entry, Entry::Done { to, .. } if to <= sequence))
    }
}

fn read_done(storage: &dyn Storage, segment: &mut Segment) -> io::Result<Said> {
    let file = storage.open(&segment.place.done())?;
    let mut bytes = vec![0; usize::try_from(file.length()?).map_err(io::Error::other)?];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], filled as u64)? {
            0 => bytes.truncate(filled),
            read => filled += read,
        }
    }
    // A part of an entry at the end is overwritten.
    segment.done_bytes = (bytes.len() - bytes.len() % Entry::LENGTH) as u64;
    let mut said = Said::default();
    for entry in done::entries(&bytes, segment.place.salt) {
        match entry {
            Entry::Closed { mark, end, length } => said.closed = Some(Closed { mark, end, length }),
            Entry::Done { from, to, .. } if segment.done.missing(&(from..to)) > 0 => {
                segment.done.insert(from..to);
                said.done.push(entry);
            }
            Entry::Done { .. } => {}
            Entry::Damaged { from, to } => {
                segment.done.insert(from..to);
                said.damaged = true;
            }
        }
    }
    Ok(said)
}

/// Takes a closed segment as its summary describes it.
fn trust(segment: &mut Segment, summary: Summary, done: &[Entry]) {
    segment.held = summary.tally;
    segment.proven = true;
    (segment.end, segment.length, segment.mark) = (summary.end, summary.length, summary.end);
    for entry in done {
        if let &Entry::Done { kind, amount, .. } = entry {
            segment.held.subtract(kind, amount);
        }
    }
}

/// Reads a segment from beginning to end. What is torn behind its last record is cut, and if nobody has closed it, that
/// is done now.
fn verify(
    window: &mut Window,
    segment: &mut Segment,
    summary: Option<&Summary>,
    said: &Said,
    ceiling: u64,
) -> io::Result<Survey> {
    let from = |summary: &Summary| Closed { mark: summary.end, end: summary.end, length: summary.length };
    let closed = summary.map(from).or(said.closed);
    let (ceiling, limit) = closed.map_or((ceiling, segment.file_bytes), |closed| (closed.end, closed.length));
    let known = Known {
        first: segment.place.first,
        ceiling,
        limit: limit.min(segment.file_bytes).min(u64::from(u32::MAX)),
        closed: closed.is_some(),
    };
    let mut survey = survey(window, &known, &segment.done)?;
    segment.held = std::mem::take(&mut survey.held);
    (segment.end, segment.length) = (survey.end, survey.length);
    // Done files are not synced with the log. What was done and never durable may have been lost again, and leftovers of
    // a failed append stand in its place: such a segment gets no summary to count done records against.
    let countable = survey.holes.is_empty() && said.done_before(survey.mark);
    segment.proven = closed.is_some() || survey.mark > segment.place.first;
    if let Some(closed) = closed {
        survey.mark = survey.mark.max(closed.mark);
    }
    segment.mark = survey.mark.min(segment.end);
    if summary.is_none()
        && settle(window, segment, survey.mark, closed.is_some()).is_ok()
        && segment.end > segment.place.first
    {
        if countable {
            summarize(window.file(), segment, &survey.tally);
        }
        if said.closed.is_none() {
            let mark = if survey.holes.is_empty() { survey.end } else { survey.mark };
            segment.note(Entry::Closed { mark, end: survey.end, length: survey.length });
        }
        segment.mark = segment.end;
    }
    Ok(survey)
}

/// Cuts what is behind the last record, and makes the rest durable.
///
/// Records that may never have been durable are written once more: if a sync of the process before has failed, the
/// kernel shows them, and takes them for written.
fn settle(window: &mut Window, segment: &mut Segment, mark: u64, closed: bool) -> io::Result<()> {
    if segment.file_bytes > segment.length {
        window.file().set_length(segment.length)?;
        segment.file_bytes = segment.length;
    }
    if !closed {
        let mut offset = 0;
        let mut sequence = segment.place.first;
        while sequence < mark
            && let Some((at, header)) = window.next_header(offset, segment.length, (sequence, segment.end))?
        {
            offset = at + header.length();
            sequence = header.sequences().end;
        }
        window.rewrite(offset, segment.length)?;
    }
    window.file().sync()
}
