//! The protobuf wire format: keys, varints and blocks, read from borrowed bytes and written to a `Vec`.

/// The wire types that OTLP uses. Groups (3 and 4) are not among them.
pub(crate) const VARINT: u32 = 0;
pub(crate) const FIXED64: u32 = 1;
pub(crate) const BLOCK: u32 = 2;
pub(crate) const START_GROUP: u32 = 3;
pub(crate) const END_GROUP: u32 = 4;
pub(crate) const FIXED32: u32 = 5;

/// Reads forward through the bytes of one message. `None` means that the bytes are malformed here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// A varint of at most ten bytes that fits 64 bits.
    #[inline]
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let (&first, rest) = self.rest.split_first()?;
        if first < 0x80 {
            self.rest = rest;
            return Some(u64::from(first));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for (index, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                // The tenth byte has room for the 64th bit alone.
                let fits = index < 9 || byte <= 1;
                self.rest = &self.rest[index + 1..];
                return fits.then_some(value);
            }
        }
        None
    }

    /// A field's number (never 0) and wire type.
    #[inline]
    pub(crate) fn key(&mut self) -> Option<(u32, u32)> {
        let key = u32::try_from(self.varint()?).ok()?;
        let number = key >> 3;
        (number != 0).then_some((number, key & 7))
    }

    #[inline]
    pub(crate) fn fixed64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    #[inline]
    pub(crate) fn fixed32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    /// A length and as many bytes.
    #[inline]
    pub(crate) fn block(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (block, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(block)
    }

    /// The value behind a key of this wire type. `None` for groups, too.
    #[inline]
    pub(crate) fn value(&mut self, wire_type: u32) -> Option<Value<'a>> {
        match wire_type {
            VARINT => self.varint().map(Value::Varint),
            FIXED64 => self.fixed64().map(Value::Fixed64),
            BLOCK => self.block().map(Value::Block),
            FIXED32 => self.fixed32().map(Value::Fixed32),
            _ => None,
        }
    }
}

/// The value of one field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Block(&'a [u8]),
    Fixed32(u32),
}

/// One field of a message and where it stands in it, key included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: Value<'a>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The fields of a message that has been checked before; ends where it can read no further.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    reader: Reader<'a>,
    length: usize,
}

impl<'a> Fields<'a> {
    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { reader: Reader::new(message), length: message.len() }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let start = self.length - self.reader.rest().len();
        let (number, wire_type) = self.reader.key()?;
        let value = self.reader.value(wire_type)?;
        Some(Field { number, value, start, end: self.length - self.reader.rest().len() })
    }
}

/// How many bytes a varint takes.
pub(crate) fn varint_len(value: usize) -> usize {
    let bits = usize::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

pub(crate) fn put_varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes a block of this length takes with its length and a key of one byte.
pub(crate) fn block_len(length: usize) -> usize {
    1 + varint_len(length) + length
}

/// Writes a field's key and the length of its block. Numbers up to 15 only: their key is one byte.
pub(crate) fn put_block_header(number: u32, length: usize, out: &mut Vec<u8>) {
    debug_assert!((1..16).contains(&number));
    out.push((number << 3 | BLOCK) as u8);
    put_varint(length, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back_as_they_were_written() {
        for shift in 0..usize::BITS {
            for value in [1usize << shift, (1 << shift) - 1, usize::MAX >> shift] {
                let mut bytes = Vec::new();
                put_varint(value, &mut bytes);
                assert_eq!(bytes.len(), varint_len(value));
                let mut reader = Reader::new(&bytes);
                assert_eq!(reader.varint(), Some(value as u64));
                assert!(reader.is_empty());
            }
        }
    }

    #[test]
    fn varints_that_exceed_64_bits_are_refused() {
        let mut bytes = [0xff; 10];
        bytes[9] = 1;
        assert_eq!(Reader::new(&bytes).varint(), Some(u64::MAX));
        bytes[9] = 2;
        assert_eq!(Reader::new(&bytes).varint(), None);
        assert_eq!(Reader::new(&[0x80; 11]).varint(), None);
        assert_eq!(Reader::new(&[0x80]).varint(), None);
    }

    #[test]
    fn field_number_zero_and_groups_are_refused() {
        assert_eq!(Reader::new(&[0x02]).key(), None);
        assert!(Reader::new(&[]).value(START_GROUP).is_none());
        assert!(Reader::new(&[]).value(END_GROUP).is_none());
    }
}
