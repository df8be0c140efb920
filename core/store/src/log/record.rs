//! A record's bytes: a header of fixed size, the context, the body.

use std::io::{self, Read};
use std::ops::RangeInclusive;

use super::{Compression, LogError, Record};

/// What every record begins with; the digit is the format's version.
pub(super) const MAGIC: [u8; 4] = *b"TWR1";
/// The bytes of a header.
pub(super) const HEADER: usize = 56;
/// No record is longer, whatever the options say, so that a damaged length cannot ask for all memory.
pub(super) const LONGEST: u64 = 1 << 30;

const ZSTD: u8 = 1;
const SUMMARY: u8 = 2;

/// What a record says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) payload_crc: u32,
    pub(super) context: u32,
    /// The body's bytes as stored.
    pub(super) body: u32,
    /// The body's bytes before compression.
    pub(super) body_raw: u32,
    pub(super) sequence: u64,
    /// Every record of this segment with a lower sequence was durable when this one was written. What is missing from
    /// here on may never have been durable, and is called torn; what is missing before is damage.
    pub(super) synced: u64,
    pub(super) written_at: u64,
    pub(super) items: u32,
    pub(super) kind: u8,
    flags: u8,
}

impl Header {
    /// Reads a header; `None` if these bytes are none of this segment. Every segment has its own salt, so that a copy
    /// of a record inside another one's body is not taken for a record.
    pub(super) fn decode(bytes: &[u8], salt: u32) -> Option<Self> {
        let bytes = bytes.first_chunk::<HEADER>()?;
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if bytes[..4] != MAGIC || u32_at(4) != crc32c::crc32c_append(salt, &bytes[8..]) {
            return None;
        }
        let header = Self {
            payload_crc: u32_at(8),
            context: u32_at(12),
            body: u32_at(16),
            body_raw: u32_at(20),
            sequence: u64_at(24),
            synced: u64_at(32),
            written_at: u64_at(40),
            items: u32_at(48),
            kind: bytes[52],
            flags: bytes[53],
        };
        let known = header.flags & !(ZSTD | SUMMARY) == 0 && bytes[54..] == [0, 0];
        let bounded = u64::from(header.context) + u64::from(header.body.max(header.body_raw)) <= LONGEST;
        let counted = header.sequence.checked_add(header.weight()).is_some();
        (known && bounded && counted).then_some(header)
    }

    fn encode(&self, salt: u32) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.context.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.body.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.body_raw.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.synced.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.written_at.to_le_bytes());
        bytes[48..52].copy_from_slice(&self.items.to_le_bytes());
        bytes[52] = self.kind;
        bytes[53] = self.flags;
        let crc = crc32c::crc32c_append(salt, &bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The whole record's bytes on disk.
    pub(super) fn length(&self) -> u64 {
        HEADER as u64 + u64::from(self.context) + u64::from(self.body)
    }

    /// By how much the record moves the sequence on.
    pub(super) fn weight(&self) -> u64 {
        if self.is_summary() { 0 } else { weight(self.items) }
    }

    /// The sequences that belong to the record.
    pub(super) fn sequences(&self) -> std::ops::Range<u64> {
        self.sequence..self.sequence + self.weight()
    }

    /// Whether this is no record, but the summary behind a segment's last one.
    pub(super) fn is_summary(&self) -> bool {
        self.flags & SUMMARY != 0
    }

    /// Whether a record with this sequence can stand here.
    pub(super) fn is_plausible(&self, sequences: &RangeInclusive<u64>) -> bool {
        sequences.contains(&self.sequence) && self.sequence + self.weight() <= *sequences.end()
    }

    /// Whether context and body are what was written.
    pub(super) fn matches(&self, payload: &[u8]) -> bool {
        crc32c::crc32c(payload) == self.payload_crc
    }

    /// The body as it was appended; `None` if it needs no work.
    ///
    /// # Errors
    ///
    /// If the stored bytes are not what the compressor made.
    pub(super) fn decompress(&self, stored: &[u8]) -> io::Result<Option<Vec<u8>>> {
        if self.flags & ZSTD == 0 {
            return Ok(None);
        }
        // Grows with what comes, whatever length was promised.
        let mut body = Vec::new();
        let limit = u64::from(self.body_raw) + 1;
        zstd::stream::read::Decoder::with_buffer(stored)?.take(limit).read_to_end(&mut body)?;
        if body.len() as u64 == u64::from(self.body_raw) {
            Ok(Some(body))
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "a body of another length than its header says"))
        }
    }
}

/// By how much a record of so many items moves the sequence on.
pub(super) fn weight(items: u32) -> u64 {
    u64::from(items).max(1)
}

/// What all records of one group share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) salt: u32,
    pub(super) synced: u64,
    pub(super) written_at: u64,
}

