//! One exporter and everything in front of it.

use super::{
    disk::{self, DiskQueue},
    meters::Meters,
    outbox::Outbox,
    queue::{Entry, OnDisk, Queue},
    room::OVERDRAFT,
    service::Service,
    under_way::UnderWay,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tidewatch_component::{
    Batch, Budget, DataType, Exporter, Failure, Outcome, Payload, Permit, Sizer, WhenFull,
};
use tidewatch_telemetry::{Held, Metrics};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

/// A full queue is searched for what its senders have given up at most this often.
const SEARCH_EVERY: Duration = Duration::from_millis(50);

/// The queue, the sender and the accounts of one exporter.
pub(crate) struct Lane {
    id: String,
    number: usize,
    service: watch::Sender<Arc<Service>>,
    pub(super) queue: Queue,
    pub(super) outbox: Outbox,
    pub(super) meters: Meters,
    pub(super) arrived: Notify,
    pub(super) stage: watch::Sender<Stage>,
    /// Of memory.
    pub(super) bytes: Arc<Budget>,
    pub(super) units: Option<Arc<Budget>>,
    /// The queue's other part, where it is on disk.
    pub(super) disk: Option<DiskQueue>,
    pub(super) under_way: UnderWay,
    trouble: Mutex<Option<Trouble>>,
    searched: Mutex<Option<Instant>>,
}

/// Where a lane is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Takes in and sends.
    Open,
    /// Sends what is left.
    Draining,
    /// Gives up what is left.
    Aborted,
    /// What is left on disk is no longer its own.
    Gone,
}

struct Trouble {
    reason: String,
    until: Instant,
}

