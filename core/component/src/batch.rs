//! The unit that moves through a pipeline.

use crate::{Alert, AlertKind, Context, DataType, Outcome, Receipt, Ticket};
use smallvec::SmallVec;
use std::{borrow::Cow, sync::Arc};
use tidewatch_otlp::Request;

/// A payload, where it came from, and who waits for it.
///
/// A batch that is dropped without [`Batch::end`] fails the receipts behind it.
#[derive(Debug)]
pub struct Batch {
    /// What it carries.
    pub payload: Payload,
    /// Where it came from.
    pub context: Arc<Context>,
    /// In the order of the items for which they stand.
    tickets: Tickets,
}

/// What a batch carries. Cloning copies references, never telemetry.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Traces, metrics or logs as checked OTLP wire bytes.
    Telemetry(Request),
    /// Alerts, all of the same kind.
    Alerts(Arc<[Alert]>),
}

type Tickets = SmallVec<[Ticket; 1]>;

/// Sources that wait, apart from the batch they wait for. Dropped, they count as failed.
#[derive(Debug)]
pub struct Waiting(Tickets);

impl Waiting {
    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells all of them.
    pub fn end(self, outcome: &Outcome) {
        self.0.into_iter().for_each(|ticket| ticket.end(outcome.clone()));
    }
}

impl Payload {
    /// Which of the four kinds of data this is.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Telemetry(request) => data_type(request.signal()),
            Self::Alerts(_) => DataType::Alerts,
        }
    }

    /// Spans, data points, log records or alerts.
    pub fn items(&self) -> usize {
        match self {
            Self::Telemetry(request) => request.items(),
            Self::Alerts(alerts) => alerts.len(),
        }
    }

    /// Whether these are alerts that last: they live in slots of their own until delivered.
    pub fn is_state_alerts(&self) -> bool {
        matches!(self, Self::Alerts(alerts) if alerts.iter().all(|alert| alert.kind == AlertKind::State))
    }

    /// Bytes held in memory.
    pub fn memory(&self) -> usize {
        match self {
            Self::Telemetry(request) => request.memory(),
            Self::Alerts(alerts) => alerts.iter().map(Alert::memory).sum(),
        }
    }
}

impl Batch {
    /// A batch that one ticket waits for.
    pub fn new(payload: Payload, context: Arc<Context>, ticket: Ticket) -> Self {
        Self { payload, context, tickets: SmallVec::from_buf([ticket]) }
    }

    /// A batch that nobody waits for: what a component made on its own.
    pub fn unattended(payload: Payload, context: Arc<Context>) -> Self {
        Self { payload, context, tickets: SmallVec::new() }
    }

    /// Spans, data points, log records or alerts.
    pub fn items(&self) -> usize {
        self.payload.items()
    }

    /// Bytes held in memory.
    pub fn memory(&self) -> usize {
        self.payload.memory()
    }

    /// Which of the four kinds of data this is.
    pub fn data_type(&self) -> DataType {
        self.payload.data_type()
    }

    /// The OTLP request, if this is telemetry.
    pub fn telemetry(&self) -> Option<&Request> {
        match &self.payload {
            Payload::Telemetry(request) => Some(request),
            Payload::Alerts(_) => None,
        }
    }

    /// The same payload for one more destination.
    #[must_use]
    pub fn fan_out(&self) -> Self {
        self.derive(self.payload.clone())
    }

    /// Gives the batch to each of several destinations; the last gets it itself, the others references.
    /// Without any it is dropped, and fails its receipts.
    pub fn give_each<T>(self, destinations: impl Iterator<Item = T>, mut give: impl FnMut(T, Self)) {
        let mut destinations = destinations.peekable();
        while let Some(destination) = destinations.next() {
            if destinations.peek().is_none() {
                return give(destination, self);
            }
            give(destination, self.fan_out());
        }
    }

    /// Another payload that the same receipts wait for, too.
    #[must_use]
    pub fn derive(&self, payload: Payload) -> Self {
        let tickets = self.tickets.iter().map(|ticket| ticket.fork(ticket.items())).collect();
        Self { payload, context: self.context.clone(), tickets }
    }

