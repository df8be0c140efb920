/// Where generators take their choices from: an endless seeded stream, or bytes that a property test or a fuzzer made.
/// Bytes that are used up continue as zeros, which choose the smallest of everything; so shorter bytes make smaller
/// messages, and shrinking the bytes shrinks the message.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    bytes: &'a [u8],
    state: Option<u64>,
}

impl<'a> Source<'a> {
    /// The same seed makes the same choices, always.
    pub fn from_seed(seed: u64) -> Source<'static> {
        Source { bytes: &[], state: Some(seed) }
    }

    /// Every choice is taken from the bytes.
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        Self { bytes, state: None }
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        if let Some((&byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return byte;
        }
        self.state.as_mut().map_or(0, |state| splitmix(state) as u8)
    }

    /// Any number.
    pub fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// A number below `limit`.
    ///
    /// # Panics
    ///
    /// If `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let wide = if limit <= 256 { u64::from(self.byte()) } else { self.word() };
        (wide % limit as u64) as usize
    }

    /// True once in `times`; zeros are false.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of these.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Up to `most` things.
    pub fn several<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
