//! What became of a submission: one [`Receipt`] for the source, one [`Ticket`] for each part under way.
//!
//! A part ends exactly once. A ticket that is dropped without an outcome counts as failed, so a lost
//! batch can never look like a delivered one.

use crate::Rejection;
use std::{
    borrow::Cow,
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Release},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

/// How one part of a submission ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The destination took it.
    Delivered,
    /// On disk; it is delivered from there whatever becomes of the agent.
    Durable,
    /// Held by a queue that is allowed to drop (`when_full: drop_*`); nobody waits for more.
    BestEffort,
    /// Dropped on purpose, for a reason that is counted; the source need not send it again.
    Dropped(Cow<'static, str>),
    /// Items of it were refused for good by a processor or a destination; sending them again cannot help.
    Rejected(Rejection),
    /// Not delivered; the source may send it again.
    Failed(Failure),
}

/// Why a part was not delivered, and when a resend makes sense.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// For logs and for the caller.
    pub reason: String,
    /// The least time to wait before a resend, where one is known.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without a hint when to come back.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry_after: None }
    }
}

/// The sum of all parts' outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// The first failure: the whole submission counts as not delivered.
    pub failure: Option<Failure>,
    /// Items refused for good, the first reason, and the first faults by their place in the submission.
    pub rejected: Option<Rejection>,
    /// The first reason for which a part was dropped on purpose.
    pub dropped: Option<Cow<'static, str>>,
    /// Parts that ended delivered, on disk or with a best-effort queue.
    pub delivered_parts: usize,
}

impl Verdict {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Delivered | Outcome::Durable | Outcome::BestEffort => self.delivered_parts += 1,
            Outcome::Dropped(reason) => {
                self.dropped.get_or_insert(reason);
            }
            Outcome::Rejected(new) => match &mut self.rejected {
                Some(sum) => sum.add(new),
                None => self.rejected = Some(new),
            },
            Outcome::Failed(failure) => {
                self.failure.get_or_insert(failure);
            }
        }
    }

    /// That of a submission which is not waited for any longer.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { failure: Some(Failure::new(reason)), ..Self::default() }
    }

    /// True when no part failed: the source may move on.
    pub fn is_settled(&self) -> bool {
        self.failure.is_none()
    }
}

/// The value of `claims` that says: the source gave up before anything was sent.
const GIVEN_UP: usize = usize::MAX;

struct Shared {
    /// Parts without an outcome, plus one for the submission itself while it is being made.
    open: AtomicUsize,
    /// Parts that an exporter has sent, or is sending; or [`GIVEN_UP`].
    claims: AtomicUsize,
    /// Nobody waits any more, and the data goes on.
    detached: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    verdict: Verdict,
    waker: Option<Waker>,
}

