//! A receiver's door: what is behind it can be exchanged while the receiver goes on.

use crate::{chain::COME_BACK, entrance::Entrance};
use futures_util::future::{BoxFuture, FutureExt};
use std::sync::{
    Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use tidewatch_component::{Context, DataType, Gate, LastCall, Payload, Permit, Receipt, Refusal, SignalSet};
use tokio::sync::Notify;

/// The way of one receiver to its entrance.
pub(crate) struct Door {
    /// Read by everybody inside, so that whoever exchanges it knows that nobody is left in the old one.
    entrance: RwLock<Arc<Entrance>>,
    closed: AtomicBool,
    exchanged: Arc<Notify>,
    last_call: LastCall,
}

impl Door {
    pub(crate) fn new(entrance: Entrance) -> Arc<Self> {
        Arc::new(Self {
            entrance: RwLock::new(Arc::new(entrance)),
            closed: AtomicBool::new(false),
            exchanged: Arc::default(),
            last_call: LastCall::default(),
        })
    }

    /// From now on everything is refused; what was admitted may still come in.
    pub(crate) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    fn inside(&self) -> RwLockReadGuard<'_, Arc<Entrance>> {
        self.entrance.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody is inside, and lets nobody in.
    fn bar(&self) -> RwLockWriteGuard<'_, Arc<Entrance>> {
        self.entrance.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives all doors their new entrances at once; `meanwhile` runs while nobody is inside of any. Afterwards nobody
/// gets into an old one any more.
pub(crate) fn exchange(doors: Vec<(Arc<Door>, Entrance)>, meanwhile: impl FnOnce()) {
    let (doors, entrances): (Vec<_>, Vec<_>) = doors.into_iter().unzip();
    let mut barred: Vec<_> = doors.iter().map(|door| door.bar()).collect();
    meanwhile();
    for (place, entrance) in barred.iter_mut().zip(entrances) {
        **place = Arc::new(entrance);
    }
    drop(barred);
    doors.iter().for_each(|door| door.exchanged.notify_waiters());
}

impl Gate for Door {
    fn admit(&self, signal: DataType, bytes: usize) -> Result<Permit, Refusal> {
        if self.closed.load(Relaxed) {
            return Err(Refusal { reason: "shutting down".into(), retry_after: COME_BACK });
        }
        self.inside().admit(signal, bytes)
    }

    fn takes(&self) -> SignalSet {
        self.inside().takes()
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        let exchanged = self.exchanged.clone().notified_owned();
        let room = self.inside().room();
        async {
            tokio::select! {
                () = room => {}
                () = exchanged => {}
            }
        }
        .boxed()
    }

    fn last_call(&self) -> &LastCall {
        &self.last_call
    }

    /// A permit of another entrance counts for the queues that both lead to.
    fn submit(&self, permit: Permit, payload: Payload, context: Arc<Context>) -> Receipt {
        self.inside().submit(permit, payload, context)
    }

    fn dropped(&self, signal: DataType, items: usize, reason: &'static str) {
        self.inside().dropped(signal, items, reason);
    }
}
