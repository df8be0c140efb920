/// A positive fraction by which numbers are multiplied. Kept as two whole numbers, so that 9 ms are 0.009 s and not
/// 0.009000000000000001 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ratio {
    over: u128,
    under: u128,
}

impl Ratio {
    pub(super) const fn whole(number: u64) -> Self {
        Self { over: number as u128, under: 1 }
    }

    pub(super) const fn part(of: u64) -> Self {
        Self { over: 1, under: of as u128 }
    }

    /// None where it is too large or too small to be written down.
    pub(super) fn divided_by(self, other: Self) -> Option<Self> {
        let (over, under) = (self.over.checked_mul(other.under)?, self.under.checked_mul(other.over)?);
        let divisor = greatest_common_divisor(over, under);
        Some(Self { over: over / divisor, under: under / divisor })
    }

    /// Numerator and denominator.
    pub(super) fn parts(self) -> Option<(u64, u64)> {
        Some((u64::try_from(self.over).ok()?, u64::try_from(self.under).ok()?))
    }
}

fn greatest_common_divisor(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}
