//! The task of a lane: takes from the queue while a request is free.

use super::{
    disk::DiskQueue,
    lane::{Lane, Stage},
    queue::{Entry, Next},
    send::Ended,
};
use crate::isolation;
use futures_util::{StreamExt, future::FutureExt, stream::FuturesUnordered};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tidewatch_component::{Alert, Batch, Context, DataType, Payload, timestamp};
use tidewatch_telemetry::Held;
use tokio::{task::JoinHandle, time::Instant};

/// How long a task that has nothing more to do may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// Items that were not sent when a lane had to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Lost with the agent.
    pub(crate) undelivered: usize,
    /// On disk, for the next start.
    pub(crate) kept: usize,
}

impl Lane {
    /// Sends until the lane is drained or aborted.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut stage = self.stage.subscribe();
        let mut requests = FuturesUnordered::new();
        let (mut alerts_next, mut alerts_under_way) = (false, false);
        loop {
            let closing = *stage.borrow_and_update() != Stage::Open;
            let mut hold = None;
            // What is on disk can wait for the next start, if the destination does not take it now.
            let leaving = closing && self.disk.is_some() && self.destination_trouble().is_some();
            loop {
                if leaving {
                    break;
                }
                let service = self.service();
                let policy = &service.policy;
                let in_total_order = policy.in_total_order;
                // Alerts have a request of their own, or one that is tried for ever would hold back the
                // telemetry; unless there is only one.
                let telemetry = requests.len() - usize::from(alerts_under_way);
                let alerts_free = !alerts_under_way && (!in_total_order || requests.is_empty());
                let telemetry_free = telemetry < policy.consumers
                    && !(in_total_order && alerts_under_way)
                    && (telemetry == 0 || self.has_memory_to_send());
                // Alerts leave behind the telemetry that caused them, and take turns with what comes after.
                if alerts_next
                    && alerts_free
                    && let Some(alerts) = self.outbox.next()
                {
                    (alerts_next, alerts_under_way) = (false, true);
                    let work = self.guarded(self.deliver_alerts(alerts));
                    requests.push(work.map(|()| true).left_future());
                    continue;
                }
                let next = if telemetry_free {
                    self.queue.next(&policy.gathering, telemetry > 0, closing)
                } else {
                    Next::Empty
                };
                match next {
                    Next::Send(entries) => {
                        alerts_next = true;
                        if let Some(disk) = &self.disk {
                            disk.refill();
                        }
                        let work = self.guarded(self.deliver_entries(entries));
                        requests.push(work.map(|()| false).right_future());
                    }
                    next => {
                        if let Next::Hold(until) = next {
                            hold = Some(until);
                        }
                        if !alerts_free || self.outbox.is_empty() {
                            break;
                        }
                        alerts_next = true;
                    }
                }
            }
            if closing && requests.is_empty() && (leaving || self.is_empty()) {
                return;
            }
            tokio::select! {
                Some(alerts) = requests.next(), if !requests.is_empty() => alerts_under_way &= !alerts,
                () = self.arrived.notified() => {}
                () = sleep_until(hold) => {}
                _ = stage.changed() => {}
            }
        }
    }

    /// Nothing is left anywhere, and nothing comes in any more.
    fn is_empty(&self) -> bool {
        self.outbox.is_empty()
            && self.disk.as_ref().is_none_or(DiskQueue::is_through)
            && self.queue.close_if_empty()
    }

    /// A queue on disk is long: what is under way may not take all the memory that new data needs.
    fn has_memory_to_send(&self) -> bool {
        self.disk.is_none() || self.under_way.bytes() < self.bytes.capacity() / 3
    }

    /// A panic in one request leaves the others alone.
    async fn guarded(&self, work: impl Future<Output = ()>) {
        if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
            isolation::report(self.id(), &*panic);
        }
    }

    async fn deliver_entries(&self, entries: Vec<Entry>) {
        let mut rooms = Vec::with_capacity(entries.len());
        let mut batches = Vec::with_capacity(entries.len());
        let mut on_disk = Vec::new();
        for entry in entries {
            if entry.batch.is_abandoned() {
                self.forget(entry.on_disk);
                self.abandon(entry.batch);
                continue;
            }
            if entry.on_disk.is_some_and(|on_disk| self.is_too_old(on_disk.written_at)) {
                self.forget(entry.on_disk);
                self.expire(entry.batch);
                continue;
            }
            on_disk.extend(entry.on_disk);
            rooms.push(entry.room);
            batches.push(entry.batch);
        }
        let Some(first) = batches.first() else { return };
        let items = batches.iter().map(Batch::items).sum();
        let bytes = batches.iter().map(Batch::memory).sum();
        let youngest = on_disk.iter().map(|on_disk| on_disk.written_at).max();
        let flight =
            self.under_way.start(first.data_type(), items, bytes, self.books()).written_at_last(youngest);
        let gathering = self.service().policy.gathering;
        let batch = Batch::merge(batches);
        let too_large = batch.memory() > gathering.max_bytes
            || (gathering.max_items > 0 && batch.items() > gathering.max_items);
        let parts =
            if too_large { batch.split(gathering.max_items, gathering.max_bytes) } else { vec![batch] };
        if self.deliver(parts, Some(&flight)).await == Ended::All {
            self.forget(on_disk);
        }
    }

    /// Whether what was written then has waited for longer than `max_age`.
    pub(super) fn is_too_old(&self, written_at: u64) -> bool {
        let age = timestamp::now().saturating_sub(written_at);
        self.service().policy.max_age.is_some_and(|limit| u128::from(age) > limit.as_nanos())
    }

    pub(super) fn expire(&self, batch: Batch) {
        self.meters.failed(batch.data_type(), batch.items(), "expired");
        batch.end_dropped("expired");
    }

    /// State alerts stay in their slots until the destination has taken or refused them.
    async fn deliver_alerts(&self, alerts: Arc<[Alert]>) {
        let context = Arc::new(Context::default());
        let batch = Batch::unattended(Payload::Alerts(alerts.clone()), context);
        if self.deliver(vec![batch], None).await == Ended::All {
            self.outbox.done(&alerts);
        }
    }

    /// Sends what is left until `deadline`, then gives up the rest; what is on disk stays there.
    pub(crate) async fn drain(&self, deadline: Instant, mut task: JoinHandle<()>) -> Left {
        self.stage.send_replace(Stage::Draining);
        let in_time = tokio::time::timeout_at(deadline, &mut task).await;
        let left = self.held().iter().map(|(_, items)| items).sum();
        if in_time.is_err() {
            self.stage.send_replace(Stage::Aborted);
            // An exporter that blocks its thread cannot be stopped, only left alone.
            tokio::time::timeout(GRACE, task).await.ok();
        }
        for entry in self.queue.close() {
            match entry.on_disk {
                Some(_) => self.leave(entry.batch),
                None => self.give_up(entry.batch),
            }
        }
        let alerts = self.outbox.close();
        if alerts > 0 {
            self.meters.failed(DataType::Alerts, alerts, "shutdown");
        }
        let Some(disk) = &self.disk else { return Left { undelivered: left, kept: 0 } };
        let alerts = alerts + self.outbox.flush().await;
        disk.close(self.id()).await;
        self.held().into_iter().for_each(|(data_type, items)| self.books().kept(data_type, items));
        self.stage.send_replace(Stage::Gone);
        Left { undelivered: alerts, kept: left - alerts }
    }
}

async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}
