//! Reading a file, a piece at a time.

use super::{
    entries::{Entries, Pattern, Requests},
    fingerprint::Digest,
    tail::{BACK, Tail, names},
};
use std::{io, sync::Arc, time::Instant};

/// What reading a piece has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Nothing new.
    Nothing,
    /// So many new bytes.
    Bytes(usize),
    /// What was read before is not there any more.
    Rewritten,
}

/// What all files of a receiver are read with.
pub(super) struct Reading {
    pub(super) pattern: Arc<Pattern>,
    pub(super) fingerprint: usize,
    pub(super) buffer: Vec<u8>,
}

/// A file's turn.
const PIECE: usize = 256 << 10;
/// More than this of an entry without an end is read again instead of kept.
const MAX_KEPT: usize = 64 << 10;

impl Tail {
    /// Reads one piece, and puts its entries into `out`.
    pub(super) fn advance(
        &mut self,
        reading: &mut Reading,
        now: Instant,
        out: &mut Requests,
    ) -> io::Result<Piece> {
        let kept = self.kept.len();
        let piece = PIECE + (self.end - self.read) as usize;
        let buffer = &mut reading.buffer;
        if buffer.len() < kept + piece {
            buffer.resize(kept + piece, 0);
        }
        buffer[..kept].copy_from_slice(&self.kept);
        let mut filled = kept;
        if let Some(source) = &mut self.source {
            // What was read last is read once more, to see that it is still there.
            let overlap = kept.min(BACK);
            let at = self.read - overlap as u64;
            let length = source.read_at(at, &mut buffer[kept - overlap..kept + piece])?;
            if length < overlap || buffer[..kept] != self.kept {
                return Ok(Piece::Rewritten);
            }
            filled += length - overlap;
        }
        let more = filled == kept + piece;
        let read = self.read + (filled - kept) as u64;
        let new = read.saturating_sub(self.end) as usize;
        let flush = self.flush && new == 0;
        if new == 0 && !self.rest && !flush {
            self.more = false;
            return Ok(Piece::Nothing);
        }
        if new > 0 {
            self.grown_at = now;
        }
        let back = self.back().min(kept);
        let from = self.consumed - back as u64;
        self.recognise(reading, from, filled);
        let entries = self
            .entries
            .get_or_insert_with(|| Entries::new(&reading.pattern, names(&self.path), self.saved.clone()));
        let (bytes, at) = (&reading.buffer[back..filled], tidewatch_component::timestamp::now());
        let progress = if flush {
            entries.flush(bytes, self.consumed, at, out)
        } else {
            entries.feed(bytes, self.consumed, at, out)
        };
        self.saved = entries.saved();
        self.rest = out.is_full();
        self.more = more || self.rest;
        self.flush = flush && self.rest;
        (self.read, self.end) = (read, self.end.max(read));
        self.flush_at = progress.flush_after.map(|after| now + after);
        if progress.consumed > self.consumed {
            self.from.get_or_insert(self.consumed);
            self.consumed = progress.consumed;
        }
        self.keep(from, &reading.buffer[..filled]);
        if flush && self.source.is_none() && !self.rest {
            self.end = self.consumed;
        }
        Ok(Piece::Bytes(new))
    }

    /// Keeps what is needed with the next piece, of a buffer that begins at `from`.
    fn keep(&mut self, from: u64, buffer: &[u8]) {
        let consumed = (self.consumed - from) as usize;
        let first = consumed.saturating_sub(BACK);
        let mut last = buffer.len();
        if self.source.is_some() && (self.rest || last - consumed > MAX_KEPT) {
            // It can be read again.
            (last, self.read) = (consumed, self.consumed);
        }
        self.kept.clear();
        self.kept.extend_from_slice(&buffer[first..last]);
        if self.kept.capacity() > 2 * self.kept.len().max(BACK) {
            self.kept.shrink_to_fit();
        }
    }

    /// Knows more of the file's first bytes, if there are more now.
    fn recognise(&mut self, reading: &Reading, from: u64, filled: usize) {
        if self.is_distinct(reading) {
            return;
        }
        if from == 0 {
            self.start = Digest::of(&reading.buffer[..filled.min(reading.fingerprint)]);
        } else if let Some(source) = self.source.as_mut().filter(|source| !source.is_packed()) {
            let mut first = vec![0; reading.fingerprint];
            // Whoever has replaced the file meanwhile is noticed with the next piece.
            if let Ok(length) = source.read_at(0, &mut first)
                && self.start.begins(&first[..length])
            {
                self.start = Digest::of(&first[..length]);
            }
        }
    }
}
