//! The agent, as its extensions see it.

use crate::common::Roll;
use std::sync::Arc;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use tidewatch_component::{Health, Host, timestamp};
use tidewatch_net::stream::Sockets;

/// How the agent is.
pub(crate) struct State {
    ready: AtomicBool,
    started_at: u64,
    roll: Roll,
    /// Receivers that should be there and are not, and why.
    missing: Mutex<Vec<(String, String)>>,
}

impl State {
    pub(crate) fn new(roll: Roll) -> Arc<Self> {
        Arc::new(Self {
            ready: AtomicBool::new(false),
            started_at: timestamp::now() / 1_000_000_000,
            roll,
            missing: Mutex::default(),
        })
    }

    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Relaxed);
    }

    pub(crate) fn set_missing(&self, missing: Vec<(String, String)>) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }

    pub(crate) fn health(&self) -> Health {
        let lanes = self.roll.lanes();
        let mut degraded = self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        degraded.extend(lanes.iter().filter_map(|lane| Some((lane.id().to_owned(), lane.trouble()?))));
        Health { ready: self.ready.load(Relaxed), started_at: self.started_at, degraded }
    }
}

/// The agent, for one extension.
pub(crate) struct HostOf {
    pub(crate) state: Arc<State>,
    pub(crate) sockets: Sockets,
}

impl Host for HostOf {
    fn health(&self) -> Health {
        self.state.health()
    }

    fn sockets(&self) -> Sockets {
        self.sockets.clone()
    }
}
