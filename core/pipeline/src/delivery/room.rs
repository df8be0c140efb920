//! Room in a lane's queue: promised before data comes, in memory and on disk.

use super::{disk::DiskQueue, lane::Lane};
use futures_util::future::{BoxFuture, FutureExt, select_all};
use std::sync::Arc;
use tidewatch_component::{Batch, Budget, Outcome, Permit, Reservation, Room, Sizer};

/// Data that components make themselves may exceed the queue by this share of it.
pub(super) const OVERDRAFT: usize = 4;

impl Lane {
    /// What the queue holds and could hold, in its sizer's units.
    pub(crate) fn size_and_capacity(&self) -> (usize, usize) {
        let budget = self.units.as_ref().or(self.disk_room()).unwrap_or(&self.bytes);
        (budget.used(), budget.capacity())
    }

    /// Whether there is room for `bytes` in so many batches.
    pub(crate) fn has_room(&self, bytes: usize, batches: usize) -> bool {
        let fits = || {
            self.bytes.fits(bytes)
                && self.disk_room().is_none_or(|disk| disk.fits(bytes))
                && self.units.as_ref().is_none_or(|units| units.fits(batches))
        };
        if self.disk.as_ref().is_some_and(|disk| disk.trouble().is_some()) {
            return false;
        }
        fits() || {
            // Data that nobody waits for any more is the first to make room.
            self.search_abandoned();
            fits()
        }
    }

    /// Why there is none.
    pub(crate) fn why_no_room(&self) -> String {
        match self.disk.as_ref().and_then(DiskQueue::trouble) {
            Some(trouble) => format!("the queue of exporter `{}`: {trouble}", self.id()),
            None => format!("the queue of exporter `{}` is full", self.id()),
        }
    }

    /// Room for `bytes` that are about to come, in so many batches.
    /// Their share of `memory`, the bound on all queues, is reserved already where it is given.
    pub(crate) fn reserve(
        &self,
        bytes: usize,
        batches: usize,
        memory: Option<&mut Reservation>,
    ) -> Option<Room> {
        let units = match &self.units {
            Some(units) => Some(units.reserve(batches)?),
            None => None,
        };
        let disk = match self.disk_room() {
            Some(disk) => Some(disk.reserve(bytes)?),
            None => None,
        };
        let bytes = match memory {
            Some(memory) => self.bytes.reserve_from(memory, bytes)?,
            None => self.bytes.reserve(bytes)?,
        };
        Some(Room { queue: self.number(), bytes, disk, units })
    }

    /// Resolves when room has been given back after this call.
    pub(crate) fn freed(&self) -> BoxFuture<'static, ()> {
        let budgets = [Some(&self.bytes), self.units.as_ref(), self.disk_room()];
        let freed = budgets.into_iter().flatten().map(|budget| budget.freed().boxed());
        select_all(freed).map(|_| ()).boxed()
    }

    /// Memory for what is read back from disk, whoever has to wait for it.
    pub(super) fn overdraw(&self, bytes: usize) -> Reservation {
        self.bytes.overdraw(bytes)
    }

    /// What a batch of so many items takes in the queue's sizer.
    pub(super) fn units_of(&self, items: usize) -> usize {
        match self.service().policy.units {
            Some((Sizer::Items, _)) => items,
            _ => 1,
        }
    }

    /// Room from the permit as far as it goes, the rest from the overdraft; none when that is spent.
    pub(super) fn promised_room(&self, permit: &mut Permit, batch: &Batch) -> Option<Room> {
        let need = batch.memory();
        let overdraw = |budget: &Arc<Budget>| budget.overdraw(0);
        let promised = permit.rooms.iter_mut().find(|room| room.queue == self.number());
        let mut room = match promised {
            Some(room) => Room {
                queue: room.queue,
                bytes: room.bytes.take(need),
                disk: room.disk.as_mut().map(|disk| disk.take(need)),
                units: room.units.as_mut().map(|units| units.take(1)),
            },
            None => Room {
                queue: self.number(),
                bytes: overdraw(&self.bytes),
                disk: self.disk_room().map(overdraw),
                units: self.units.as_ref().map(overdraw),
            },
        };
        for own in std::iter::once(&mut room.bytes).chain(&mut room.disk) {
            let limit = own.budget().capacity() + own.budget().capacity() / OVERDRAFT;
            if own.bytes() < need && own.budget().used() - own.bytes() > limit {
                return None;
            }
            own.resize(need);
        }
        if let Some(units) = &mut room.units {
            units.resize(1);
        }
        Some(room)
    }

    /// Room at the cost of the oldest batches.
    pub(super) fn room_by_force(&self, need: usize) -> Option<Room> {
        loop {
            if let Some(room) = self.reserve(need, 1, None) {
                return Some(room);
            }
            let oldest = self.queue.pop()?;
            let reason = "queue_full";
            self.meters.no_room(oldest.batch.data_type(), oldest.batch.items(), reason);
            self.forget(oldest.on_disk);
            oldest.batch.end(&Outcome::Dropped(reason.into()));
        }
    }

    /// Whether what is queued here survives the agent.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.disk.is_some()
    }

    fn disk_room(&self) -> Option<&Arc<Budget>> {
        self.disk.as_ref().map(|disk| &disk.room)
    }
}
