//! One request: tried, retried, cut in halves where single items are at fault, and accounted for.

use super::{
    backoff::Backoff,
    lane::{Lane, Stage},
    service::Service,
    under_way::Flight,
};
use crate::isolation;
use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, time::Duration};
use tidewatch_component::{Batch, ExportError, Exported, Failure, Outcome, Rejection};
use tokio::time::Instant;

/// A batch may be refused this often in a row while the parts at fault are looked for. A destination
/// that refuses everything then gets the rest in large pieces.
const MAX_REFUSALS: usize = 256;
/// Data in a pause is looked at this often, whether its senders have given it up.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Characters of a destination's words that its senders get to hear.
const LONGEST_REASON: usize = 1_000;

/// Whether everything of a request has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Delivered, or dropped with a reason.
    All,
    /// Some of it is left for the next start.
    NotAll,
}

/// What one try came to.
pub(super) enum Tried {
    /// The batch has ended.
    Ended,
    /// The agent stops, and the batch waits on disk.
    Left,
    /// Smaller parts may do.
    Divide(Batch, String),
}

impl Lane {
    /// Sends the parts of a request, in order, until all of it has ended: every item delivered, dropped
    /// with a reason, or given up.
    ///
    /// Without a flight they are alerts from the outbox: counted there, and tried for ever, whatever
    /// becomes of telemetry.
    pub(super) async fn deliver(&self, mut parts: Vec<Batch>, flight: Option<&Flight<'_>>) -> Ended {
        let mut refusals = 0;
        let mut ended = Ended::All;
        parts.reverse();
        while let Some(batch) = parts.pop() {
            let items = batch.items();
            match self.send(batch, flight).await {
                Tried::Ended => refusals = 0,
                Tried::Left => ended = Ended::NotAll,
                Tried::Divide(batch, reason) => {
                    refusals += 1;
                    match if refusals > MAX_REFUSALS { Err(batch) } else { batch.halve() } {
                        Ok([left, right]) => {
                            parts.extend([right, left]);
                            continue;
                        }
                        Err(whole) => {
                            if matches!(self.reject(whole, &reason).await, Tried::Left) {
                                ended = Ended::NotAll;
                            }
                        }
                    }
                }
            }
            if let Some(flight) = flight {
                flight.ended(items);
            }
        }
        ended
    }

    async fn send(&self, mut batch: Batch, flight: Option<&Flight<'_>>) -> Tried {
        let for_ever = flight.is_none();
        let mut service = self.service();
        let new_backoff = |service: &Service| {
            let retry = &service.policy.retry;
            if for_ever { Backoff::endless(retry) } else { Backoff::new(retry) }
        };
        let mut backoff = new_backoff(&service);
        loop {
            if self.is_aborted() {
                return self.stop_trying(batch);
            }
            if !batch.claim() {
                self.abandon(batch);
                return Tried::Ended;
            }
            let Some(result) = self.try_once(&service, &batch).await else {
                return self.stop_trying(batch);
            };
            let (reason, after) = match result {
                Ok(exported) => {
                    self.clear_trouble();
                    self.delivered(batch, exported);
                    return Tried::Ended;
                }
                Err(ExportError::Permanent { reason, divisible: true }) => {
                    return Tried::Divide(batch, reason);
                }
                Err(ExportError::Permanent { reason, divisible: false }) => {
                    return self.reject(batch, &reason).await;
                }
                Err(ExportError::Retryable { reason, after, refused }) => {
                    if refused {
                        batch.unclaim();
                    }
                    (reason, after)
                }
            };
            let Some(pause) = backoff.next(after) else {
                self.set_trouble(&reason, Duration::ZERO);
                return self.exhausted(batch, Failure { reason, retry_after: after }).await;
            };
            tracing::warn!(exporter = self.id(), items = batch.items(), error = reason, retry_in = ?pause, "not delivered");
            self.set_trouble(&reason, pause);
            if self.disk.is_some() && self.is_stopping() {
                return self.stop_trying(batch);
            }
            if flight.and_then(Flight::written_at).is_some_and(|at| self.is_too_old(at)) {
                self.expire(batch);
                return Tried::Ended;
            }
            tokio::select! {
                () = self.rest(pause, &batch) => {}
                // What is wrong may have been mended.
                () = self.replaced(&service) => {
                    service = self.service();
                    backoff = new_backoff(&service);
                }
            }
        }
    }

