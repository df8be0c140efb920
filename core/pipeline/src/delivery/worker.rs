//! The task of a lane: takes from the queue while a request is free.

use super::{
    lane::{Lane, Stage},
    queue::{Entry, Next},
};
use crate::isolation;
use futures_util::{StreamExt, future::FutureExt, stream::FuturesUnordered};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tidewatch_component::{Alert, Batch, Context, DataType, Payload};
use tidewatch_telemetry::Held;
use tokio::{task::JoinHandle, time::Instant};

/// How long a task that has nothing more to do may take to end.
const GRACE: Duration = Duration::from_secs(1);

impl Lane {
    /// Sends until the lane is drained or aborted.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut stage = self.stage.subscribe();
        let mut requests = FuturesUnordered::new();
        let (mut alerts_next, mut alerts_under_way) = (false, false);
        loop {
            let closing = *stage.borrow_and_update() != Stage::Open;
            let mut hold = None;
            loop {
                let service = self.service();
                let policy = &service.policy;
                let in_total_order = policy.in_total_order;
                // Alerts have a request of their own, or one that is tried for ever would hold back the
                // telemetry; unless there is only one.
                let telemetry = requests.len() - usize::from(alerts_under_way);
                let alerts_free = !alerts_under_way && (!in_total_order || requests.is_empty());
                let telemetry_free = telemetry < policy.consumers && !(in_total_order && alerts_under_way);
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
            if closing && requests.is_empty() && self.outbox.is_empty() && self.queue.close_if_empty() {
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

    /// A panic in one request leaves the others alone.
    async fn guarded(&self, work: impl Future<Output = ()>) {
        if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
            isolation::report(self.id(), &*panic);
        }
    }

    async fn deliver_entries(&self, entries: Vec<Entry>) {
        let mut rooms = Vec::with_capacity(entries.len());
        let mut batches = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.batch.is_abandoned() {
                self.abandon(entry.batch);
                continue;
            }
            rooms.push(entry.room);
            batches.push(entry.batch);
        }
        let Some(first) = batches.first() else { return };
        let items = batches.iter().map(Batch::items).sum();
        let flight = self.under_way.start(first.data_type(), items, self.books());
        let gathering = self.service().policy.gathering;
        let batch = Batch::merge(batches);
        let too_large = batch.memory() > gathering.max_bytes
            || (gathering.max_items > 0 && batch.items() > gathering.max_items);
        if !too_large {
            return self.deliver(vec![batch], Some(&flight)).await;
        }
        self.deliver(batch.split(gathering.max_items, gathering.max_bytes), Some(&flight)).await;
    }

    /// State alerts stay in their slots until the destination has taken or refused them.
    async fn deliver_alerts(&self, alerts: Arc<[Alert]>) {
        let context = Arc::new(Context::default());
        self.deliver(vec![Batch::unattended(Payload::Alerts(alerts.clone()), context)], None).await;
        self.outbox.done(&alerts);
    }

    /// Sends what is left until `deadline`, then gives up the rest. Returns how many items that were.
    pub(crate) async fn drain(&self, deadline: Instant, mut task: JoinHandle<()>) -> usize {
        self.stage.send_replace(Stage::Draining);
        let in_time = tokio::time::timeout_at(deadline, &mut task).await;
        let left = self.held().iter().map(|(_, items)| items).sum();
        if in_time.is_err() {
            self.stage.send_replace(Stage::Aborted);
            // An exporter that blocks its thread cannot be stopped, only left alone.
            tokio::time::timeout(GRACE, task).await.ok();
        }
        for entry in self.queue.close() {
            self.give_up(entry.batch);
        }
        let alerts = self.outbox.close();
        if alerts > 0 {
            self.meters.failed(DataType::Alerts, alerts, "shutdown");
        }
        left
    }
}

async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}
