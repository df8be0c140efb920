//! One request: tried, retried, cut in halves where single items are at fault, and accounted for.

use super::{
    backoff::Backoff,
    lane::{Lane, Stage},
};
use crate::isolation;
use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, time::Duration};
use tidewatch_component::{Batch, ExportError, Exported, Failure, Outcome, Rejection};

/// What one try came to.
enum Tried {
    /// The batch has ended.
    Ended,
    /// Smaller parts may do.
    Divide(Batch, String),
}

impl Lane {
    /// Sends a batch until it has ended: every item delivered, dropped with a reason, or given up.
    pub(super) async fn deliver(&self, batch: Batch) {
        let mut parts = vec![batch];
        while let Some(batch) = parts.pop() {
            if let Tried::Divide(batch, reason) = self.send(batch).await {
                match batch.halve() {
                    Ok([left, right]) => parts.extend([right, left]),
                    Err(single) => self.reject(single, reason),
                }
            }
        }
    }

    async fn send(&self, mut batch: Batch) -> Tried {
        // State alerts are counted in their slots.
        let _flight = (!batch.payload.is_state_alerts()).then(|| self.under_way(&batch));
        let mut backoff = Backoff::new(&self.policy.retry);
        loop {
            if !batch.claim() {
                self.abandon(batch);
                return Tried::Ended;
            }
            let Some(result) = self.try_once(&batch).await else {
                return self.fail(batch, "shutdown", Failure::new("shutting down"));
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
                    self.reject(batch, reason);
                    return Tried::Ended;
                }
                Err(ExportError::Retryable { reason, after, refused }) => {
                    if refused {
                        batch.unclaim();
                    }
                    (reason, after)
                }
            };
            let Some(pause) = backoff.next(after) else {
                tracing::warn!(exporter = self.id(), items = batch.items(), error = reason, "given up");
                return self.fail(batch, "retries_exhausted", Failure { reason, retry_after: after });
            };
            tracing::warn!(exporter = self.id(), items = batch.items(), error = reason, retry_in = ?pause, "not delivered");
            self.set_trouble(&reason, pause);
            if self.aborted_within(pause).await {
                return self.fail(batch, "shutdown", Failure::new(reason));
            }
        }
    }

    /// One try; none when the lane was aborted meanwhile.
    async fn try_once(&self, batch: &Batch) -> Option<Result<Exported, ExportError>> {
        let export = AssertUnwindSafe(self.exporter.export(batch)).catch_unwind();
        let export = async {
            export.await.unwrap_or_else(|panic| {
                isolation::report(self.id(), &*panic);
                Err(ExportError::permanent("the exporter panicked"))
            })
        };
        let timeout = self.policy.timeout.unwrap_or(Duration::MAX);
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
        batch.end(&Outcome::Rejected(Rejection { items: lost, reason: rejected.reason }));
    }

    fn reject(&self, batch: Batch, reason: String) {
        let (data_type, items) = (batch.data_type(), batch.items());
        tracing::warn!(exporter = self.id(), items, error = reason, "refused for good by the destination");
        self.meters.failed(data_type, items, "rejected");
        batch.end(&Outcome::Rejected(Rejection { items, reason }));
    }

    fn fail(&self, batch: Batch, counted_as: &'static str, failure: Failure) -> Tried {
        self.meters.failed(batch.data_type(), batch.items(), counted_as);
        batch.end(&Outcome::Failed(failure));
        Tried::Ended
    }

    /// Resolves when the lane gives up what is left.
    pub(super) async fn aborted(&self) {
        let mut stage = self.stage.subscribe();
        // The sender lives in the lane itself, so this ends only with the right stage.
        stage.wait_for(|stage| *stage == Stage::Aborted).await.ok();
    }

    /// Waits for `pause`; true when the lane was aborted meanwhile.
    pub(super) async fn aborted_within(&self, pause: Duration) -> bool {
        tokio::time::timeout(pause, self.aborted()).await.is_ok()
    }
}