impl Shared {
    fn close(&self, outcome: Option<Outcome>) {
        // The verdict is written before the count falls, so that whoever sees zero sees it whole.
        if let Some(outcome) = outcome {
            self.lock().verdict.add(outcome);
        }
        if self.open.fetch_sub(1, AcqRel) == 1 {
            let waker = self.lock().waker.take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The source's end: resolves to the [`Verdict`] once every part has ended.
///
/// Dropping an unresolved receipt says that the source gave up: whatever no exporter has started to
/// send is taken out of memory queues. [`Receipt::detach`] lets go without giving up.
#[must_use = "a dropped receipt takes its data back; detach() lets it go on"]
pub struct Receipt {
    shared: Option<Arc<Shared>>,
}

impl Receipt {
    /// A receipt and its first ticket, which stands for all `items` of the submission.
    pub fn new(items: usize) -> (Self, Ticket) {
        Self::make(items, false)
    }

    /// The same of a source that moves on once its data is on disk, where there is a queue on disk.
    pub fn of_durable(items: usize) -> (Self, Ticket) {
        Self::make(items, true)
    }

    fn make(items: usize, content_on_disk: bool) -> (Self, Ticket) {
        let shared = Arc::new(Shared {
            open: AtomicUsize::new(1),
            claims: AtomicUsize::new(0),
            detached: AtomicBool::new(false),
            state: Mutex::default(),
        });
        (
            Self { shared: Some(shared.clone()) },
            Ticket { shared: Some(shared), items, first: Some(0), content_on_disk, claimed: false },
        )
    }

    /// The receipt of data for which nobody waits: it is ready at once.
    pub fn of_nobody() -> Self {
        Self { shared: None }
    }

    /// Lets the data go on without anybody waiting for it.
    pub fn detach(mut self) {
        if let Some(shared) = self.shared.take() {
            shared.detached.store(true, Release);
        }
    }
}

impl Future for Receipt {
    type Output = Verdict;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Verdict> {
        let Some(shared) = &self.shared else { return Poll::Ready(Verdict::default()) };
        let mut state = shared.lock();
        if shared.open.load(Acquire) > 0 {
            match &mut state.waker {
                Some(waker) => waker.clone_from(context.waker()),
                empty => *empty = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        let verdict = std::mem::take(&mut state.verdict);
        drop(state);
        self.shared = None;
        Poll::Ready(verdict)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            // Loses against an exporter that has begun to send: then the data stays.
            shared.claims.compare_exchange(0, GIVEN_UP, AcqRel, Acquire).ok();
        }
    }
}

/// One part's claim on its receipt. Ends with [`Ticket::end`]; a dropped ticket counts as failed.
#[must_use = "a dropped ticket fails its receipt"]
pub struct Ticket {
    shared: Option<Arc<Shared>>,
    items: usize,
    /// Where the first of them stands in the submission; none where a processor has changed which there are.
    first: Option<usize>,
    /// The source moves on once this part is on disk.
    content_on_disk: bool,
    claimed: bool,
}

impl Ticket {
    /// How many items of the submission this part stands for.
    pub fn items(&self) -> usize {
        self.items
    }

    /// A ticket of data for which nobody waits, to keep its place among others'.
    pub(crate) fn of_nobody(items: usize) -> Self {
        Self { shared: None, items, first: None, content_on_disk: false, claimed: false }
    }

    /// A processor has changed how many items this part stands for.
    pub(crate) fn stand_for(&mut self, items: usize) {
        if items != self.items {
            self.items = items;
            self.first = None;
        }
    }

    /// Where the first of its items stands in the submission, where that is known.
    pub(crate) fn first(&self) -> Option<usize> {
        self.first
    }

    /// Whether this part belongs to the submission behind `receipt`.
    pub fn belongs_to(&self, receipt: &Receipt) -> bool {
        matches!((&self.shared, &receipt.shared), (Some(own), Some(other)) if Arc::ptr_eq(own, other))
    }

    /// A further part, for data derived or copied from this one; standing for `items` items.
    pub fn fork(&self, items: usize) -> Self {
        if let Some(shared) = &self.shared {
            shared.open.fetch_add(1, AcqRel);
        }
        let first = self.first.filter(|_| items == self.items);
        let content_on_disk = self.content_on_disk;
        Self { shared: self.shared.clone(), items, first, content_on_disk, claimed: false }
    }

    /// The same, for data with which the source moves on once it is on disk, whatever it wants of all else.
    pub(crate) fn fork_durable(&self) -> Self {
        let mut part = self.fork(self.items);
        part.content_on_disk = true;
        part
    }

    /// Cuts `items` off into a part of their own; this one keeps the rest.
    pub fn split_off(&mut self, items: usize) -> Self {
        let items = items.min(self.items);
        let mut part = self.fork(items);
        part.first = self.first;
        self.items -= items;
        self.first = self.first.map(|first| first + items);
        part
    }

    /// Ends this part.
    pub fn end(mut self, outcome: Outcome) {
        if let Some(shared) = self.shared.take() {
            shared.close(Some(outcome));
        }
    }

    /// To be called before anything leaves for a destination. False: the source has given up and the
    /// part must not be sent.
    pub fn claim(&mut self) -> bool {
        if let Some(shared) = &self.shared
            && !self.claimed
        {
            let more = |claims| (claims != GIVEN_UP).then(|| claims + 1);
            self.claimed = shared.claims.fetch_update(AcqRel, Acquire, more).is_ok();
            return self.claimed;
        }
        true
    }

    /// Takes a claim back: the destination said that it took nothing.
    pub fn unclaim(&mut self) {
        if let Some(shared) = &self.shared
            && std::mem::take(&mut self.claimed)
        {
            shared.claims.fetch_sub(1, AcqRel);
        }
    }

    /// Whether the source has given up and nothing has been sent.
    pub fn is_abandoned(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.claims.load(Acquire) == GIVEN_UP)
    }

    /// Whether the source moves on once this part is on disk.
    pub fn is_content_on_disk(&self) -> bool {
        self.content_on_disk
    }

    /// Whether the source still waits for the outcome.
    pub fn is_awaited(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| !shared.detached.load(Acquire))
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ticket").field("items", &self.items).finish_non_exhaustive()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.close(Some(Outcome::Failed(Failure::new("lost inside the agent"))));
        }
    }
}
