//! A lane's queue on disk.
//!
//! Everything is written before it may leave, by one thread that owns the log. What is written stays in
//! memory, too, up to a share of it; from there on it is on disk alone, and is read back in order.

mod behind;
mod inbox;
mod keeper;
mod meters;
mod record;

pub use record::{data_type, decode};

use super::{lane::Lane, queue::Entry};
use crate::isolation::isolated;
use behind::Behind;
use inbox::Inbox;
use keeper::Keeper;
use meters::DiskMeters;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{AcqRel, Acquire, Release},
        },
    },
    thread::JoinHandle,
    time::Duration,
};
use tidewatch_component::{Budget, DataType, Sizer, StartError};
use tidewatch_store::{Located, Log, LogError, LogOptions, Store};
use tidewatch_telemetry::Metrics;
use tokio::time::Instant;

/// What a lane on disk holds in memory at most.
pub(crate) const MEMORY: usize = 48 << 20;

/// After a failure the disk is left alone for so long: nothing is admitted.
const PAUSE: Duration = Duration::from_secs(1);

/// The log of one exporter, from the side of those who queue and send.
pub(crate) struct DiskQueue {
    store: Arc<Store>,
    /// Bytes on disk.
    pub(super) room: Arc<Budget>,
    memory: usize,
    inbox: Inbox,
    behind: Mutex<Behind>,
    is_behind: AtomicBool,
    /// Entries that are neither in the queue nor behind yet.
    in_transit: AtomicUsize,
    trouble: Mutex<Option<(Instant, String)>>,
    pub(super) meters: DiskMeters,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl DiskQueue {
    pub(super) fn new(
        store: Arc<Store>,
        exporter: &str,
        max_bytes: usize,
        units: Option<&Arc<Budget>>,
        metrics: &Metrics,
    ) -> Self {
        let room = Budget::new(max_bytes);
        Self {
            store,
            behind: Mutex::new(Behind::new(&room, units)),
            room,
            memory: MEMORY.min(max_bytes),
            inbox: Inbox::default(),
            is_behind: AtomicBool::new(false),
            in_transit: AtomicUsize::new(0),
            trouble: Mutex::default(),
            meters: DiskMeters::new(metrics, exporter),
            keeper: Mutex::default(),
        }
    }

    /// Has an entry written.
    ///
    /// # Errors
    /// Gives it back once closed.
    pub(super) fn push(&self, entry: Entry) -> Result<(), Box<Entry>> {
        self.in_transit.fetch_add(1, AcqRel);
        self.inbox.push(entry).inspect_err(|_| self.arrived())
    }

    /// These need not be sent again.
    pub(super) fn done(&self, records: Vec<Located>) {
        if !records.is_empty() {
            self.inbox.done(records);
        }
    }

    /// The queue in memory has become shorter.
    pub(super) fn refill(&self) {
        if self.is_behind.load(Acquire) {
            self.inbox.refill();
        }
    }

    /// Whether everything that was ever pushed is in the queue in memory, or has left it.
    pub(super) fn is_through(&self) -> bool {
        self.in_transit.load(Acquire) == 0 && self.behind().is_empty()
    }

    /// Items by kind of data that are on disk alone, or on their way there.
    pub(super) fn held(&self) -> Vec<(DataType, usize)> {
        let mut held: Vec<_> = self.behind().items().collect();
        self.inbox.look_at_entries(|entry| held.push((entry.batch.data_type(), entry.batch.items())));
        held
    }

    /// Nobody has time for these any more; they are on disk alone from now on.
    pub(super) fn left(&self, data_type: DataType, items: usize) {
        self.behind().leave(data_type, items);
    }

    /// What is wrong with the disk, for a moment after it failed.
    pub(super) fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().filter(|(until, _)| Instant::now() < *until).map(|(_, reason)| reason.clone())
    }

    fn in_trouble(&self, exporter: &str, error: &LogError) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = error.to_string();
        // Said once for as long as it lasts.
        if trouble.as_ref().is_none_or(|(until, known)| *known != reason || *until + PAUSE < Instant::now()) {
            tracing::error!(exporter, error = reason, "the queue on disk");
        }
        *trouble = Some((Instant::now() + PAUSE, reason));
    }

    /// Nobody writes any more: nothing is taken in until the next start.
    fn broken(&self) {
        self.inbox.close();
        let reason = "broken by a panic; what is on disk is sent after the next start".to_owned();
        let for_ever = Instant::now() + Duration::from_secs(1 << 30);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some((for_ever, reason));
    }

    fn behind(&self) -> MutexGuard<'_, Behind> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_behind(&self, behind: bool) {
        self.is_behind.store(behind, Release);
    }

    fn arrived(&self) {
        self.in_transit.fetch_sub(1, AcqRel);
    }

    fn most_in_memory(&self) -> usize {
        self.memory / 2
    }

    /// Ends the keeper, after its last sync. Another lane may have the log then.
    pub(super) async fn close(&self, exporter: &str) {
        self.inbox.close();
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            tokio::task::spawn_blocking(|| keeper.join().ok()).await.ok();
        }
        self.store.release(exporter);
    }
}

impl Lane {
    /// Opens the log, if the queue is on disk, with everything that an earlier agent has left in it.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub(crate) async fn open(self: Arc<Self>) -> Result<(), StartError> {
        let Some(disk) = self.disk.as_ref() else { return Ok(()) };
        let store = disk.store.clone();
        let options = LogOptions { compression: store.options().compression, ..LogOptions::default() };
        let id = self.id().to_owned();
        let lane = self.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let alerts = lane.outbox.load().map_err(|error| error.to_string())?;
            lane.books().recovered(DataType::Alerts, alerts);
            let storage = store.queue(&id).map_err(|error| error.to_string())?;
            Log::open(storage, options).map_err(|error| error.to_string())
        });
        let failed = |error: &dyn std::fmt::Display| StartError::new("its queue on disk", error);
        let (log, found) = opened.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        disk.meters.damaged(self.id(), &found.damage);
        let units = match self.service().policy.units {
            Some((Sizer::Items, _)) => found.held.iter().map(|(_, items)| items).sum(),
            _ => found.records,
        };
        if found.records > 0 {
            tracing::info!(
                exporter = self.id(),
                batches = found.records,
                bytes = found.bytes,
                "found on disk; it is sent first"
            );
        }
        let mut behind = disk.behind();
        behind.recovered(&found, units);
        for (data_type, items) in behind.items().filter(|(_, items)| *items > 0) {
            self.books().recovered(data_type, items);
        }
        drop(behind);
        let keeper = Keeper::new(self.clone(), log, disk.store.options().clone());
        let thread = std::thread::Builder::new().name("tidewatch-queue".into());
        let lane = self.clone();
        let guarded = move || {
            if isolated(lane.id(), || keeper.run()).is_none() {
                lane.disk().broken();
            }
        };
        let handle = thread.spawn(guarded).map_err(|error| failed(&error))?;
        *disk.keeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Ok(())
    }
}
