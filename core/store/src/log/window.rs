use std::io;

use super::record::{HEADER, Header, MAGIC};
use super::segment::{Place, Segment};
use crate::storage::{File, Storage};

/// How much is read at once where a segment is read from its beginning to its end.
const CHUNK: u64 = 256 << 10;
/// The size of the parts that an unreadable place is narrowed down to.
const SECTOR: u64 = 4096;

/// A segment's file, read in large pieces.
pub(super) struct Window {
    place: Place,
    file: Box<dyn File>,
    start: u64,
    bytes: Vec<u8>,
    /// Whether what the disk does not give is taken as zeros.
    lenient: bool,
}

impl Window {
    pub(super) fn open(storage: &dyn Storage, place: Place, lenient: bool) -> io::Result<Self> {
        Ok(Self { place, file: storage.open(&place.log())?, start: 0, bytes: Vec::new(), lenient })
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn file(&self) -> &dyn File {
        &*self.file
    }

    pub(super) fn set_lenient(&mut self, lenient: bool) {
        self.lenient = lenient;
    }

    /// The bytes from `offset` on: at least `wanted`, except before `limit` or where the file ends.
    ///
    /// Nothing behind `limit` is read, since it may still change.
    pub(super) fn peek(&mut self, offset: u64, wanted: u64, limit: u64) -> io::Result<&[u8]> {
        let wanted = wanted.min(limit.saturating_sub(offset));
        let end = self.start + self.bytes.len() as u64;
        if offset < self.start || offset + wanted > end {
            self.load(offset, wanted.max(CHUNK).min(limit.saturating_sub(offset)))?;
        }
        let end = (self.start + self.bytes.len() as u64).min(limit);
        let place = |at: u64| usize::try_from(at - self.start).unwrap_or(usize::MAX);
        Ok(if offset < end { &self.bytes[place(offset)..place(end)] } else { &[] })
    }

    /// These bytes, or fewer where the file ends.
    pub(super) fn get(&mut self, offset: u64, length: u64, limit: u64) -> io::Result<&[u8]> {
        let bytes = self.peek(offset, length, limit)?;
        Ok(&bytes[..bytes.len().min(usize::try_from(length).unwrap_or(usize::MAX))])
    }

    fn load(&mut self, offset: u64, length: u64) -> io::Result<()> {
        self.start = offset;
        self.bytes.clear();
        self.bytes.shrink_to(usize::try_from(4 * CHUNK).unwrap_or(usize::MAX));
        self.bytes.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
        let mut filled = 0;
        while filled < self.bytes.len() {
            let read = match self.file.read_at(&mut self.bytes[filled..], offset + filled as u64) {
                Err(_) if self.lenient => {
                    skip(&*self.file, &mut self.bytes[filled..], offset + filled as u64)
                }
                Err(error) => {
                    self.bytes.clear();
                    return Err(error);
                }
                Ok(read) => read,
            };
            if read == 0 {
                self.bytes.truncate(filled);
            }
            filled += read;
        }
        Ok(())
    }

    /// The header of the record that begins at `offset`, if a possible one does.
    pub(super) fn header_at(
        &mut self,
        offset: u64,
        limit: u64,
        sequences: (u64, u64),
    ) -> io::Result<Option<Header>> {
        let salt = self.place.salt;
        let header = Header::decode(self.peek(offset, HEADER as u64, limit)?, salt);
        Ok(header.filter(|header| {
            header.is_plausible(&(sequences.0..=sequences.1)) && offset + header.length() <= limit
        }))
    }

    /// The first record that begins at `offset` or behind.
    pub(super) fn next_header(
        &mut self,
        mut offset: u64,
        limit: u64,
        sequences: (u64, u64),
    ) -> io::Result<Option<(u64, Header)>> {
        while offset + HEADER as u64 <= limit {
            let bytes = self.peek(offset, HEADER as u64, limit)?;
            if bytes.len() < HEADER {
                break;
            }
            let Some(at) = memchr::memmem::find(bytes, &MAGIC) else {
                offset += (bytes.len() - MAGIC.len() + 1) as u64;
                continue;
            };
            offset += at as u64;
            if let Some(header) = self.header_at(offset, limit, sequences)? {
                return Ok(Some((offset, header)));
            }
            offset += 1;
        }
        Ok(None)
    }

    /// The context and body of a record.
    pub(super) fn payload(&mut self, offset: u64, header: &Header, limit: u64) -> io::Result<&[u8]> {
        let bytes = self.get(offset, header.length(), limit)?;
        Ok(bytes.get(HEADER..).unwrap_or_default())
    }

    /// Writes the bytes once more that are there.
    pub(super) fn rewrite(&mut self, mut offset: u64, end: u64) -> io::Result<()> {
        while offset < end {
            let length = self.peek(offset, 1, end)?.len();
            if length == 0 {
                break;
            }
            let from = usize::try_from(offset - self.start).map_err(io::Error::other)?;
            self.file.write_at(&self.bytes[from..from + length], offset)?;
            offset += length as u64;
        }
        Ok(())
    }

    /// Whether this is the window of that segment.
    pub(super) fn shows(&self, segment: &Segment) -> bool {
        self.place == segment.place
    }
}

/// Reads one sector, and takes it as zeros if it cannot be read.
fn skip(file: &dyn File, bytes: &mut [u8], offset: u64) -> usize {
    let sector = usize::try_from(SECTOR - offset % SECTOR).unwrap_or(1).min(bytes.len());
    file.read_at(&mut bytes[..sector], offset).unwrap_or_else(|_| {
        bytes[..sector].fill(0);
        sector
    })
}