    /// A dead letter about items of it, that the same receipts wait for, too: until it is on disk where its queue is,
    /// whatever they want of the batch itself.
    pub(crate) fn derive_letter(&self, letter: Payload) -> Self {
        let tickets = self.tickets.iter().map(Ticket::fork_durable).collect();
        Self { payload: letter, context: self.context.clone(), tickets }
    }

    /// Ends the batch: every receipt behind it learns the outcome of this part, and of a rejection what concerns its
    /// own items, as far as it is known which these are.
    pub fn end(self, outcome: &Outcome) {
        let Outcome::Rejected(all) = outcome else {
            return self.tickets.into_iter().for_each(|ticket| ticket.end(outcome.clone()));
        };
        let aligned = self.tickets.iter().map(Ticket::items).sum::<usize>() == self.items();
        let mut next = 0;
        for ticket in self.tickets {
            let place = next..next + ticket.items();
            next = place.end;
            let own = all.share(ticket.items(), aligned.then_some(&place), ticket.first());
            ticket.end(own.map_or(Outcome::Delivered, Outcome::Rejected));
        }
    }

    /// Ends the batch as dropped on purpose.
    pub fn end_dropped(self, reason: impl Into<Cow<'static, str>>) {
        self.end(&Outcome::Dropped(reason.into()));
    }

    /// Lets the waiting sources go with `outcome`, while the payload moves on unattended.
    #[must_use]
    pub fn release(mut self, outcome: &Outcome) -> Self {
        for ticket in std::mem::take(&mut self.tickets) {
            ticket.end(outcome.clone());
        }
        self
    }

    /// Takes out the sources that move on once the data is on disk. They are to be [told](Waiting::end)
    /// when it is; the payload moves on for the others.
    #[must_use]
    pub fn take_durables(&mut self) -> Waiting {
        let (content, others): (Tickets, Tickets) =
            std::mem::take(&mut self.tickets).into_iter().partition(Ticket::is_content_on_disk);
        self.tickets = others;
        Waiting(content)
    }

    /// Takes out everybody who waits, while the payload is elsewhere.
    #[must_use]
    pub fn take_waiting(&mut self) -> Waiting {
        Waiting(std::mem::take(&mut self.tickets))
    }

    /// The payload is back: they wait for this batch.
    pub fn wait_again(&mut self, waiting: Waiting) {
        self.tickets.extend(waiting.0);
    }

    /// To be called right before sending. False: every source has given up, nothing was sent, and the
    /// batch is to be [ended](Batch::end) instead.
    pub fn claim(&mut self) -> bool {
        // Every ticket is claimed, not only up to the first success.
        let claimed = self.tickets.iter_mut().filter_map(|ticket| ticket.claim().then_some(())).count();
        claimed > 0 || self.tickets.is_empty()
    }

    /// Takes the claim back: the destination said that it took nothing.
    pub fn unclaim(&mut self) {
        self.tickets.iter_mut().for_each(Ticket::unclaim);
    }

    /// Whether every source behind it has given up before anything was sent.
    pub fn is_abandoned(&self) -> bool {
        !self.tickets.is_empty() && self.tickets.iter().all(Ticket::is_abandoned)
    }

    /// Whether a source waits to hear what becomes of it.
    pub fn is_awaited(&self) -> bool {
        self.tickets.iter().any(Ticket::is_awaited)
    }

    /// Whether everybody behind it hears what becomes of it. Where not, somebody had an answer already, or a component
    /// has made some of it: nobody would notice that it is gone.
    pub fn is_told(&self) -> bool {
        !self.tickets.is_empty() && self.tickets.iter().all(Ticket::is_awaited)
    }

    /// How many parts of `receipt`'s submission this batch stands for.
    pub fn parts_of(&self, receipt: &Receipt) -> usize {
        self.tickets.iter().filter(|ticket| ticket.belongs_to(receipt)).count()
    }

    /// Whether both may leave in one request.
    pub fn joins(&self, other: &Self) -> bool {
        self.data_type() == other.data_type()
            && (Arc::ptr_eq(&self.context, &other.context) || self.context.joins(&other.context))
    }

