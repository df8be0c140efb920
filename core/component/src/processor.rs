//! What happens to telemetry on its way.

use crate::{Alert, AlertKind, Batch, Context, Outcome, Payload, Refusal, Rejection};
use std::{borrow::Cow, sync::Arc, time::Instant};
use tidewatch_config::{Signal, SignalSet};
use tidewatch_telemetry::Books;

/// A stage of a pipeline. Called from many threads at once, never across an await.
///
/// What it does not handle it passes on unchanged with [`Out::send`].
pub trait Processor: Send + Sync {
    /// Signals it looks into; others are passed by without a call.
    fn handles(&self) -> SignalSet {
        SignalSet::ALL
    }

    /// Asked before a batch of `bytes` is admitted, before any processor sees it.
    ///
    /// # Errors
    /// A refusal turns the batch away; its sender may come back.
    fn admit(&self, bytes: usize) -> Result<(), Refusal> {
        let _ = bytes;
        Ok(())
    }

    /// Takes one batch.
    fn process(&self, batch: Batch, out: &mut Out<'_>);

    /// Whether it wants a tick when the agent starts, before any batch comes.
    fn ticks_at_start(&self) -> bool {
        false
    }

    /// Called at or after the moment asked for by [`Out::wake_at`], and once, with `closing`, when the
    /// pipeline has taken its last batch.
    fn tick(&self, now: Instant, closing: bool, out: &mut Out<'_>) {
        let _ = (now, closing, out);
    }

    /// Items it holds now, by walking them.
    fn held(&self) -> Vec<(Signal, usize)> {
        Vec::new()
    }

    /// What it asks of every exporter behind it: how `batch` at the end of a chain works.
    fn gather(&self) -> Option<Gather> {
        None
    }
}

/// How much an exporter gathers before it sends, while others' answers are still under way.
///
/// Never holds back data whose sender waits for its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gather {
    /// Items worth a request of their own; 0: send whatever there is.
    pub min_items: usize,
    /// Items in one request at the most; 0: unlimited.
    pub max_items: usize,
    /// How long data whose sender has its answer may wait for more.
    pub timeout: std::time::Duration,
}

/// Where a processor puts what it passes on, and says what became of the rest.
pub struct Out<'a> {
    books: &'a Books,
    context: &'a Arc<Context>,
    batches: Vec<Batch>,
    alerts: Vec<Alert>,
    wake_at: Option<Instant>,
    /// Items that left more than came to be, by kind of data.
    balance: [isize; Signal::ALL.len()],
}

impl<'a> Out<'a> {
    /// For whoever runs the chain.
    pub fn new(books: &'a Books, context: &'a Arc<Context>) -> Self {
        Self {
            books,
            context,
            batches: Vec::new(),
            alerts: Vec::new(),
            wake_at: None,
            balance: [0; Signal::ALL.len()],
        }
    }

    /// Passes a batch on.
    pub fn send(&mut self, batch: Batch) {
        self.books.went_out(batch.data_type(), batch.items());
        self.gone(batch.data_type(), batch.items());
        self.batches.push(batch);
    }

    /// Passes on what the processor made itself; its items count as created.
    pub fn send_created(&mut self, batch: Batch) {
        self.created_items(batch.data_type(), batch.items());
        self.send(batch);
    }

    /// A state alert: it follows the telemetry, and lives until delivered without anybody waiting.
    pub fn alert(&mut self, alert: Alert) {
        debug_assert_eq!(alert.kind, AlertKind::State);
        self.alerts.push(alert);
    }

    /// Event alerts caused by `cause`, whose receipts wait for them, too.
    pub fn event_alerts(&mut self, alerts: Vec<Alert>, cause: &Batch) {
        if !alerts.is_empty() {
            self.send_created(cause.derive(Payload::Alerts(alerts.into())));
        }
    }

    /// Ends a whole batch for a reason that is counted.
    pub fn drop_batch(&mut self, batch: Batch, reason: impl Into<Cow<'static, str>>) {
        let reason = reason.into();
        self.dropped_items(batch.data_type(), batch.items(), reason.clone());
        batch.end_dropped(reason);
    }

