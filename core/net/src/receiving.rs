//! How much of unfinished messages and bodies a server holds, all connections together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound on what has come of messages that are not complete yet. What is complete is for others to bound.
#[derive(Debug)]
pub(crate) struct Receiving {
    capacity: usize,
    held: AtomicUsize,
}

impl Receiving {
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity, held: AtomicUsize::new(0) })
    }

    /// An account for one message, empty at first.
    pub(crate) fn open(self: &Arc<Self>) -> Unfinished {
        Unfinished { receiving: Arc::clone(self), bytes: 0 }
    }
}

/// What is held of one message; given back on drop.
#[derive(Debug)]
pub(crate) struct Unfinished {
    receiving: Arc<Receiving>,
    bytes: usize,
}

impl Unfinished {
    /// Takes room for as many more bytes; false if there is none.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.receiving.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before.saturating_add(bytes) <= self.receiving.capacity
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.receiving.held.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_and_comes_back() {
        let receiving = Receiving::new(100);
        let (mut one, mut two) = (receiving.open(), receiving.open());
        assert!(one.grow(60) && two.grow(40));
        assert!(!two.grow(1));
        drop(two);
        assert!(one.grow(40));
        drop(one);
        assert_eq!(receiving.held.load(Ordering::Relaxed), 0);
    }
}
