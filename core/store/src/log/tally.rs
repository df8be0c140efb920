use std::ops::AddAssign;

use super::record::Header;

/// How many records, items and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) records: u64,
    pub(super) items: u64,
    pub(super) bytes: u64,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.records = self.records.saturating_add(other.records);
        self.items = self.items.saturating_add(other.items);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl Amount {
    fn subtract(&mut self, other: Self) {
        self.records = self.records.saturating_sub(other.records);
        self.items = self.items.saturating_sub(other.items);
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }
}

impl From<&Header> for Amount {
    fn from(header: &Header) -> Self {
        Self { records: 1, items: u64::from(header.items), bytes: header.length() }
    }
}

/// Amounts by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally(Vec<(u8, Amount)>);

impl Tally {
    pub(super) fn add(&mut self, kind: u8, amount: Amount) {
        match self.0.binary_search_by_key(&kind, |(kind, _)| *kind) {
            Ok(at) => self.0[at].1 += amount,
            Err(at) => self.0.insert(at, (kind, amount)),
        }
    }

    pub(super) fn subtract(&mut self, kind: u8, amount: Amount) {
        if let Ok(at) = self.0.binary_search_by_key(&kind, |(kind, _)| *kind) {
            self.0[at].1.subtract(amount);
        }
    }

    /// Counted over all kinds.
    pub(super) fn total(&self) -> Amount {
        let mut total = Amount::default();
        for (_, amount) in &self.0 {
            total += *amount;
        }
        total
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, Amount)> {
        self.0.iter().copied()
    }
}
