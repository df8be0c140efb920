use std::io;
use std::ops::Range;

use super::done::DoneSet;
use super::record::Header;
use super::tally::{Amount, Tally};
use super::window::Window;

/// What is known of a segment before it is read.
pub(super) struct Known {
    /// The sequence of the first record.
    pub(super) first: u64,
    /// The sequence that no record of it reaches beyond.
    pub(super) ceiling: u64,
    /// Where the records end, or the file.
    pub(super) limit: u64,
    /// Whether ceiling and limit are exact, since somebody wrote down where the segment was closed.
    pub(super) closed: bool,
}

/// What a segment holds, read from beginning to end and verified.
#[derive(Default)]
pub(super) struct Survey {
    /// All records that are whole.
    pub(super) tally: Tally,
    /// Those of them that are not done.
    pub(super) held: Tally,
    /// The sequence behind the last record.
    pub(super) end: u64,
    /// The byte behind the last record.
    pub(super) length: u64,
    /// What is missing before that.
    pub(super) holes: Vec<Hole>,
    /// Everything with a lower sequence was durable once.
    pub(super) mark: u64,
    /// The bytes behind the last record of a segment that was not closed, without the zeros they end with.
    pub(super) torn: u64,
}

/// Bytes that are no whole record, and the sequences that are missing there.
pub(super) struct Hole {
    pub(super) bytes: Range<u64>,
    pub(super) sequences: Range<u64>,
    /// Whether it is one record whose header is whole.
    pub(super) legible: bool,
}

/// Reads a segment.
///
/// # Errors
///
/// If the disk does not give the bytes.
pub(super) fn survey(window: &mut Window, known: &Known, done: &DoneSet) -> io::Result<Survey> {
    let Known { first, mut ceiling, mut limit, mut closed } = *known;
    let mut survey = Survey { end: first, mark: first, ..Survey::default() };
    // Holes with no whole record behind them so far.
    let mut open = Vec::new();
    let mut offset = 0;
    let mut expected = first;
    while let Some((at, header)) = window.next_header(offset, limit, (expected, ceiling))? {
        if header.is_summary() {
            (closed, limit, ceiling) = (true, at, header.sequence);
            break;
        }
        if at > offset || header.sequence > expected {
            open.push(Hole { bytes: offset..at, sequences: expected..header.sequence, legible: false });
        }
        offset = at + header.length();
        expected = header.sequences().end;
        survey.mark = survey.mark.max(header.synced);
        if header.matches(window.payload(at, &header, limit)?) {
            survey.holes.append(&mut open);
            survey.count(&header, done);
            (survey.end, survey.length) = (expected, offset);
        } else {
            open.push(Hole { bytes: at..offset, sequences: header.sequences(), legible: true });
        }
    }
    if closed {
        if offset < limit || expected < ceiling {
            open.push(Hole { bytes: offset..limit, sequences: expected..ceiling, legible: false });
        }
        survey.holes.append(&mut open);
        (survey.end, survey.length) = (ceiling, limit);
    } else {
        survey.torn = written(window, survey.length, limit)? - survey.length;
    }
    Ok(survey)
}

impl Survey {
    fn count(&mut self, header: &Header, done: &DoneSet) {
        let amount = Amount::from(header);
        self.tally.add(header.kind, amount);
        if !done.contains(header.sequence) {
            self.held.add(header.kind, amount);
        }
    }
}

/// Where the zeros begin that end the file: room made in advance.
fn written(window: &mut Window, from: u64, limit: u64) -> io::Result<u64> {
    let (mut offset, mut last) = (from, from);
    while offset < limit {
        let bytes = window.peek(offset, 1, limit)?;
        if bytes.is_empty() {
            break;
        }
        if let Some(at) = bytes.iter().rposition(|&byte| byte != 0) {
            last = offset + at as u64 + 1;
        }
        offset += bytes.len() as u64;
    }
    Ok(last)
}
