//! Messages in messages, written before their length is known.

use crate::wire::{self, varint_len};

/// A message that is being written into a buffer.
#[must_use]
pub(super) struct Nested {
    /// Where its key stands.
    key: usize,
    /// Where its length goes, and how many bytes are kept for it.
    length: usize,
    reserved: usize,
}

impl Nested {
    /// Writes the key, and leaves room for the length that is expected. Numbers up to 15 only.
    pub(super) fn open(number: u32, expected: usize, out: &mut Vec<u8>) -> Self {
        debug_assert!((1..16).contains(&number));
        let key = out.len();
        out.push((number << 3 | wire::BLOCK) as u8);
        let reserved = varint_len(expected);
        out.resize(key + 1 + reserved, 0);
        Self { key, length: key + 1, reserved }
    }

    /// Writes the length; the message is moved where another room was needed.
    pub(super) fn close(self, out: &mut Vec<u8>) {
        let start = self.length + self.reserved;
        let length = out.len() - start;
        let needed = varint_len(length);
        if needed > self.reserved {
            let more = needed - self.reserved;
            out.resize(out.len() + more, 0);
            out.copy_within(start..start + length, start + more);
        } else if needed < self.reserved {
            out.copy_within(start..start + length, self.length + needed);
            out.truncate(self.length + needed + length);
        }
        let mut rest = length;
        for byte in &mut out[self.length..self.length + needed] {
            *byte = (rest & 0x7f) as u8 | 0x80;
            rest >>= 7;
        }
        out[self.length + needed - 1] &= 0x7f;
    }

    /// Takes it out again.
    pub(super) fn undo(self, out: &mut Vec<u8>) {
        out.truncate(self.key);
    }
}
