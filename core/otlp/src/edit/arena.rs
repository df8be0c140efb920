//! Where edits put what they make.

use std::cell::RefCell;

use bumpalo::Bump;

/// Memory for the values that edits of one request compute: all of it is given back at once.
///
/// Values live as long as the borrow of the arena, beside those that borrow from the request itself, so that
/// both are `&'a` and nothing has to be copied or counted.
#[derive(Debug, Default)]
pub struct Arena {
    bump: Bump,
    /// A buffer for what is written before its length is known.
    scratch: RefCell<Vec<Vec<u8>>>,
}

/// A scratch buffer larger than this is not kept.
const MAX_SCRATCH: usize = 64 << 10;

/// Memory beyond this is given back to the system by [`Arena::reset`].
const MAX_KEPT: usize = 4 << 20;

impl Arena {
    /// An arena without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a copy of some bytes.
    pub fn bytes(&self, bytes: &[u8]) -> &[u8] {
        self.bump.alloc_slice_copy(bytes)
    }

    /// Keeps a copy of a text.
    pub fn text(&self, text: &str) -> &str {
        self.bump.alloc_str(text)
    }

    /// Keeps what `write` puts into the buffer it is given. Calls may nest.
    pub fn write(&self, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        let mut buffer = self.scratch.borrow_mut().pop().unwrap_or_default();
        write(&mut buffer);
        let kept = self.bump.alloc_slice_copy(&buffer);
        if buffer.capacity() <= MAX_SCRATCH {
            buffer.clear();
            self.scratch.borrow_mut().push(buffer);
        }
        kept
    }

    /// As [`write`](Self::write), of text.
    pub fn write_text(&self, write: impl FnOnce(&mut String)) -> &str {
        let kept = self.write(|out| {
            let mut text = String::from_utf8(std::mem::take(out)).unwrap_or_default();
            write(&mut text);
            *out = text.into_bytes();
        });
        str::from_utf8(kept).unwrap_or_default()
    }

    /// Bytes of memory it has taken from the system.
    pub fn allocated(&self) -> usize {
        self.bump.allocated_bytes()
    }

    /// Forgets everything; keeps some of the memory for the next request.
    pub fn reset(&mut self) {
        if self.bump.allocated_bytes() > MAX_KEPT {
            self.bump = Bump::new();
        } else {
            self.bump.reset();
        }
    }
}
