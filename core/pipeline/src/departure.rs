//! How components go: from left to right, each with what it still holds.

use crate::{
    chain::Chain,
    delivery::{Lane, Left, Service},
    graph::{ExtensionNode, ReceiverNode},
};
use futures_util::future::join_all;
use std::{fmt, sync::Arc, time::Duration};
use tidewatch_component::{Exporter, Gate as _};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout_at},
};

/// What a component gets for its stop when the time is up already.
const TO_STOP: Duration = Duration::from_secs(1);

/// How long answers may take to leave once they are given.
const TO_ANSWER: Duration = Duration::from_secs(2);

/// How often is looked whether an exporter's last try is over.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a stop left behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Exporters that could not send everything in time, and how many items that were.
    pub undelivered: Vec<(String, usize)>,
    /// Exporters with items that stay on disk for the next start, and how many these are.
    pub kept: Vec<(String, usize)>,
}

/// Components that go.
pub(crate) struct Departure {
    pub(crate) receivers: Vec<Arc<ReceiverNode>>,
    /// With their tickers.
    pub(crate) chains: Vec<(Arc<Chain>, Option<JoinHandle<()>>)>,
    pub(crate) lanes: Vec<DepartingLane>,
    pub(crate) replaced: Vec<Replaced>,
    /// In the order of their start.
    pub(crate) extensions: Vec<Arc<ExtensionNode>>,
    pub(crate) time: Time,
}

/// A lane, and its task.
pub(crate) struct DepartingLane {
    pub(crate) lane: Arc<Lane>,
    pub(crate) task: JoinHandle<()>,
    /// Its exporter goes, too.
    pub(crate) with_exporter: bool,
    /// It gets dead letters of the others.
    pub(crate) is_last: bool,
}

/// An exporter whose lane goes on with another.
pub(crate) struct Replaced {
    pub(crate) id: String,
    pub(crate) exporter: Arc<dyn Exporter>,
    /// Held by every try that is under way with it.
    pub(crate) service: Option<Arc<Service>>,
}

/// How much time there is.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    /// From here on nobody is kept waiting for an answer, so that one destination that is away leaves time for the
    /// others.
    answers: Instant,
    /// From here on receivers are cut off.
    closed: Instant,
    deadline: Instant,
}

impl Time {
    pub(crate) fn within(timeout: Duration) -> Self {
        let now = Instant::now();
        let answers = now + timeout / 2;
        Self { answers, closed: answers + TO_ANSWER.min(timeout / 4), deadline: now + timeout }
    }
}

impl Departure {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { receivers, chains, lanes, replaced, extensions, .. } = self;
        receivers.is_empty()
            && chains.is_empty()
            && lanes.is_empty()
            && replaced.is_empty()
            && extensions.is_empty()
    }

    /// Stops receivers, lets processors give out what they hold, sends what is queued, and stops exporters.
    pub(crate) async fn pipelines(&mut self) -> Report {
        let time = self.time;
        stop_receivers(&self.receivers, time).await;
        for (chain, ticker) in self.chains.drain(..) {
            // A tick that is under way ends before the last one.
            if let Some(ticker) = ticker {
                ticker.abort();
                ticker.await.ok();
            }
            chain.close(|_| true);
        }
        let (last, first): (Vec<_>, Vec<_>) = self.lanes.drain(..).partition(|lane| lane.is_last);
        let replaced = join_all(self.replaced.drain(..).map(|replaced| replaced.end(time.deadline)));
        let lanes = async {
            let mut left = Vec::new();
            for lanes in [first, last] {
                left.extend(join_all(lanes.into_iter().map(|lane| lane.end(time.deadline))).await);
            }
            left
        };
        let (lanes, replaced) = tokio::join!(lanes, replaced);
        let mut report = Report::default();
        lanes.into_iter().chain(replaced).for_each(|(id, left)| report.add(id, left));
        report
    }

    /// Stops extensions, when nobody needs them any more.
    pub(crate) async fn extensions(self) {
        for node in self.extensions.iter().rev() {
            in_time(&node.id, self.time.deadline, node.extension.stop()).await;
        }
    }
}

/// Lets receivers take nothing more in; returns when their senders have answers.
pub(crate) async fn stop_receivers(receivers: &[Arc<ReceiverNode>], time: Time) {
    let stops = receivers.iter().map(|node| in_time(&node.id, time.closed, node.receiver.stop(time.closed)));
    let last_call = async {
        sleep_until(time.answers).await;
        last_call(receivers);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = join_all(stops) => {}
        () = last_call => {}
    }
}

/// Has everybody who still waits answered now.
pub(crate) fn last_call(receivers: &[Arc<ReceiverNode>]) {
    receivers.iter().for_each(|node| node.door.last_call().call());
}

impl DepartingLane {
    async fn end(self, deadline: Instant) -> (String, Left) {
        let id = self.lane.id().to_owned();
        let left = self.lane.drain(deadline, self.task).await;
        let untold =
            if self.with_exporter { stop_exporter(&id, &self.lane.exporter(), deadline).await } else { 0 };
        (id, Left { undelivered: left.undelivered + untold, ..left })
    }
}

impl Replaced {
    async fn end(self, deadline: Instant) -> (String, Left) {
        if let Some(service) = &self.service {
            while Arc::strong_count(service) > 1 && Instant::now() < deadline {
                sleep(LOOK_EVERY).await;
            }
        }
        let undelivered = stop_exporter(&self.id, &self.exporter, deadline).await;
        (self.id, Left { undelivered, kept: 0 })
    }
}

/// Returns how many items the exporter has lost.
async fn stop_exporter(id: &str, exporter: &Arc<dyn Exporter>, deadline: Instant) -> usize {
    in_time(id, deadline, exporter.stop()).await;
    let untold = exporter.untold();
    if untold > 0 {
        tracing::error!(exporter = id, items = untold, "items that the exporter held are lost");
    }
    untold
}

/// Lets a component stop until `deadline`, and for a moment in any case.
async fn in_time(component: &str, deadline: Instant, stop: impl Future<Output = ()>) {
    let limit = deadline.max(Instant::now() + TO_STOP);
    if timeout_at(limit, stop).await.is_err() {
        tracing::warn!(component, "did not stop in time");
    }
}

impl Report {
    fn add(&mut self, id: String, left: Left) {
        self.undelivered.extend((left.undelivered > 0).then(|| (id.clone(), left.undelivered)));
        self.kept.extend((left.kept > 0).then_some((id, left.kept)));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.undelivered.extend(other.undelivered);
        self.kept.extend(other.kept);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.undelivered.is_empty() && self.kept.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return formatter.write_str("nothing is left undelivered");
        }
        let undelivered =
            self.undelivered.iter().map(|(id, items)| format!("{items} items not delivered to `{id}`"));
        let kept = self.kept.iter().map(|(id, items)| format!("{items} items for `{id}` stay on disk"));
        formatter.write_str(&undelivered.chain(kept).collect::<Vec<_>>().join(", "))
    }
}