    /// One batch of all, in order. They must [join](Batch::joins); a single one is returned as it is.
    ///
    /// # Panics
    /// When `batches` is empty.
    pub fn merge(batches: Vec<Self>) -> Self {
        let several = batches.len() > 1;
        let mut batches = batches.into_iter();
        let mut first = batches.next().expect("merge of at least one batch");
        if !several {
            return first;
        }
        first.align();
        let mut requests = Vec::new();
        let mut alerts = Vec::new();
        let mut take = |payload: Payload| match payload {
            Payload::Telemetry(request) => requests.push(request),
            Payload::Alerts(more) => alerts.extend(more.iter().cloned()),
        };
        take(first.payload);
        for mut other in batches {
            other.align();
            if !Arc::ptr_eq(&first.context, &other.context) {
                first.context = Arc::new(first.context.join(&other.context));
            }
            first.tickets.extend(other.tickets);
            take(other.payload);
        }
        let payload = if requests.is_empty() {
            Payload::Alerts(alerts.into())
        } else {
            Payload::Telemetry(Request::merge(requests))
        };
        Self { payload, ..first }
    }

    /// Lets the tickets stand for as many items as there are now: a processor may have changed that, and
    /// data for which nobody waits has its place, too.
    fn align(&mut self) {
        let items = self.items();
        match self.tickets.as_mut_slice() {
            [] => self.tickets.push(Ticket::of_nobody(items)),
            [only] => only.stand_for(items),
            // Whose items were changed is not known.
            _ => {}
        }
    }

    /// Parts of at most `max_items` items and `max_bytes` bytes (0 = unlimited), in order; the tickets
    /// are cut along. A single item above `max_bytes` stays alone.
    #[must_use]
    pub fn split(mut self, max_items: usize, max_bytes: usize) -> Vec<Self> {
        self.align();
        let payloads: Vec<Payload> = match self.payload {
            Payload::Telemetry(request) => {
                request.split(max_items, max_bytes).into_iter().map(Payload::Telemetry).collect()
            }
            Payload::Alerts(ref alerts) if max_items > 0 && alerts.len() > max_items => {
                alerts.chunks(max_items).map(|part| Payload::Alerts(part.into())).collect()
            }
            whole @ Payload::Alerts(_) => vec![whole],
        };
        share(payloads, &self.context, self.tickets)
    }

    /// Two parts of about the same number of items, or the batch itself if it has only one item.
    ///
    /// # Errors
    /// Gives the batch back when it cannot be cut.
    pub fn halve(mut self) -> Result<[Self; 2], Self> {
        let halves = match &self.payload {
            Payload::Telemetry(request) => {
                request.clone().halve().map(|(left, right)| [left, right].map(Payload::Telemetry))
            }
            Payload::Alerts(alerts) if alerts.len() > 1 => {
                let (left, right) = alerts.split_at(alerts.len() / 2);
                Some([left, right].map(|half| Payload::Alerts(half.into())))
            }
            Payload::Alerts(_) => None,
        };
        let Some(halves) = halves else { return Err(self) };
        self.align();
        let parts = share(halves.into(), &self.context, std::mem::take(&mut self.tickets));
        parts.try_into().map_err(|_| self)
    }
}

/// The kind of data that an OTLP signal is.
pub fn data_type(signal: tidewatch_otlp::Signal) -> DataType {
    match signal {
        tidewatch_otlp::Signal::Traces => DataType::Traces,
        tidewatch_otlp::Signal::Metrics => DataType::Metrics,
        tidewatch_otlp::Signal::Logs => DataType::Logs,
    }
}

