//! Attributes, edited into new ones.

use super::Arena;
use super::value::{put_entry, put_renamed};
use crate::views::repeated::Repeated;
use crate::views::{AttributesView, ValueView};
use crate::wire::{Fields, Value};

/// What becomes of one entry.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'v> {
    /// It stays as it is.
    Keep,
    /// It goes.
    Drop,
    /// It gets another key.
    Rename(&'v str),
    /// It gets another value.
    Replace(ValueView<'v>),
}

impl<'a> AttributesView<'a> {
    /// The attributes with `key` set: the first entry of this key gets the value, others of it go; where there is
    /// none, one is added at the end.
    #[must_use]
    pub fn with(self, key: &str, value: ValueView<'_>, arena: &'a Arena) -> Self {
        let bytes = arena.write(|out| {
            let mut found = false;
            let mut each = |entry: &'a [u8]| match (has_key(entry, key), found) {
                (false, _) => Entry::Keep,
                (true, true) => Entry::Drop,
                (true, false) => {
                    found = true;
                    Entry::Replace(value)
                }
            };
            self.edit_into(&mut each, out);
            if !found {
                put_entry(self.0.number, key, value, out);
            }
        });
        self.of_bytes(bytes)
    }

    /// The attributes with another added at the end, whether or not the key is there.
    #[must_use]
    pub fn and(self, key: &str, value: ValueView<'_>, arena: &'a Arena) -> Self {
        let bytes = arena.write(|out| {
            self.put_as(self.0.number, out);
            put_entry(self.0.number, key, value, out);
        });
        self.of_bytes(bytes)
    }

    /// The attributes with those of `more` at the end.
    #[must_use]
    pub fn and_all(self, more: AttributesView<'_>, arena: &'a Arena) -> Self {
        let bytes = arena.write(|out| {
            self.put_as(self.0.number, out);
            more.put_as(self.0.number, out);
        });
        self.of_bytes(bytes)
    }

    /// The attributes without every entry of a key.
    #[must_use]
    pub fn without(self, key: &str, arena: &'a Arena) -> Self {
        self.edited_raw(arena, |entry| if has_key(entry, key) { Entry::Drop } else { Entry::Keep })
    }

    /// The attributes with every entry of a key under another, which is not there.
    #[must_use]
    pub fn renamed(self, from: &str, to: &str, arena: &'a Arena) -> Self {
        self.edited_raw(arena, |entry| if has_key(entry, from) { Entry::Rename(to) } else { Entry::Keep })
    }

    /// The attributes after `each` has seen every entry. The same bytes, if it keeps all of them.
    #[must_use]
    pub fn edited<'v>(
        self,
        arena: &'a Arena,
        mut each: impl FnMut(&'a str, ValueView<'a>) -> Entry<'v>,
    ) -> Self {
        self.edited_raw(arena, |entry| {
            let (key, value) = AttributesView::entry(entry);
            each(key, value)
        })
    }

    /// As [`edited`](Self::edited), by the entries' bytes: most of them need not be read.
    fn edited_raw<'v>(self, arena: &'a Arena, mut each: impl FnMut(&'a [u8]) -> Entry<'v>) -> Self {
        let mut changed = false;
        let bytes = arena.write(|out| {
            let mut watched = |bytes: &'a [u8]| {
                let entry = each(bytes);
                changed |= !matches!(entry, Entry::Keep);
                entry
            };
            self.edit_into(&mut watched, out);
            // Nothing is kept of what is as it was.
            if !changed {
                out.clear();
            }
        });
        if changed { self.of_bytes(bytes) } else { self }
    }

    /// Copies kept stretches whole.
    fn edit_into<'v>(self, each: &mut impl FnMut(&'a [u8]) -> Entry<'v>, out: &mut Vec<u8>) {
        let number = self.0.number;
        let bytes = self.0.bytes();
        let mut from = 0;
        for field in Fields::new(bytes) {
            let entry = match field.value {
                Value::Block(entry) if field.number == number => entry,
                // Another field of the owner, which stands between.
                _ => {
                    out.extend_from_slice(&bytes[from..field.start]);
                    from = field.end;
                    continue;
                }
            };
            let made = each(entry);
            if matches!(made, Entry::Keep) {
                continue;
            }
            out.extend_from_slice(&bytes[from..field.start]);
            from = field.end;
            match made {
                Entry::Keep | Entry::Drop => {}
                Entry::Rename(key) => put_renamed(number, key, entry, out),
                Entry::Replace(value) => put_entry(number, AttributesView::entry(entry).0, value, out),
            }
        }
        out.extend_from_slice(&bytes[from..]);
    }

    /// The entries as those of an owner which numbers them so.
    pub(crate) fn renumbered(self, number: u32, arena: &'a Arena) -> Self {
        if self.0.number == number {
            return self;
        }
        Self(Repeated::whole(number, arena.write(|out| self.put_as(number, out))))
    }

    fn of_bytes(self, bytes: &'a [u8]) -> Self {
        Self(Repeated::whole(self.0.number, bytes))
    }
}

/// Whether an entry has this key.
#[inline]
fn has_key(entry: &[u8], key: &str) -> bool {
    // The usual form: the key first, its length in one byte.
    if let [0x0a, length, rest @ ..] = entry
        && *length < 0x80
    {
        let length = usize::from(*length);
        return length == key.len() && rest.get(..length) == Some(key.as_bytes());
    }
    AttributesView::entry(entry).0 == key
}
