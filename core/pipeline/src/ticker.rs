//! Wakes a pipeline's processors at the moments they ask for.

use crate::chain::Chain;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::Notify;

/// The earliest moment that each processor of a chain asked for.
pub(crate) struct Ticker {
    wishes: Mutex<Vec<Option<Instant>>>,
    changed: Notify,
}

impl Ticker {
    /// For a chain of `stages` processors.
    pub(crate) fn new(stages: usize) -> Self {
        Self { wishes: Mutex::new(vec![None; stages]), changed: Notify::new() }
    }

    pub(crate) fn wake_at(&self, stage: usize, when: Instant) {
        let mut wishes = self.lock();
        if wishes[stage].is_none_or(|known| when < known) {
            wishes[stage] = Some(when);
            self.changed.notify_one();
        }
    }

    fn next(&self) -> Option<Instant> {
        self.lock().iter().flatten().min().copied()
    }

    /// The processors whose moment has come.
    fn take_due(&self, now: Instant) -> Vec<usize> {
        let mut wishes = self.lock();
        let due = |wish: &mut Option<Instant>| wish.take_if(|when| *when <= now).is_some();
        wishes.iter_mut().enumerate().filter_map(|(stage, wish)| due(wish).then_some(stage)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Instant>>> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ticks `chain` until the task is aborted.
pub(crate) async fn run(chain: Arc<Chain>) {
    chain.tick_at_start(tokio::time::Instant::now().into_std());
    loop {
        let ticker = chain.ticker();
        match ticker.next() {
            Some(when) => tokio::select! {
                () = tokio::time::sleep_until(when.into()) => {}
                () = ticker.changed.notified() => {}
            },
            None => ticker.changed.notified().await,
        }
        let now = tokio::time::Instant::now().into_std();
        for stage in ticker.take_due(now) {
            chain.tick(stage, now, false);
        }
    }
}
