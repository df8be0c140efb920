//! Values as bytes.

use crate::MAX_DEPTH;
use crate::views::repeated::Repeated;
use crate::views::value::key_value;
use crate::views::{ArrayView, AttributesView, ValueView};
use crate::wire::{self, Fields, Value, block_len, put_block_header, put_varint};

impl<'a> ArrayView<'a> {
    /// The list whose `ArrayValue` message has these bytes, which are known to be well formed.
    pub fn of_list(bytes: &'a [u8]) -> Self {
        Self(Repeated::whole(1, bytes))
    }
}

impl<'a> AttributesView<'a> {
    /// The map whose `KeyValueList` message has these bytes, which are known to be well formed.
    pub fn of_map(bytes: &'a [u8]) -> Self {
        Self(Repeated::whole(1, bytes))
    }

    /// A map without entries.
    pub fn empty_map() -> Self {
        Self::of_map(&[])
    }

    /// The entries as fields `number` of their owner.
    pub(crate) fn put_as(self, number: u32, out: &mut Vec<u8>) {
        if self.0.number == number {
            return self.put_entries(out);
        }
        for entry in self.0.messages() {
            put_block_header(number, entry.len(), out);
            out.extend_from_slice(entry);
        }
    }

    /// The entries as they are, without what may stand between them.
    fn put_entries(self, out: &mut Vec<u8>) {
        let bytes = self.0.bytes();
        if self.0.alone {
            return out.extend_from_slice(bytes);
        }
        let mut from = 0;
        for field in Fields::new(bytes) {
            if field.number != self.0.number {
                out.extend_from_slice(&bytes[from..field.start]);
                from = field.end;
            }
        }
        out.extend_from_slice(&bytes[from..]);
    }

    /// Whether all values [fit](ValueView::fits) where `depth` messages are around each of them, itself included.
    pub fn values_fit(self, depth: usize) -> bool {
        let within = depth <= MAX_DEPTH;
        self.0.messages().all(|entry| within && encoded_fits(key_value(entry).1, depth))
    }

    /// Bytes of the entries as those of a `KeyValueList`.
    fn map_len(self) -> usize {
        self.0.messages().map(|entry| block_len(entry.len())).sum()
    }
}

impl<'a> ValueView<'a> {
    /// The value whose `AnyValue` message has these bytes, which are known to be well formed.
    pub fn of_any_value(bytes: &'a [u8]) -> Self {
        Self::new(bytes)
    }
}

impl ValueView<'_> {
    /// Writes the fields of the `AnyValue`, without a header around them.
    pub fn put(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Empty => {}
            Self::Str(text) => put_block(1, text.as_bytes(), out),
            Self::Bool(value) => out.extend([2 << 3, u8::from(value)]),
            Self::Int(number) => {
                out.push(3 << 3);
                put_varint(number as usize, out);
            }
            Self::Double(number) => {
                out.push((4 << 3 | wire::FIXED64) as u8);
                out.extend(number.to_le_bytes());
            }
            Self::Array(list) => put_block(5, list.0.bytes(), out),
            Self::KvList(map) => {
                put_block_header(6, map.map_len(), out);
                map.put_as(1, out);
            }
            Self::Bytes(bytes) => put_block(7, bytes, out),
        }
    }

    /// Bytes that [`put`](Self::put) writes.
    pub(crate) fn len(&self) -> usize {
        match *self {
            Self::Empty => 0,
            Self::Str(text) => block_len(text.len()),
            Self::Bool(_) => 2,
            Self::Int(number) => 1 + wire::varint_len(number as usize),
            Self::Double(_) => 9,
            Self::Array(list) => block_len(list.0.bytes().len()),
            Self::KvList(map) => block_len(map.map_len()),
            Self::Bytes(bytes) => block_len(bytes.len()),
        }
    }

    /// Whether it may stand in a request where `depth` messages are around it and it is the last of them, so that no
    /// edit makes a request deeper than [`MAX_DEPTH`]: a list takes two more, a map three.
    pub fn fits(&self, depth: usize) -> bool {
        let within = |more: usize| depth + more <= MAX_DEPTH;
        match self {
            Self::Array(list) => {
                within(1) && list.0.messages().all(|value| within(2) && encoded_fits(value, depth + 2))
            }
            Self::KvList(map) => within(1) && map.values_fit(depth + 3),
            _ => true,
        }
    }

    /// Whether lists and maps are nested at most `levels` deep in it; a text has none.
    pub fn is_within(&self, levels: usize) -> bool {
        match self {
            Self::Array(list) => levels > 0 && list.iter().all(|value| value.is_within(levels - 1)),
            Self::KvList(map) => levels > 0 && map.iter().all(|(_, value)| value.is_within(levels - 1)),
            _ => true,
        }
    }
}

/// [`ValueView::fits`] of the bytes of an `AnyValue`. Most values are scalars: their first byte says so.
#[inline]
fn encoded_fits(any_value: &[u8], depth: usize) -> bool {
    const SCALARS: [u8; 5] = [0x0a, 0x10, 0x18, 0x21, 0x3a];
    match any_value.first() {
        None => true,
        Some(first) if SCALARS.contains(first) => true,
        Some(_) => ValueView::new(any_value).fits(depth),
    }
}

/// A block with its key and length; numbers up to 15 only.
pub(crate) fn put_block(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    put_block_header(number, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// A `KeyValue` as field `number`.
pub(crate) fn put_entry(number: u32, key: &str, value: ValueView<'_>, out: &mut Vec<u8>) {
    let value_len = value.len();
    let key_len = if key.is_empty() { 0 } else { block_len(key.len()) };
    put_block_header(number, key_len + block_len(value_len), out);
    if !key.is_empty() {
        put_block(1, key.as_bytes(), out);
    }
    put_block_header(2, value_len, out);
    value.put(out);
}

/// A `KeyValue` with another key; whatever else it has stays.
pub(crate) fn put_renamed(number: u32, key: &str, entry: &[u8], out: &mut Vec<u8>) {
    let rest: usize = others(entry).map(<[u8]>::len).sum();
    let key_len = if key.is_empty() { 0 } else { block_len(key.len()) };
    put_block_header(number, key_len + rest, out);
    if !key.is_empty() {
        put_block(1, key.as_bytes(), out);
    }
    others(entry).for_each(|field| out.extend_from_slice(field));
}

/// The fields of a `KeyValue` beside its key.
fn others(entry: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_key = |field: &wire::Field<'_>| field.number == 1 && matches!(field.value, Value::Block(_));
    Fields::new(entry).filter(move |field| !is_key(field)).map(|field| &entry[field.start..field.end])
}
