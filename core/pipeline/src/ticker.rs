//! Wakes a pipeline's processors at the moments they ask for.

use crate::chain::Chain;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::Notify;

/// The earliest moment that any processor of a chain asked for.
#[derive(Default)]
pub(crate) struct Ticker {
    next: Mutex<Option<Instant>>,
    changed: Notify,
}

impl Ticker {
    pub(crate) fn wake_at(&self, when: Instant) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_none_or(|known| when < known) {
            *next = Some(when);
            self.changed.notify_one();
        }
    }

    fn next(&self) -> Option<Instant> {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_due(&self, now: Instant) -> bool {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.take_if(|when| *when <= now).is_some()
    }
}

/// Ticks `chain` until the task is aborted.
pub(crate) async fn run(chain: Arc<Chain>) {
    loop {
        let ticker = chain.ticker();
        let changed = ticker.changed.notified();
        match ticker.next() {
            Some(when) => tokio::select! {
                () = tokio::time::sleep_until(when.into()) => {}
                () = changed => {}
            },
            None => changed.await,
        }
        let now = Instant::now();
        if ticker.take_due(now) {
            chain.tick(now, false);
        }
    }
}
