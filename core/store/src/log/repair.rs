//! What happens to damage: it is counted, put aside, and never looked at again.

use std::io::{self, ErrorKind};

use super::done::Entry;
use super::survey::{Hole, Known, survey};
use super::tally::Tally;
use super::window::Window;
use super::{Damage, Log};

impl Log {
    /// Reads a whole segment that has shown damage, and counts all there is in it.
    pub(super) fn check(&mut self, first: u64) -> io::Result<()> {
        let Some(segment) = self.segments.get_mut(&first) else { return Ok(()) };
        let known = Known { first, ceiling: segment.end, limit: segment.length, closed: true };
        let window = match &mut self.window {
            Some(window) if window.shows(segment) => window,
            other => match Window::open(&*self.storage, segment.place, false) {
                Ok(window) => other.insert(window),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // Somebody removed the file.
                    segment.held = Tally::default();
                    let all = Hole { bytes: 0..0, sequences: first..segment.end, legible: false };
                    self.lose(first, &[all], u64::MAX);
                    return Ok(());
                }
                Err(error) => return Err(error),
            },
        };
        let survey = survey(window, &known, &segment.done)?;
        segment.held = survey.held;
        let mark = survey.mark.max(segment.mark);
        self.lose(first, &survey.holes, mark);
        Ok(())
    }

    /// Counts holes and puts their bytes aside. Those from the sequence `mark` on may never have been durable.
    pub(super) fn lose(&mut self, first: u64, holes: &[Hole], mark: u64) {
        let Some(segment) = self.segments.get_mut(&first) else { return };
        for hole in holes {
            let items = segment.done.missing(&hole.sequences);
            if items == 0 {
                continue;
            }
            let bytes = hole.bytes.end - hole.bytes.start;
            if hole.sequences.start < mark {
                let discarded_bytes = match &mut self.window {
                    Some(window) if window.shows(segment) => self.damaged.keep(&*self.storage, window, hole),
                    _ => bytes,
                };
                let records = u64::from(hole.legible);
                self.damage += Damage { torn_bytes: 0, records, items, bytes, discarded_bytes };
            } else {
                self.damage += Damage { torn_bytes: bytes, ..Damage::default() };
            }
            segment.done.insert(hole.sequences.clone());
            segment.note(Entry::Damaged { from: hole.sequences.start, to: hole.sequences.end });
            self.unwritten.insert(first);
        }
        // If it cannot be written now, the next `done` writes it.
        self.write_done().ok();
    }
}