    /// Counts items that were taken out of a batch which itself goes on.
    pub fn dropped_items(&mut self, signal: Signal, items: usize, reason: impl Into<Cow<'static, str>>) {
        self.books.dropped(signal, items, &reason.into());
        self.gone(signal, items);
    }

    /// Refuses a whole batch for good: whoever waits for it is told what was wrong, and need not send it again.
    pub fn reject_batch(&mut self, batch: Batch, rejection: Rejection) {
        self.dropped_items(batch.data_type(), batch.items(), "rejected");
        batch.end(&Outcome::Rejected(rejection));
    }

    /// Refuses single items for good, while the rest of `batch` goes on: whoever waits is told what was wrong with
    /// them, and need not send them again.
    ///
    /// To be called while the batch still has the payload that came in: the index of a [fault](crate::Fault) counts
    /// the items of that, from 0. Where none of them is left, [`Out::reject_batch`] it instead.
    pub fn reject_items(&mut self, batch: &Batch, rejection: Rejection) {
        self.dropped_items(batch.data_type(), rejection.items, "rejected");
        batch.fan_out().end(&Outcome::Rejected(rejection));
    }

    /// Counts items that the processor added to a batch which goes on.
    pub fn created_items(&mut self, signal: Signal, items: usize) {
        self.books.created(signal, items);
        self.balance[signal as usize] -= items.cast_signed();
    }

    fn gone(&mut self, signal: Signal, items: usize) {
        self.balance[signal as usize] += items.cast_signed();
    }

    /// For whoever runs the chain, after a panic: how many of `items` that came in are neither passed on
    /// nor dropped.
    pub fn lost(&self, signal: Signal, items: usize) -> usize {
        items.saturating_add_signed(-self.balance[signal as usize])
    }

    /// Asks for a [`Processor::tick`] at `when`, or at the earliest moment it asked for before.
    pub fn wake_at(&mut self, when: Instant) {
        self.wake_at = Some(self.wake_at.map_or(when, |known| known.min(when)));
    }

    /// For whoever runs the chain: the batches in order, state alerts last, and the next tick.
    pub fn finish(mut self) -> (Vec<Batch>, Option<Instant>) {
        if !self.alerts.is_empty() {
            let alerts = Payload::Alerts(std::mem::take(&mut self.alerts).into());
            self.send_created(Batch::unattended(alerts, self.context.clone()));
        }
        (self.batches, self.wake_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, Receipt};
    use std::{collections::BTreeMap, future::Future, pin::pin, task};
    use tidewatch_telemetry::{Metrics, NodeKind};

    fn alerts(count: usize) -> Payload {
        Payload::Alerts(vec![Alert::firing("A", "high", BTreeMap::new(), 1); count].into())
    }

    fn fault(index: usize) -> Fault {
        Fault { index: Some(index), field: Some("state".into()), reason: "is missing".into() }
    }

    #[test]
    fn single_items_are_refused_while_the_rest_goes_on() {
        let metrics = Metrics::default();
        let books = Books::open(&metrics, NodeKind::Processor, "main", "normalize");
        let context = Arc::default();
        let mut out = Out::new(&books, &context);
        let (receipt, ticket) = Receipt::new(5);
        let mut batch = Batch::new(alerts(5), context.clone(), ticket);
        let mut rejection = Rejection::default();
        [1, 3].into_iter().for_each(|index| rejection.push(fault(index)));
        out.reject_items(&batch, rejection);
        batch.payload = alerts(3);
        out.send(batch);
        assert_eq!(out.lost(Signal::Alerts, 5), 0, "two refused, three sent");
        let (sent, _) = out.finish();
        sent.into_iter().for_each(|batch| batch.end(&Outcome::Delivered));
        let task::Poll::Ready(verdict) =
            pin!(receipt).poll(&mut task::Context::from_waker(task::Waker::noop()))
        else {
            panic!("a part has not ended")
        };
        let rejected = verdict.rejected.expect("two items");
        assert_eq!((rejected.items, rejected.faults), (2, vec![fault(1), fault(3)]));
        assert_eq!((verdict.failure, verdict.delivered_parts), (None, 1));
        let text = metrics.render();
        assert!(
            text.lines().any(|line| line.starts_with("tidewatch_dropped_items")
                && line.contains(r#"reason="rejected""#)
                && line.ends_with(" 2")),
            "{text}"
        );
    }
}
