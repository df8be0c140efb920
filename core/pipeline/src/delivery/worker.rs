//! The task of a lane: takes from the queue while a request is free.

use super::{
    lane::{Lane, Stage},
    queue::Next,
};
use futures_util::{StreamExt, future::FutureExt, stream::FuturesUnordered};
use std::{sync::Arc, time::Instant};
use tidewatch_component::{Alert, Batch, Context, Payload};
use tidewatch_telemetry::Held;

impl Lane {
    /// Sends until the lane is drained or aborted.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut stage = self.stage.subscribe();
        let mut requests = FuturesUnordered::new();
        let (mut alerts_next, mut alerts_under_way) = (false, false);
        loop {
            let closing = *stage.borrow_and_update() != Stage::Open;
            let mut hold = None;
            while requests.len() < self.policy.consumers {
                // Alerts leave behind the telemetry that caused them, and take turns with what comes after.
                if alerts_next
                    && !alerts_under_way
                    && let Some(alerts) = self.outbox.next()
                {
                    (alerts_next, alerts_under_way) = (false, true);
                    requests.push(self.deliver_alerts(alerts).map(|()| true).left_future());
                    continue;
                }
                match self.queue.next(&self.policy.gathering, !requests.is_empty(), closing) {
                    Next::Send(entries) => {
                        alerts_next = true;
                        requests.push(self.deliver_entries(entries).map(|()| false).right_future());
                    }
                    next => {
                        if let Next::Hold(until) = next {
                            hold = Some(until);
                        }
                        if alerts_under_way || self.outbox.is_empty() {
                            break;
                        }
                        alerts_next = true;
                    }
                }
            }
            if closing && requests.is_empty() && self.queue.is_empty() && self.outbox.is_empty() {
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

    async fn deliver_entries(&self, entries: Vec<super::queue::Entry>) {
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
        if batches.is_empty() {
            return;
        }
        let gathering = &self.policy.gathering;
        let batch = Batch::merge(batches);
        let too_large = batch.memory() > gathering.max_bytes
            || (gathering.max_items > 0 && batch.items() > gathering.max_items);
        if !too_large {
            return self.deliver(batch).await;
        }
        for part in batch.split(gathering.max_items, gathering.max_bytes) {
            self.deliver(part).await;
        }
    }

    /// State alerts stay in their slots until the destination has taken or refused them.
    async fn deliver_alerts(&self, alerts: Arc<[Alert]>) {
        let context = Arc::new(Context::default());
        self.deliver(Batch::unattended(Payload::Alerts(alerts.clone()), context)).await;
        self.outbox.done(&alerts);
    }

    /// Sends what is left until `deadline`, then gives up the rest. Returns how many items that were.
    pub(crate) async fn drain(
        &self,
        deadline: tokio::time::Instant,
        mut task: tokio::task::JoinHandle<()>,
    ) -> usize {
        self.stage.send_replace(Stage::Draining);
        if tokio::time::timeout_at(deadline, &mut task).await.is_ok() {
            return 0;
        }
        let left = self.held().iter().map(|(_, items)| items).sum();
        self.stage.send_replace(Stage::Aborted);
        if let Err(error) = task.await {
            tracing::error!(exporter = self.id(), %error, "the exporter's task failed");
        }
        left
    }
}

async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when.into()).await,
        None => std::future::pending().await,
    }
}
