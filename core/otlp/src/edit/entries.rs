//! Attributes taken apart, for several edits that are written once.

use super::Arena;
use crate::views::repeated::Repeated;
use crate::views::value::key_value;
use crate::views::{AttributesView, ValueView};
use crate::wire::{Fields, Value, block_len, put_block_header};

/// Attributes as a list, which is edited in place and written when all is done.
///
/// For one edit [`AttributesView::with`] and its like are as good; several on the same attributes cost little more
/// than one here. Values are the bytes of an `AnyValue`, so that one which moves is not read. The list is kept from
/// one [`load`](Self::load) to the next.
///
/// ```
/// use tidewatch_otlp::edit::{Arena, Entries};
/// use tidewatch_otlp::views::{AttributesView, ValueView};
///
/// let arena = Arena::new();
/// let mut entries = Entries::default();
/// entries.load(AttributesView::empty_map().with("old", ValueView::Int(1), &arena));
/// if let Some(value) = entries.get("old") {
///     entries.set("new", value);
///     entries.remove("old");
/// }
/// assert_eq!(entries.store(&arena).to_json().to_string(), r#"{"new":1}"#);
/// ```
#[derive(Debug, Default)]
pub struct Entries<'a> {
    loaded: AttributesView<'a>,
    list: Vec<Slot<'a>>,
    changed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Slot<'a> {
    key: &'a [u8],
    /// The `AnyValue`'s bytes.
    value: &'a [u8],
    /// The whole entry, header and all, as it came. None: it was set since.
    field: Option<&'a [u8]>,
}

impl<'a> Entries<'a> {
    /// Takes attributes apart, and forgets those before.
    pub fn load(&mut self, attributes: AttributesView<'a>) {
        self.loaded = attributes;
        self.changed = false;
        self.list.clear();
        let Repeated { number, .. } = attributes.0;
        let bytes = attributes.bytes();
        for field in Fields::new(bytes) {
            if let Value::Block(entry) = field.value
                && field.number == number
            {
                let (key, value) = key_value(entry);
                self.list.push(Slot { key, value, field: Some(&bytes[field.start..field.end]) });
            }
        }
    }

    /// The attributes as they are now; the very ones that were loaded, if nothing has changed.
    pub fn store(&self, arena: &'a Arena) -> AttributesView<'a> {
        if !self.changed {
            return self.loaded;
        }
        let number = self.loaded.0.number;
        let bytes = arena.write(|out| self.list.iter().for_each(|slot| slot.put(number, out)));
        AttributesView(Repeated::alone(number, bytes))
    }

    /// The value of a key, as the bytes of an `AnyValue`; the first one, if the key repeats.
    pub fn get(&self, key: &str) -> Option<&'a [u8]> {
        self.position(key).map(|index| self.list[index].value)
    }

    /// Sets a key to the value with these bytes of an `AnyValue`: its first entry gets it, others of it go; where
    /// there is none, one is added at the end.
    pub fn set(&mut self, key: &'a str, value: &'a [u8]) {
        let set = Slot { key: key.as_bytes(), value, field: None };
        let Some(first) = self.position(key) else {
            self.changed = true;
            return self.list.push(set);
        };
        if self.list[first].value != value {
            self.changed = true;
            self.list[first] = set;
        }
        let mut index = 0;
        self.retain_slots(|slot| {
            index += 1;
            index <= first + 1 || slot.key != set.key
        });
    }

    /// Takes every entry of a key out.
    pub fn remove(&mut self, key: &str) {
        self.retain_slots(|slot| slot.key != key.as_bytes());
    }

    /// Takes out every entry whose key does not pass.
    pub fn retain(&mut self, mut passes: impl FnMut(&'a str) -> bool) {
        self.retain_slots(|slot| passes(slot.key()));
    }

    /// Gives entries another value, the bytes of an `AnyValue`, whatever their key, all that repeat included.
    pub fn replace(&mut self, mut other: impl FnMut(&'a str, ValueView<'a>) -> Option<&'a [u8]>) {
        for slot in &mut self.list {
            if let Some(value) = other(slot.key(), ValueView::of_any_value(slot.value)) {
                *slot = Slot { value, field: None, ..*slot };
                self.changed = true;
            }
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.list.iter().position(|slot| slot.key == key.as_bytes())
    }

    fn retain_slots(&mut self, passes: impl FnMut(&Slot<'a>) -> bool) {
        let before = self.list.len();
        self.list.retain(passes);
        self.changed |= self.list.len() != before;
    }
}

impl<'a> Slot<'a> {
    fn key(&self) -> &'a str {
        str::from_utf8(self.key).unwrap_or_default()
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        if let Some(field) = self.field {
            return out.extend_from_slice(field);
        }
        let key_len = if self.key.is_empty() { 0 } else { block_len(self.key.len()) };
        put_block_header(number, key_len + block_len(self.value.len()), out);
        if !self.key.is_empty() {
            super::value::put_block(1, self.key, out);
        }
        super::value::put_block(2, self.value, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(arena: &Arena) -> AttributesView<'_> {
        let values = [("a", 1), ("b", 2), ("a", 3)];
        values.iter().fold(AttributesView::empty_map(), |map, (key, value)| {
            map.and(key, ValueView::Int(*value), arena)
        })
    }

    fn edited(edit: impl FnOnce(&mut Entries<'_>)) -> Vec<(String, String)> {
        let arena = Arena::new();
        let mut entries = Entries::default();
        entries.load(repeated(&arena));
        edit(&mut entries);
        entries.store(&arena).iter().map(|(key, value)| (key.to_owned(), value.to_string())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// The integer 9.
    const NINE: &[u8] = &[3 << 3, 9];

    #[test]
    fn what_repeats_is_read_first_set_once_and_removed_everywhere() {
        edited(|entries| assert_eq!(entries.get("a"), Some(&[3 << 3, 1][..])));
        assert_eq!(edited(|entries| entries.set("a", NINE)), pairs(&[("a", "9"), ("b", "2")]));
        assert_eq!(edited(|entries| entries.set("c", NINE)).last(), pairs(&[("c", "9")]).last());
        assert_eq!(edited(|entries| entries.remove("a")), pairs(&[("b", "2")]));
        assert_eq!(edited(|entries| entries.retain(|key| key == "b")), pairs(&[("b", "2")]));
        let both = edited(|entries| entries.replace(|key, _| (key == "a").then_some(NINE)));
        assert_eq!(both, pairs(&[("a", "9"), ("b", "2"), ("a", "9")]));
    }

    #[test]
    fn what_changes_nothing_keeps_the_bytes() {
        let arena = Arena::new();
        let loaded = repeated(&arena);
        let mut entries = Entries::default();
        entries.load(loaded);
        entries.set("b", &[3 << 3, 2]);
        entries.remove("c");
        entries.retain(|_| true);
        entries.replace(|_, _| None);
        assert!(std::ptr::eq(entries.store(&arena).bytes(), loaded.bytes()));
    }
}