/// Deals `tickets` out over `payloads` by their numbers of items. Where a processor has changed how many
/// items there are behind several tickets, all of them stand for every part: better told too much than
/// told that all is well.
fn share(payloads: Vec<Payload>, context: &Arc<Context>, mut tickets: Tickets) -> Vec<Batch> {
    let items: usize = payloads.iter().map(Payload::items).sum();
    let aligned = tickets.iter().map(Ticket::items).sum::<usize>() == items;
    let mut parts = Vec::with_capacity(payloads.len());
    let mut rest = payloads.into_iter().peekable();
    tickets.reverse();
    while let Some(payload) = rest.next() {
        let mut own = Tickets::new();
        if rest.peek().is_none() {
            own.extend(std::mem::take(&mut tickets).into_iter().rev());
        } else if !aligned {
            own.extend(tickets.iter().rev().map(|ticket| ticket.fork(ticket.items())));
        } else {
            let mut need = payload.items();
            while let Some(mut next) = tickets.pop() {
                if next.items() > need || tickets.is_empty() {
                    own.push(next.split_off(need));
                    tickets.push(next);
                    break;
                }
                need -= next.items();
                own.push(next);
                if need == 0 {
                    break;
                }
            }
        }
        parts.push(Batch { payload, context: context.clone(), tickets: own });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(count: usize) -> Payload {
        let alert = Alert::firing("A", "high", std::collections::BTreeMap::new(), 1);
        Payload::Alerts(vec![alert; count].into())
    }

    fn batch(items: usize) -> (Receipt, Batch) {
        let (receipt, ticket) = Receipt::new(items);
        (receipt, Batch::new(alerts(items), Arc::default(), ticket))
    }

    #[test]
    fn parts_of_a_joined_batch_belong_to_those_who_sent_them() {
        let (first, mut one) = batch(6);
        let (second, two) = batch(2);
        let nobodys = Batch::unattended(alerts(4), Arc::default());
        // A processor has dropped four of six.
        one.payload = alerts(2);
        let parts = Batch::merge(vec![nobodys, one, two]).split(2, 0);
        let of = |receipt: &Receipt| parts.iter().map(|part| part.parts_of(receipt)).collect::<Vec<_>>();
        assert_eq!(of(&first), [0, 0, 1, 0]);
        assert_eq!(of(&second), [0, 0, 0, 1]);
        parts.into_iter().for_each(|part| part.end(&Outcome::Delivered));
    }

    #[test]
    fn where_nobody_knows_whose_items_are_left_everybody_is_told() {
        let (first, one) = batch(3);
        let (second, two) = batch(3);
        let mut joined = Batch::merge(vec![one, two]);
        joined.payload = alerts(4);
        let parts = joined.halve().expect("four items");
        assert!(parts.iter().all(|part| part.parts_of(&first) == 1 && part.parts_of(&second) == 1));
        parts.into_iter().for_each(|part| part.end(&Outcome::Delivered));
    }

    #[test]
    fn a_sender_is_told_which_of_its_items_were_refused() {
        use crate::{Fault, Rejection};
        let (first, one) = batch(3);
        let (second, two) = batch(4);
        let fault = |index| Fault { index: Some(index), field: None, reason: "no".into() };
        // Of seven items in parts of two, the third part holds the second submission's items 1 and 2.
        for (number, part) in Batch::merge(vec![one, two]).split(2, 0).into_iter().enumerate() {
            let mut rejection = Rejection::default();
            rejection.push(fault(1));
            part.end(&if number == 2 { Outcome::Rejected(rejection) } else { Outcome::Delivered });
        }
        assert_eq!(verdict(first).rejected, None);
        let rejected = verdict(second).rejected.expect("one item");
        assert_eq!((rejected.items, rejected.faults), (1, vec![fault(2)]));
    }

    fn verdict(receipt: Receipt) -> crate::Verdict {
        use std::task::{Context as Task, Poll, Waker};
        match std::pin::pin!(receipt).poll(&mut Task::from_waker(Waker::noop())) {
            Poll::Ready(verdict) => verdict,
            Poll::Pending => panic!("a part has not ended"),
        }
    }

    #[test]
    fn data_of_nobody_is_not_given_up_with_its_neighbours() {
        let (receipt, one) = batch(1);
        let mut joined = Batch::merge(vec![one, Batch::unattended(alerts(1), Arc::default())]);
        drop(receipt);
        assert!(!joined.is_abandoned() && joined.claim());
        joined.end(&Outcome::Delivered);
    }
}
