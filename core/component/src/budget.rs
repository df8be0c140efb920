//! Bounded bytes: what may be held at most, reserved before it is taken in.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Release},
};
use tokio::sync::{Notify, futures::OwnedNotified};

/// A bound on bytes held, shared by everybody who holds some.
#[derive(Debug)]
pub struct Budget {
    capacity: AtomicUsize,
    used: AtomicUsize,
    /// Shared with the whole: room in either is news for everybody who waits.
    freed: Arc<Notify>,
    whole: Option<Arc<Budget>>,
}

impl Budget {
    /// A budget of `capacity` bytes.
    pub fn new(capacity: usize) -> Arc<Self> {
        Self::within(None, capacity)
    }

    /// A budget inside another: what is taken from it is taken from the whole, too.
    pub fn within(whole: Option<Arc<Self>>, capacity: usize) -> Arc<Self> {
        // A whole without a bound never lacks room: what becomes free in one part is no news for another.
        let bounded = whole.as_ref().filter(|whole| whole.capacity() < usize::MAX);
        let freed = bounded.map_or_else(Arc::default, |whole| whole.freed.clone());
        Arc::new(Self { capacity: AtomicUsize::new(capacity), used: AtomicUsize::new(0), freed, whole })
    }

    /// The bound, in bytes.
    pub fn capacity(&self) -> usize {
        self.capacity.load(Acquire)
    }

    /// Another bound from now on. What is reserved above it stays until it is given back.
    pub fn set_capacity(&self, capacity: usize) {
        self.capacity.store(capacity, Release);
        self.freed.notify_waiters();
    }

    /// Bytes reserved now. Above the capacity only by what was [overdrawn](Budget::overdraw).
    pub fn used(&self) -> usize {
        self.used.load(Acquire)
    }

    /// Whether there is room here now, whatever the whole says.
    pub fn fits(&self, bytes: usize) -> bool {
        self.after(self.used(), bytes).is_some()
    }

    /// Takes `bytes` if there is room. Something always fits into an empty budget, or a batch larger
    /// than the whole budget could never pass.
    pub fn reserve(self: &Arc<Self>, bytes: usize) -> Option<Reservation> {
        if !self.take(bytes) {
            return None;
        }
        if let Some(whole) = &self.whole
            && !whole.take(bytes)
        {
            // Nobody is told: what was never taken is no news.
            self.used.fetch_sub(bytes, AcqRel);
            return None;
        }
        Some(Reservation { budget: self.clone(), bytes })
    }

    /// Takes `bytes` whose share of the whole was reserved before, for several budgets at once.
    pub fn reserve_from(self: &Arc<Self>, whole: &mut Reservation, bytes: usize) -> Option<Reservation> {
        debug_assert!(self.whole.as_ref().is_some_and(|own| Arc::ptr_eq(own, &whole.budget)));
        if bytes > whole.bytes || !self.take(bytes) {
            return None;
        }
        whole.bytes -= bytes;
        Some(Reservation { budget: self.clone(), bytes })
    }

    fn take(&self, bytes: usize) -> bool {
        self.used.fetch_update(AcqRel, Acquire, |used| self.after(used, bytes)).is_ok()
    }

    fn after(&self, used: usize, bytes: usize) -> Option<usize> {
        let after = used.saturating_add(bytes);
        (used == 0 || after <= self.capacity()).then_some(after)
    }

    /// Takes `bytes` whether there is room or not; the next [`Budget::reserve`] pays for it.
    pub fn overdraw(self: &Arc<Self>, bytes: usize) -> Reservation {
        let mut reservation = Reservation { budget: self.clone(), bytes: 0 };
        reservation.resize(bytes);
        reservation
    }

    /// Resolves when bytes were given back after the call; pair it with a further look.
    pub fn freed(&self) -> OwnedNotified {
        self.freed.clone().notified_owned()
    }
}

/// Bytes taken from a [`Budget`], given back on drop.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Reservation {
    /// How many bytes are reserved.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The budget they were taken from.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Moves up to `bytes` of this reservation into one of their own.
    pub fn take(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { budget: self.budget.clone(), bytes }
    }

    /// Takes over another reservation of the same budget.
    pub fn absorb(&mut self, mut other: Self) {
        debug_assert!(Arc::ptr_eq(&self.budget, &other.budget));
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Grows or shrinks to exactly `bytes`, overdrawing where it must.
    pub fn resize(&mut self, bytes: usize) {
        for budget in std::iter::once(&self.budget).chain(&self.budget.whole) {
            if bytes > self.bytes {
                budget.used.fetch_add(bytes - self.bytes, AcqRel);
            } else {
                budget.used.fetch_sub(self.bytes - bytes, AcqRel);
            }
        }
        if bytes < self.bytes {
            self.budget.freed.notify_waiters();
        }
        self.bytes = bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.resize(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_out_up_to_the_capacity_and_comes_back() {
        let budget = Budget::new(100);
        let mut first = budget.reserve(60).unwrap();
        assert!(budget.reserve(41).is_none());
        let part = first.take(20);
        drop(first);
        assert_eq!(budget.used(), 20);
        assert!(budget.reserve(80).is_some());
        drop(part);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn an_empty_budget_takes_anything_and_an_overdraft_refuses_the_next() {
        let budget = Budget::new(10);
        drop(budget.reserve(1000).unwrap());
        let held = budget.reserve(10).unwrap();
        let more = budget.overdraw(5);
        drop(held);
        assert_eq!(budget.used(), 5);
        assert!(budget.reserve(6).is_none());
        drop(more);
        assert!(budget.reserve(6).is_some());
    }

    #[test]
    fn room_in_the_whole_wakes_those_who_wait_for_room_in_a_part() {
        let whole = Budget::new(100);
        let (one, two) = (Budget::within(Some(whole.clone()), 80), Budget::within(Some(whole), 80));
        let held = one.reserve(80).unwrap();
        let mut freed = std::pin::pin!(two.freed());
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(two.reserve(30).is_none());
        assert!(freed.as_mut().poll(&mut task).is_pending(), "a refusal frees nothing");
        drop(held);
        assert!(freed.as_mut().poll(&mut task).is_ready());
        assert!(two.reserve(30).is_some());
    }

    #[test]
    fn room_for_several_is_reserved_in_one() {
        let whole = Budget::new(100);
        let [one, two] = [(); 2].map(|()| Budget::within(Some(whole.clone()), 80));
        let mut all = whole.reserve(140).expect("nothing else is there");
        let parts = [one.reserve_from(&mut all, 70).unwrap(), two.reserve_from(&mut all, 70).unwrap()];
        assert_eq!((all.bytes(), whole.used(), one.used()), (0, 140, 70));
        assert!(one.reserve_from(&mut all, 1).is_none());
        drop((parts, all));
        assert_eq!((whole.used(), one.used(), two.used()), (0, 0, 0));
    }

    #[test]
    fn the_whole_bounds_its_parts() {
        let whole = Budget::new(100);
        let (one, two) = (Budget::within(Some(whole.clone()), 80), Budget::within(Some(whole.clone()), 80));
        let held = one.reserve(80).unwrap();
        assert!(two.reserve(30).is_none());
        assert_eq!(two.used(), 0);
        drop(held);
        assert!(two.reserve(30).is_some());
        assert_eq!(whole.used(), 0);
    }
}
