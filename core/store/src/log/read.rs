use std::io;
use std::io::ErrorKind;

use bytes::Bytes;

use super::record::Header;
use super::survey::Hole;
use super::window::Window;
use super::{Cursor, Located, Log, LogError, Segment, Stored};

/// After so many failures in a row, what the disk does not give is taken for damage, so that one bad sector does not
/// hold back everything behind it for ever.
const PATIENCE: u32 = 10;

/// What lies at a cursor.
enum Step {
    /// Nothing yet: the end of the log.
    End,
    /// Something to pass by; the cursor has moved.
    On,
    /// Damage in this segment that is not counted yet.
    Damaged(u64),
    /// One record whose bytes are as written, and yet cannot be decompressed.
    Senseless(u64, Hole, Located),
    /// A record.
    Found(Stored),
}

impl Log {
    /// The oldest record.
    pub fn start(&self) -> Cursor {
        self.segments.first_key_value().map_or_else(|| Cursor::at(self.next), |(&first, _)| Cursor::at(first))
    }

    /// Behind the newest record.
    pub fn end(&self) -> Cursor {
        self.segments
            .last_key_value()
            .map_or_else(|| Cursor::at(self.next), |(_, segment)| Cursor::behind(segment))
    }

    /// The next record that is not done, in the order of appending; `None` at the end.
    ///
    /// Damage that is met on the way is put aside and counted for [`take_damage`](Self::take_damage).
    ///
    /// # Errors
    ///
    /// If the disk does not give the bytes. The cursor stays, so that a further call tries again; after ten failures in
    /// a row, what cannot be read is taken for damage.
    pub fn read(&mut self, cursor: &mut Cursor) -> Result<Option<Stored>, LogError> {
        let read = self.read_on(cursor);
        self.failures = if read.is_err() { self.failures + 1 } else { 0 };
        if let Some(window) = &mut self.window {
            window.set_lenient(self.failures >= PATIENCE);
        }
        Ok(read?)
    }

    fn read_on(&mut self, cursor: &mut Cursor) -> io::Result<Option<Stored>> {
        loop {
            match self.step(cursor)? {
                Step::End => return Ok(None),
                Step::On => {}
                Step::Damaged(first) => self.check(first)?,
                Step::Senseless(first, hole, located) => {
                    if let Some(segment) = self.segments.get_mut(&first) {
                        segment.held.subtract(located.kind, located.amount());
                    }
                    self.lose(first, &[hole], u64::MAX);
                }
                Step::Found(stored) => return Ok(Some(stored)),
            }
        }
    }

    fn step(&mut self, cursor: &mut Cursor) -> io::Result<Step> {
        let Some((&first, segment)) = self.segments.range(cursor.segment..).next() else {
            return Ok(Step::End);
        };
        if first != cursor.segment {
            *cursor = Cursor::at(first);
        }
        if segment.is_done() {
            *cursor = Cursor::behind(segment);
        }
        if cursor.offset >= segment.length {
            let Some((&next, _)) = self.segments.range(first + 1..).next() else { return Ok(Step::End) };
            *cursor = Cursor::at(next);
            return Ok(Step::On);
        }
        let window = match &mut self.window {
            Some(window) if window.shows(segment) => window,
            other => match Window::open(&*self.storage, segment.place, self.failures >= PATIENCE) {
                Ok(window) => other.insert(window),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Step::Damaged(first)),
                Err(error) => return Err(error),
            },
        };
        let here = window.header_at(cursor.offset, segment.length, (cursor.sequence, segment.end))?;
        let found = match here {
            Some(header) => Some((cursor.offset, header)),
            None => window.next_header(cursor.offset, segment.length, (cursor.sequence, segment.end))?,
        };
        let missing = cursor.sequence..found.map_or(segment.end, |(_, header)| header.sequence);
        if segment.done.missing(&missing) > 0 {
            return Ok(Step::Damaged(first));
        }
        let Some((offset, header)) = found else {
            *cursor = Cursor::behind(segment);
            return Ok(Step::On);
        };
        let behind =
            Cursor { segment: first, offset: offset + header.length(), sequence: header.sequences().end };
        if segment.done.contains(header.sequence) {
            *cursor = behind;
            return Ok(Step::On);
        }
        let payload = window.payload(offset, &header, segment.length)?;
        if !header.matches(payload) {
            return Ok(Step::Damaged(first));
        }
        let located = Located::new(first, offset, &header).ok_or(ErrorKind::FileTooLarge)?;
        match stored(&header, located, payload) {
            Ok(stored) => {
                *cursor = behind;
                Ok(Step::Found(stored))
            }
            Err(_) => {
                let hole =
                    Hole { bytes: offset..behind.offset, sequences: header.sequences(), legible: true };
                Ok(Step::Senseless(first, hole, located))
            }
        }
    }
}

/// Copies a record out of the window.
fn stored(header: &Header, located: Located, payload: &[u8]) -> io::Result<Stored> {
    let (context, body) = payload.split_at(header.context as usize);
    let written_at = header.written_at;
    Ok(match header.decompress(body)? {
        Some(body) => {
            Stored { located, context: Bytes::copy_from_slice(context), body: body.into(), written_at }
        }
        None => {
            let mut context = Bytes::copy_from_slice(payload);
            let body = context.split_off(header.context as usize);
            Stored { located, context, body, written_at }
        }
    })
}

impl Cursor {
    fn at(first: u64) -> Self {
        Self { segment: first, offset: 0, sequence: first }
    }

    fn behind(segment: &Segment) -> Self {
        Self { segment: segment.place.first, offset: segment.length, sequence: segment.end }
    }
}
