//! Numbers in place of times, by which a sink sees whether a sender's requests arrive in order, each once.

use std::collections::HashMap;

/// Bits for the numbers of one sender.
const TURNS: u32 = 40;

/// The number of a sender's request.
pub(crate) fn number(sender: u32, turn: u64) -> u64 {
    (u64::from(sender) << TURNS) | (turn + 1)
}

/// What arrived.
#[derive(Default)]
pub(crate) struct Order {
    newest: HashMap<u64, u64>,
    late: u64,
}

impl Order {
    pub(crate) fn see(&mut self, number: u64) {
        let (sender, turn) = (number >> TURNS, number & ((1 << TURNS) - 1));
        let newest = self.newest.entry(sender).or_default();
        if turn > *newest {
            *newest = turn;
        } else {
            self.late += 1;
        }
    }

    /// Numbers that came behind a later one of the same sender, or once more.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_or_twice_is_counted_for_each_sender() {
        let mut order = Order::default();
        for (sender, turn) in [(0, 0), (1, 0), (0, 1), (0, 3), (1, 4), (0, 2), (1, 4), (0, 5)] {
            order.see(number(sender, turn));
        }
        assert_eq!(order.late(), 2);
    }
}
