//! What outlives every configuration of an agent.

use crate::{dead_letter::LaneOffice, delivery::Lane};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tidewatch_component::{Budget, DeadLetters, dead_letter::Office};
use tidewatch_config::values::ByteSize;
use tidewatch_net::stream::Sockets;
use tidewatch_telemetry::{Holders, Metrics};

/// What outlives every configuration.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) metrics: Metrics,
    pub(crate) holders: Holders,
    pub(crate) roll: Roll,
    /// What all queues hold in memory; bounded by `service.memory_limit`.
    pub(crate) memory: Arc<Budget>,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) sockets: Sockets,
}

impl Common {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let common = Self {
            metrics: metrics.clone(),
            holders: Holders::default(),
            roll: Roll::default(),
            memory: Budget::new(usize::MAX),
            dead_letters: DeadLetters::default(),
            sockets: Sockets::default(),
        };
        common.holders.register(metrics);
        common.roll.register(metrics);
        common
    }

    /// From now on dead letters go there.
    pub(crate) fn connect_dead_letters(&self, lane: Option<&Arc<Lane>>) {
        let office = lane.map(|lane| LaneOffice::new(lane.clone(), &self.metrics) as Arc<dyn Office>);
        self.dead_letters.connect(office);
    }

    pub(crate) fn limit_memory(&self, limit: Option<ByteSize>) {
        self.memory.set_capacity(limit.map_or(usize::MAX, ByteSize::as_usize));
    }
}

/// All lanes that there are, also those that are about to end.
#[derive(Clone, Default)]
pub(crate) struct Roll(Arc<Mutex<Vec<Weak<Lane>>>>);

impl Roll {
    pub(crate) fn add(&self, lane: &Arc<Lane>) {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.retain(|lane| lane.strong_count() > 0);
        lanes.push(Arc::downgrade(lane));
    }

    pub(crate) fn lanes(&self) -> Vec<Arc<Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }

    fn register(&self, metrics: &Metrics) {
        let tell = |name, help, read: fn(&Lane) -> usize| {
            let roll = self.clone();
            metrics.on_scrape(name, help, &["exporter"], move || {
                let row = |lane: Arc<Lane>| {
                    (vec![lane.id().to_owned()], i64::try_from(read(&lane)).unwrap_or(i64::MAX))
                };
                roll.lanes().into_iter().map(row).collect()
            });
        };
        tell(
            "otelcol_exporter_queue_size",
            "What the queue holds, in its sizer's units (bytes by default).",
            |lane| lane.size_and_capacity().0,
        );
        tell(
            "otelcol_exporter_queue_capacity",
            "Room in the queue, in its sizer's units (bytes by default).",
            |lane| lane.size_and_capacity().1,
        );
    }
}
