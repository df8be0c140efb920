//! What stands behind a closed segment's last record, so that opening the log need not read the segment.

use std::io;

use super::record::{self, HEADER, Header, Stamp};
use super::tally::{Amount, Tally};
use crate::storage::File;

const ROW: usize = 25;
const FOOTER: usize = 4;
const LONGEST: usize = HEADER + 256 * ROW + FOOTER;

/// A closed segment, as its summary tells.
pub(super) struct Summary {
    pub(super) tally: Tally,
    /// The sequence behind the last record.
    pub(super) end: u64,
    /// Where the records end and the summary begins.
    pub(super) length: u64,
}

/// The bytes of a summary: a row for each kind, then the summary's whole length, by which it is found from behind.
pub(super) fn encode(tally: &Tally, end: u64, stamp: Stamp) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, amount) in tally.iter() {
        body.push(kind);
        for number in [amount.records, amount.items, amount.bytes] {
            body.extend_from_slice(&number.to_le_bytes());
        }
    }
    let whole = HEADER + body.len() + FOOTER;
    body.extend_from_slice(&u32::try_from(whole).unwrap_or(0).to_le_bytes());
    record::encode_summary(&body, end, stamp)
}

/// The summary at the end of a file of this length, if there is a valid one.
///
/// # Errors
///
/// If the file cannot be read.
pub(super) fn read(file: &dyn File, length: u64, salt: u32) -> io::Result<Option<Summary>> {
    let tail = length.min(LONGEST as u64);
    let mut bytes = vec![0; usize::try_from(tail).unwrap_or(0)];
    let read = file.read_at(&mut bytes, length - tail)?;
    Ok((read == bytes.len()).then(|| find(&bytes, length, salt)).flatten())
}

/// The summary that these bytes, the last ones of a file, end with.
fn find(tail: &[u8], file: u64, salt: u32) -> Option<Summary> {
    let whole = u32::from_le_bytes(*tail.last_chunk::<FOOTER>()?) as usize;
    let bytes = &tail[tail.len().checked_sub(whole)?..];
    let header = Header::decode(bytes, salt)?;
    let body = &bytes[HEADER..];
    if !header.is_summary() || header.length() != whole as u64 || !header.matches(body) {
        return None;
    }
    let mut tally = Tally::default();
    for row in body[..body.len().checked_sub(FOOTER)?].chunks(ROW) {
        let row: &[u8; ROW] = row.try_into().ok()?;
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| row[at + byte]));
        tally.add(row[0], Amount { records: number(1), items: number(9), bytes: number(17) });
    }
    let length = file.checked_sub(whole as u64)?;
    // The records fill the segment without a gap.
    (tally.total().bytes == length).then_some(Summary { tally, end: header.sequence, length })
}
