//! What a lane does for its exporter, replaced as one when the configuration changes.

use super::policy::Policy;
use std::sync::Arc;
use tidewatch_component::{DeadLetters, Exporter, SignalSet, Sizer};
use tidewatch_store::Store;

/// An exporter, how it is served, and what it gets.
pub(crate) struct Service {
    pub(crate) exporter: Arc<dyn Exporter>,
    pub(crate) policy: Policy,
    pub(crate) takes: SignalSet,
    /// Where the queue is kept, if not in memory.
    pub(crate) storage: Option<Arc<Store>>,
    /// For what the destination refuses for good.
    pub(crate) dead_letters: DeadLetters,
}

impl Service {
    /// What a queue is made for; where this changes, it takes another lane.
    pub(super) fn queue_kind(&self) -> (bool, Option<Sizer>) {
        (self.policy.in_total_order, self.policy.units.map(|(sizer, _)| sizer))
    }
}
