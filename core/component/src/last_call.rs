//! The moment at which everybody who still waits has to be given an answer.

use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Acquire};
use tokio::sync::Notify;

/// Called once, when the agent stops; heard by everybody who listens then or later.
#[derive(Debug, Default)]
pub struct LastCall {
    called: AtomicBool,
    listeners: Notify,
}

impl LastCall {
    /// From now on nobody waits any more.
    pub fn call(&self) {
        if !self.called.swap(true, AcqRel) {
            self.listeners.notify_waiters();
        }
    }

    /// Resolves when it was called.
    pub async fn heard(&self) {
        // Listening begins before the look, so that no call is missed.
        let listening = self.listeners.notified();
        if !self.called.load(Acquire) {
            listening.await;
        }
    }
}
