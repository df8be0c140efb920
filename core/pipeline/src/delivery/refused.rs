//! What will never be delivered: told to whoever waits, else kept as a dead letter.

use super::{lane::Lane, send::Tried};
use tidewatch_component::{
    Batch, Failure, Outcome, Rejection,
    dead_letter::{DeadLetter, Unsent},
};

impl Lane {
    /// The destination has refused it for good.
    pub(super) async fn reject(&self, batch: Batch, reason: &str) -> Tried {
        let items = batch.items();
        tracing::warn!(exporter = self.id(), items, error = reason, "refused for good by the destination");
        let reason = self.in_its_name(reason);
        let outcome = Outcome::Rejected(Rejection::new(items, reason.clone()));
        self.end_undelivered(batch, "rejected", &reason, &outcome).await
    }

    /// The limit of tries is reached.
    pub(super) async fn exhausted(&self, batch: Batch, failure: Failure) -> Tried {
        tracing::warn!(exporter = self.id(), items = batch.items(), error = failure.reason, "given up");
        let reason = self.in_its_name(&failure.reason);
        self.end_undelivered(batch, "retries_exhausted", &reason, &Outcome::Failed(failure)).await
    }

    /// Where somebody would not hear of it, the batch is kept as dead letters first; on disk it stays as long as
    /// these are not safe.
    async fn end_undelivered(
        &self,
        batch: Batch,
        reason_counted: &'static str,
        reason: &str,
        outcome: &Outcome,
    ) -> Tried {
        let mut counted_as = reason_counted;
        if !batch.is_told() {
            let letters = self.service().dead_letters.clone();
            let written = DeadLetter::refused(&batch, self.id(), reason);
            let kept = tokio::select! {
                biased;
                kept = letters.send_all(&written) => kept,
                () = self.aborted() => return self.stop_trying(batch),
            };
            match kept {
                Ok(()) => counted_as = "dead_letter",
                Err(Unsent::NoOffice) => {}
                Err(Unsent::Failed(_)) if self.is_stopping() => return self.stop_trying(batch),
                Err(error) => {
                    tracing::error!(exporter = self.id(), items = batch.items(), %error, "not kept as a dead letter");
                }
            }
        }
        self.meters.failed(batch.data_type(), batch.items(), counted_as);
        batch.end(outcome);
        Tried::Ended
    }
}