impl Lane {
    pub(crate) fn new(
        id: String,
        service: Service,
        memory: Option<Arc<Budget>>,
        metrics: &Metrics,
    ) -> Arc<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let policy = &service.policy;
        // Alerts wait in memory wherever the queue is.
        let outbox_bytes = policy.max_bytes.min(disk::MEMORY) / OVERDRAFT;
        let units = policy.units.map(|(_, size)| Budget::new(size));
        let disk = service
            .storage
            .clone()
            .map(|store| DiskQueue::new(store, &id, policy.max_bytes, units.as_ref(), metrics));
        let outbox = match &service.storage {
            Some(store) => Outbox::stored(outbox_bytes, store.state(&format!("outbox/{id}"))),
            None => Outbox::new(outbox_bytes),
        };
        let bytes = if disk.is_some() { disk::MEMORY } else { policy.max_bytes };
        Arc::new(Self {
            bytes: Budget::within(memory, bytes),
            units,
            meters: Meters::new(metrics, &id, service.takes, disk.is_some()),
            disk,
            id,
            number: NEXT.fetch_add(1, Relaxed),
            queue: Queue::new(policy.in_total_order),
            outbox,
            service: watch::Sender::new(Arc::new(service)),
            arrived: Notify::new(),
            stage: watch::Sender::new(Stage::Open),
            under_way: UnderWay::default(),
            trouble: Mutex::default(),
            searched: Mutex::default(),
        })
    }

    /// What it does for its exporter now.
    pub(crate) fn service(&self) -> Arc<Service> {
        self.service.borrow().clone()
    }

    /// Whether `service` can go on with this lane's queue.
    pub(crate) fn can_serve(&self, service: &Service) -> bool {
        let same_storage = match (&self.service().storage, &service.storage) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        same_storage && self.service().queue_kind() == service.queue_kind()
    }

    /// Goes on with another exporter, policy and signals; what is queued stays, and so does everybody who
    /// waits. A try that is under way ends with the old one, which is returned: once nobody else holds it,
    /// its exporter can be stopped.
    pub(crate) fn serve(&self, service: Service) -> Arc<Service> {
        let room = self.disk.as_ref().map_or(&self.bytes, |disk| &disk.room);
        room.set_capacity(service.policy.max_bytes);
        if let (Some(units), Some((_, size))) = (&self.units, service.policy.units) {
            units.set_capacity(size);
        }
        let old = self.service.send_replace(Arc::new(service));
        self.arrived.notify_one();
        old
    }

    /// Resolves when another service has taken over from `service`.
    pub(super) async fn replaced(&self, service: &Arc<Service>) {
        let mut changes = self.service.subscribe();
        // The sender lives in the lane itself, so this ends only with another service.
        changes.wait_for(|now| !Arc::ptr_eq(now, service)).await.ok();
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// One of its own in this process; a permit's room is found by it.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn exporter(&self) -> Arc<dyn Exporter> {
        self.service.borrow().exporter.clone()
    }

    pub(crate) fn books(&self) -> &Arc<tidewatch_telemetry::Books> {
        &self.meters.books
    }

    /// Whether admission depends on it. A lane that may drop holds nobody back.
    pub(crate) fn may_refuse(&self) -> bool {
        self.service.borrow().policy.when_full == WhenFull::Refuse
    }

    /// Ends what its senders have given up, if that was not looked for just now.
    pub(crate) fn search_abandoned(&self) {
        let mut searched = self.searched.lock().unwrap_or_else(PoisonError::into_inner);
        if searched.is_some_and(|at| at.elapsed() < SEARCH_EVERY) {
            return;
        }
        *searched = Some(Instant::now());
        drop(searched);
        for entry in self.queue.take_abandoned() {
            self.forget(entry.on_disk);
            self.abandon(entry.batch);
        }
    }

    /// Ends a batch whose senders have all given up before any of it was sent.
    pub(super) fn abandon(&self, batch: Batch) {
        self.meters.books.dropped(batch.data_type(), batch.items(), "abandoned");
        batch.end(&Outcome::Failed(Failure::new("given up by its sender")));
    }

    /// Queues a batch. Room comes from the permit; what processors have added rides on a bounded
    /// overdraft.
    pub(crate) fn push(&self, batch: Batch, permit: &mut Permit) {
        let (data_type, items) = (batch.data_type(), batch.items());
        self.meters.books.came_in(data_type, items);
        if let Payload::Alerts(alerts) = &batch.payload
            && is_for_outbox(&batch)
        {
            for alert in alerts.iter() {
                if let Some(reason) = self.outbox.put(alert.clone()) {
                    self.meters.books.dropped(DataType::Alerts, 1, reason);
                }
            }
            batch.end(&Outcome::Delivered);
            self.arrived.notify_one();
            return;
        }
        let service = self.service();
        let room = match service.policy.when_full {
            WhenFull::Refuse => self.promised_room(permit, &batch),
            WhenFull::DropNewest => self.reserve(batch.memory(), 1, None),
            WhenFull::DropOldest => self.room_by_force(batch.memory()),
        };
        let Some(mut room) = room else {
            if self.may_refuse() {
                self.meters.no_room(data_type, items, "overdraft");
                let failure = Failure::new(format!("no room for what processors added for `{}`", self.id));
                return batch.end(&Outcome::Failed(failure));
            }
            self.meters.no_room(data_type, items, "queue_full");
            return batch.end(&Outcome::Dropped("queue_full".into()));
        };
        if let (Some(units), Some((Sizer::Items, _))) = (&mut room.units, service.policy.units) {
            units.resize(items);
        }
        let batch = if self.may_refuse() { batch } else { batch.release(&Outcome::BestEffort) };
        let entry = Entry::new(batch, room);
        let queued = match &self.disk {
            Some(disk) => disk.push(entry),
            None => self.queue.push(entry).inspect(|()| self.arrived.notify_one()),
        };
        if let Err(late) = queued {
            self.give_up(late.batch);
        }
    }

    /// Queues what is on disk already. Too late, it waits there for the next start.
    pub(super) fn enqueue(&self, entry: Entry) {
        if let Err(late) = self.queue.push(entry) {
            self.leave(late.batch);
        }
    }

    /// Its part of the queue on disk.
    ///
    /// # Panics
    /// For a lane in memory.
    pub(super) fn disk(&self) -> &DiskQueue {
        self.disk.as_ref().expect("a lane on disk")
    }

    /// What has ended need not be sent again.
    pub(super) fn forget(&self, ended: impl IntoIterator<Item = OnDisk>) {
        if let Some(disk) = &self.disk {
            disk.done(ended.into_iter().map(|on_disk| on_disk.located).collect());
        }
    }

    /// Notes that the destination is in trouble, until the next try.
    pub(super) fn set_trouble(&self, reason: &str, pause: Duration) {
        let trouble = Trouble { reason: reason.to_owned(), until: Instant::now() + pause };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }

    pub(super) fn clear_trouble(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is wrong with the queue's disk, or with the destination if the last try failed.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.disk.as_ref().and_then(DiskQueue::trouble).or_else(|| self.destination_trouble())
    }

    pub(super) fn destination_trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(|trouble| trouble.reason.clone())
    }

    /// How long until the destination is tried again, if the last try failed.
    pub(crate) fn backoff_left(&self) -> Option<Duration> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map(|trouble| trouble.until.saturating_duration_since(Instant::now()))
    }

    /// Ends a batch that stays on disk until the next start; whoever waits for more learns that.
    pub(super) fn leave(&self, batch: Batch) {
        if let Some(disk) = self.disk.as_ref().filter(|_| !is_for_outbox(&batch)) {
            disk.left(batch.data_type(), batch.items());
        }
        batch.end(&Outcome::Failed(Failure::new("shutting down")));
    }

    /// Ends a batch that the agent has no time left for.
    pub(super) fn give_up(&self, batch: Batch) {
        self.meters.failed(batch.data_type(), batch.items(), "shutdown");
        batch.end(&Outcome::Failed(Failure::new("shutting down")));
    }
}

/// Alerts with a state have a place of their own. Those that a sender waits for are its data like any other.
fn is_for_outbox(batch: &Batch) -> bool {
    batch.payload.is_state_alerts() && !batch.is_awaited()
}

impl Held for Lane {
    fn held(&self) -> Vec<(DataType, usize)> {
        if *self.stage.borrow() == Stage::Gone {
            return Vec::new();
        }
        let mut held = self.queue.held();
        held.extend(self.under_way.held());
        held.extend(self.disk.iter().flat_map(DiskQueue::held));
        held.push((DataType::Alerts, self.outbox.held()));
        DataType::ALL
            .map(|of| {
                (of, held.iter().filter(|(data_type, _)| *data_type == of).map(|(_, items)| items).sum())
            })
            .to_vec()
    }
}