    /// The agent stops: the batch is lost, unless it is on disk.
    pub(super) fn stop_trying(&self, batch: Batch) -> Tried {
        if self.disk.is_some() {
            self.leave(batch);
            return Tried::Left;
        }
        self.give_up(batch);
        Tried::Ended
    }

    /// One try; none when the lane was aborted meanwhile.
    async fn try_once(&self, service: &Service, batch: &Batch) -> Option<Result<Exported, ExportError>> {
        let export = AssertUnwindSafe(async { service.exporter.export(batch).await }).catch_unwind();
        let export = async {
            export.await.unwrap_or_else(|panic| {
                isolation::report(self.id(), &*panic);
                Err(ExportError::permanent("the exporter panicked"))
            })
        };
        let timeout = service.policy.timeout.unwrap_or(Duration::MAX);
        tokio::select! {
            biased;
            result = tokio::time::timeout(timeout, export) => Some(result.unwrap_or_else(|_| {
                Err(ExportError::retryable(format!("no answer within {timeout:?}")))
            })),
            () = self.aborted() => None,
        }
    }

    fn delivered(&self, batch: Batch, exported: Exported) {
        let (data_type, items) = (batch.data_type(), batch.items());
        let Some(rejected) = exported.rejected.filter(|rejected| rejected.items > 0) else {
            self.meters.delivered(data_type, items);
            return batch.end(&Outcome::Delivered);
        };
        let lost = rejected.items.min(items);
        tracing::warn!(
            exporter = self.id(),
            items = lost,
            of = items,
            error = rejected.reason,
            "rejected by the destination"
        );
        self.meters.delivered(data_type, items - lost);
        self.meters.failed(data_type, lost, "rejected");
        let reason = self.in_its_name(&rejected.reason);
        batch.end(&Outcome::Rejected(Rejection { items: lost, reason, ..rejected }));
    }

    /// A sender learns which of the destinations it was.
    pub(super) fn in_its_name(&self, reason: &str) -> String {
        let reason: String = reason.chars().take(LONGEST_REASON).collect();
        format!("exporter `{}`: {reason}", self.id())
    }

    /// Resolves when the lane gives up what is left.
    pub(super) async fn aborted(&self) {
        self.reaches(|stage| stage == Stage::Aborted).await;
    }

    /// Resolves when the lane is in a stage in which it has no time for pauses.
    async fn in_a_hurry(&self) {
        self.reaches(|stage| stage == Stage::Aborted || (self.disk.is_some() && stage != Stage::Open)).await;
    }

    async fn reaches(&self, wanted: impl Fn(Stage) -> bool) {
        let mut stage = self.stage.subscribe();
        // The sender lives in the lane itself, so this ends only with a wanted stage.
        stage.wait_for(|stage| wanted(*stage)).await.ok();
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stage.borrow() != Stage::Open
    }

    fn is_aborted(&self) -> bool {
        *self.stage.borrow() == Stage::Aborted
    }

    /// Waits for `pause`, or until there is no sense in it: the lane was aborted, or nobody wants the
    /// batch any more and its room is free for others.
    async fn rest(&self, pause: Duration, batch: &Batch) {
        let over = Instant::now() + pause;
        while !batch.is_abandoned() && Instant::now() < over {
            let until = over.min(Instant::now() + LOOK_EVERY);
            if tokio::time::timeout_at(until, self.in_a_hurry()).await.is_ok() {
                return;
            }
        }
    }
}
