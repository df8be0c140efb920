//! Wakes a pipeline's processors at the moments they ask for.

use crate::chain::Chain;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// The earliest moment that a processor has asked for.
#[derive(Default)]
pub(crate) struct Wish(Mutex<Option<Instant>>);

impl Wish {
    /// Asks for a tick at `when`; whether that is earlier than what was asked for before.
    pub(crate) fn wake_at(&self, when: Instant) -> bool {
        let mut wish = self.lock();
        let earlier = wish.is_none_or(|known| when < known);
        if earlier {
            *wish = Some(when);
        }
        earlier
    }

    fn get(&self) -> Option<Instant> {
        *self.lock()
    }

    /// Takes the wish if its moment has come.
    fn take_due(&self, now: Instant) -> bool {
        self.lock().take_if(|when| *when <= now).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ticks `chain` until the task is aborted.
pub(crate) async fn run(chain: Arc<Chain>) {
    let stages = chain.stages();
    loop {
        match stages.iter().filter_map(|stage| stage.wish.get()).min() {
            Some(when) => tokio::select! {
                () = tokio::time::sleep_until(when.into()) => {}
                () = chain.wished() => {}
            },
            None => chain.wished().await,
        }
        let now = tokio::time::Instant::now().into_std();
        for at in (0..stages.len()).filter(|at| stages[*at].wish.take_due(now)).collect::<Vec<_>>() {
            chain.tick(at, now, false);
        }
    }
}