/// Writes a record behind what is in `out`.
///
/// # Errors
///
/// `TooLarge` beyond `longest` bytes, and what the compressor says.
pub(super) fn encode(
    record: &Record<'_>,
    sequence: u64,
    stamp: Stamp,
    compression: Compression,
    longest: u64,
    out: &mut Vec<u8>,
) -> Result<Header, LogError> {
    if (record.context.len() + record.body.len()) as u64 > longest.min(LONGEST) {
        return Err(LogError::TooLarge);
    }
    let smaller = match compression {
        Compression::None => None,
        Compression::Zstd => {
            Some(zstd::bulk::compress(record.body, 1)?).filter(|body| body.len() < record.body.len())
        }
    };
    let flags = if smaller.is_some() { ZSTD } else { 0 };
    let body = smaller.as_deref().unwrap_or(record.body);
    let header = Header {
        payload_crc: crc32c::crc32c_append(crc32c::crc32c(record.context), body),
        context: length(record.context),
        body: length(body),
        body_raw: length(record.body),
        sequence,
        synced: stamp.synced,
        written_at: stamp.written_at,
        items: record.items,
        kind: record.kind,
        flags,
    };
    out.extend_from_slice(&header.encode(stamp.salt));
    out.extend_from_slice(record.context);
    out.extend_from_slice(body);
    Ok(header)
}

/// A summary as a record: behind the last one of a segment that ends with the sequence `end`.
pub(super) fn encode_summary(body: &[u8], end: u64, stamp: Stamp) -> Vec<u8> {
    let header = Header {
        payload_crc: crc32c::crc32c(body),
        context: 0,
        body: length(body),
        body_raw: length(body),
        sequence: end,
        synced: stamp.synced,
        written_at: stamp.written_at,
        items: 0,
        kind: u8::MAX,
        flags: SUMMARY,
    };
    [&header.encode(stamp.salt), body].concat()
}

/// Lengths are at most [`LONGEST`], which fits.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(limit: usize) -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..limit),
            (any::<u8>(), 0..limit).prop_map(|(byte, length)| vec![byte; length]),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            (kind, items, sequence) in (0..u8::MAX, any::<u32>(), 0..u64::MAX >> 1),
            (synced, written_at, salt) in (any::<u64>(), any::<u64>(), any::<u32>()),
            (context, body, zstd) in (bytes(100), bytes(1000), any::<bool>()),
        ) {
            let compression = if zstd { Compression::Zstd } else { Compression::None };
            let record = Record { kind, items, context: &context, body: &body };
            let stamp = Stamp { salt, synced, written_at };
            let mut out = b"before".to_vec();
            let header = encode(&record, sequence, stamp, compression, LONGEST, &mut out).expect("fits");
            let out = &out[6..];
            prop_assert_eq!(out.len() as u64, header.length());
            prop_assert!(out.len() <= HEADER + context.len() + body.len());
            prop_assert_eq!(Header::decode(out, salt), Some(header));
            prop_assert_eq!((header.kind, header.items, header.sequence), (kind, items, sequence));
            prop_assert_eq!((header.synced, header.written_at), (synced, written_at));
            let payload = &out[HEADER..];
            prop_assert!(header.matches(payload));
            let (stored_context, stored) = payload.split_at(header.context as usize);
            prop_assert_eq!(stored_context, &context);
            prop_assert_eq!(header.decompress(stored).expect("sound").unwrap_or(stored.to_vec()), body);
        }

        #[test]
        fn a_flipped_bit_is_noticed(context in bytes(50), body in bytes(300), at in any::<prop::sample::Index>(), bit in 0..8) {
            let record = Record { kind: 1, items: 2, context: &context, body: &body };
            let stamp = Stamp { salt: 3, synced: 4, written_at: 5 };
            let mut out = Vec::new();
            encode(&record, 6, stamp, Compression::Zstd, LONGEST, &mut out).expect("fits");
            let at = at.index(out.len());
            out[at] ^= 1u8 << bit;
            match Header::decode(&out, 3) {
                None => prop_assert!(at < HEADER),
                Some(header) => prop_assert!(at >= HEADER && !header.matches(&out[HEADER..])),
            }
        }

        #[test]
        fn another_segments_records_are_none_of_this_one(salt in any::<u32>(), other in any::<u32>()) {
            let mut out = Vec::new();
            let record = Record { kind: 1, items: 1, context: b"", body: b"body" };
            let stamp = Stamp { salt, synced: 0, written_at: 0 };
            encode(&record, 0, stamp, Compression::None, LONGEST, &mut out).expect("fits");
            prop_assert_eq!(Header::decode(&out, other).is_some(), salt == other);
        }

        #[test]
        fn any_bytes_are_a_header_or_not(mut bytes in bytes(200), salt in any::<u32>(), valid in any::<bool>()) {
            if valid && bytes.len() >= HEADER {
                // With a check that fits, so that the rest is looked at.
                bytes[..4].copy_from_slice(&MAGIC);
                let crc = crc32c::crc32c_append(salt, &bytes[8..HEADER]);
                bytes[4..8].copy_from_slice(&crc.to_le_bytes());
            }
            if let Some(header) = Header::decode(&bytes, salt) {
                prop_assert!(header.length() <= LONGEST + HEADER as u64);
                prop_assert!(header.sequences().end >= header.sequence);
            }
        }

        #[test]
        fn stored_bodies_of_any_bytes_do_not_grow_beyond_what_was_promised(stored in bytes(300), body_raw in 0..1000u32) {
            let mut out = Vec::new();
            let record = Record { kind: 1, items: 1, context: b"", body: &[0; 500] };
            let stamp = Stamp { salt: 0, synced: 0, written_at: 0 };
            let header = encode(&record, 0, stamp, Compression::Zstd, LONGEST, &mut out).expect("fits");
            let header = Header { body_raw, ..header };
            if let Ok(body) = header.decompress(&stored) {
                prop_assert_eq!(body.expect("compressed").len(), body_raw as usize);
            }
        }
    }
}
