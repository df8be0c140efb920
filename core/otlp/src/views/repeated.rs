use crate::wire::{Field, Fields, Reader, Value};

/// A repeated field: the stretch of its message from the first occurrence to the last.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Repeated<'a> {
    pub(crate) number: u32,
    message: &'a [u8],
    start: usize,
    end: usize,
    /// Whether it is known that nothing else stands between the occurrences.
    pub(crate) alone: bool,
}

impl<'a> Repeated<'a> {
    /// No occurrence yet; [`push`](Self::push) adds them.
    pub(crate) fn none(number: u32, message: &'a [u8]) -> Self {
        Self { number, message, start: 0, end: 0, alone: false }
    }

    /// Occurrences may be anywhere in the message.
    pub(crate) fn whole(number: u32, message: &'a [u8]) -> Self {
        Self { number, message, start: 0, end: message.len(), alone: false }
    }

    /// Occurrences, and nothing else.
    pub(crate) fn alone(number: u32, message: &'a [u8]) -> Self {
        Self { alone: true, ..Self::whole(number, message) }
    }

    #[inline]
    pub(crate) fn push(&mut self, field: Field<'a>) {
        self.alone = if self.end == 0 {
            self.start = field.start;
            true
        } else {
            self.alone && self.end == field.start
        };
        self.end = field.end;
    }

    /// Where the occurrences stand in `message`, if it is theirs and nothing else stands between them.
    pub(crate) fn stretch(&self, message: &[u8]) -> Option<(usize, usize)> {
        (self.alone && std::ptr::eq(self.message, message)).then_some((self.start, self.end))
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        &self.message[self.start..self.end]
    }

    fn values(&self) -> impl Iterator<Item = Value<'a>> + Clone + use<'a> {
        let number = self.number;
        Fields::new(self.bytes()).filter(move |field| field.number == number).map(|field| field.value)
    }

    /// The messages of a repeated message field.
    #[inline]
    pub(crate) fn messages(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        self.values().filter_map(|value| match value {
            Value::Block(message) => Some(message),
            _ => None,
        })
    }

    /// The numbers of a repeated `fixed64` or `double`, packed or not.
    pub(crate) fn fixed64s(&self) -> impl Iterator<Item = u64> + Clone + use<'a> {
        self.values().flat_map(|value| {
            let (single, packed) = match value {
                Value::Fixed64(number) => (Some(number), &[][..]),
                Value::Block(packed) => (None, packed),
                _ => (None, &[][..]),
            };
            single.into_iter().chain(packed.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)))
        })
    }

    /// The numbers of a repeated `uint64`, packed or not.
    pub(crate) fn varints(&self) -> impl Iterator<Item = u64> + Clone + use<'a> {
        self.values().flat_map(|value| {
            let (single, packed) = match value {
                Value::Varint(number) => (Some(number), &[][..]),
                Value::Block(packed) => (None, packed),
                _ => (None, &[][..]),
            };
            let mut packed = Reader::new(packed);
            single.into_iter().chain(std::iter::from_fn(move || packed.varint()))
        })
    }
}
