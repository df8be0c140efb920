//! Where telemetry comes in.

use crate::{Context, LastCall, Payload, Receipt, Reservation, StartError, Verdict};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tidewatch_config::{Mistake, Signal, SignalSet};
use tidewatch_net::stream::Sockets;
use tidewatch_telemetry::{IntCounter, Metrics, per_signal};

/// Takes telemetry from somewhere and gives it to its [`Intake`].
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Binds, opens and starts its work; returns once it is ready for data.
    ///
    /// # Errors
    /// What is wrong locally (a port in use, a file unreadable).
    async fn start(&self, intake: Intake) -> Result<(), StartError>;

    /// Stops taking in. Returns when what is under way has its answers, or at `deadline`.
    async fn stop(&self, deadline: tokio::time::Instant);

    /// True: when the configuration changes, a successor may start while this one still works, as servers do
    /// that bind their ports by [`Intake::sockets`]. False, the default: this one is stopped first, as for
    /// sources that must not be read twice.
    fn overlaps(&self) -> bool {
        false
    }
}

/// A pipeline's front door, as a receiver sees it: admission first, then the data.
#[derive(Clone)]
pub struct Intake {
    gate: Arc<dyn Gate>,
    acknowledge: AcknowledgeConfig,
    meters: Arc<Meters>,
    sockets: Sockets,
}

/// A receiver's metrics in the Collector's names, for one transport. They show up with their first use, or
/// when the transport is named.
struct Meters {
    receiver: String,
    transport: String,
    metrics: Metrics,
    counters: OnceLock<Counters>,
}

struct Counters {
    accepted: [IntCounter; Signal::ALL.len()],
    refused: [IntCounter; Signal::ALL.len()],
}

impl Meters {
    fn new(metrics: &Metrics, receiver: &str, transport: &str) -> Self {
        let (receiver, transport) = (receiver.to_owned(), transport.to_owned());
        Self { receiver, transport, metrics: metrics.clone(), counters: OnceLock::new() }
    }

    fn counters(&self) -> &Counters {
        self.counters.get_or_init(|| {
            let counters = |what: &str, help: &str| {
                let labels = ["receiver", "transport"];
                per_signal(&self.metrics, &format!("receiver_{what}"), help, &labels, &[&self.receiver, &self.transport])
            };
            Counters {
                accepted: counters("accepted", "Items whose sender was told that they were taken."),
                refused: counters(
                    "refused",
                    "Items whose sender was told otherwise, or nothing: no room, not well formed, not delivered.",
                ),
            }
        })
    }
}

/// A batch that was handed over, to be [acknowledged](Intake::acknowledged). Dropping it says that the
/// source gave up, as with a [`Receipt`].
#[must_use = "a dropped submission takes its data back"]
pub struct Submission {
    receipt: Receipt,
    open: Open,
}

/// Items without an answer yet. Those that never get one count as refused.
struct Open {
    meters: Arc<Meters>,
    signal: Signal,
    items: usize,
}

impl Open {
    fn accept(&mut self, items: usize) {
        self.meters.counters().accepted[self.signal as usize].inc_by(items as u64);
        self.items -= items;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.meters.counters().refused[self.signal as usize].inc_by(self.items as u64);
    }
}

/// What stands behind an [`Intake`]: all pipelines of one receiver.
pub trait Gate: Send + Sync {
    /// Room for `bytes` of `signal` in every reachable queue, or in none.
    ///
    /// # Errors
    /// Why there is none, and when to come back.
    fn admit(&self, signal: Signal, bytes: usize) -> Result<Permit, Refusal>;

    /// The kinds of data that some pipeline behind it takes.
    fn takes(&self) -> SignalSet;

    /// Resolves when there may be room again, if it was given back after this call.
    fn room(&self) -> futures_util::future::BoxFuture<'_, ()>;

    /// Called when the agent stops, and has no time left for senders that wait.
    fn last_call(&self) -> &LastCall;

    /// Runs the processors and queues what comes out.
    fn submit(&self, permit: Permit, payload: Payload, context: Arc<Context>) -> Receipt;

    /// Counts items that came in and were dropped by the receiver itself.
    fn dropped(&self, signal: Signal, items: usize, reason: &'static str);
}

/// Room that was promised. Unused room is given back on drop.
#[derive(Debug, Default)]
pub struct Permit {
    /// Room in each bounded queue that the data may reach.
    pub rooms: SmallVec<[Room; 2]>,
}

/// Room in one queue.
#[derive(Debug)]
pub struct Room {
    /// The queue's number in its graph.
    pub queue: usize,
    /// Bytes of memory.
    pub bytes: Reservation,
    /// Bytes on disk, where the queue is there.
    pub disk: Option<Reservation>,
    /// Requests or items, where the queue is bounded in these, too.
    pub units: Option<Reservation>,
}

/// A batch was turned away before anything saw it; its sender may come back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What is full.
    pub reason: String,
    /// A good moment to come back.
    pub retry_after: Duration,
}

/// What an answer to the sender stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Acknowledge {
    /// `durable` where every reachable queue is on disk, else `delivered`.
    #[default]
    Auto,
    /// In the queue; lost if the agent dies.
    Queued,
    /// On disk.
    Durable,
    /// Taken by every destination.
    Delivered,
}

/// Keys that every receiver has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AcknowledgeConfig {
    /// What an answer to the sender stands for: `auto` (default), `queued`, `durable` or `delivered`.
    pub acknowledge: Acknowledge,
    /// How long a sender is kept waiting for that, before it gets a retryable error.
    /// Default 8s: less than the 10s after which OpenTelemetry SDKs give up without having heard one.
    pub acknowledge_timeout: tidewatch_config::values::GoDuration,
}

impl Default for AcknowledgeConfig {
    fn default() -> Self {
        Self { acknowledge: Acknowledge::Auto, acknowledge_timeout: Duration::from_secs(8).into() }
    }
}

impl AcknowledgeConfig {
    /// Mistakes that a schema cannot see.
    pub fn check(&self) -> Vec<Mistake> {
        let none = Duration::from(self.acknowledge_timeout).is_zero();
        let mistake = || Mistake::new("acknowledge_timeout", "with no time at all every request would fail");
        none.then(|| mistake().help("e.g. 8s, or `acknowledge: queued` not to wait")).into_iter().collect()
    }
}

impl Intake {
    /// For whoever builds the graph: the way in for `receiver`.
    pub fn new(
        gate: Arc<dyn Gate>,
        acknowledge: AcknowledgeConfig,
        receiver: &str,
        metrics: &Metrics,
    ) -> Self {
        let meters = Arc::new(Meters::new(metrics, receiver, ""));
        Self { gate, acknowledge, meters, sockets: Sockets::default() }
    }

    /// With the sockets that a predecessor may hand over.
    #[must_use]
    pub fn with_sockets(self, sockets: Sockets) -> Self {
        Self { sockets, ..self }
    }

    /// The receiver's sockets, which a successor takes over.
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// The same way in, counted under a transport of its own (`grpc`, `http`).
    #[must_use]
    pub fn over(&self, transport: &str) -> Self {
        let meters = Meters::new(&self.meters.metrics, &self.meters.receiver, transport);
        meters.counters();
        Self { meters: Arc::new(meters), ..self.clone() }
    }

    /// The id of the receiver.
    pub fn receiver(&self) -> &str {
        &self.meters.receiver
    }

    /// The kinds of data that some pipeline of this receiver takes.
    pub fn takes(&self) -> SignalSet {
        self.gate.takes()
    }

    /// Asks for room at once. For senders that can come back, such as OTLP clients.
    ///
    /// # Errors
    /// Why there is no room, and when to come back.
    pub fn admit(&self, signal: Signal, bytes: usize) -> Result<Permit, Refusal> {
        self.gate.admit(signal, bytes)
    }

    /// Waits for room. For sources that can wait, such as files and Kafka.
    pub async fn admit_when_possible(&self, signal: Signal, bytes: usize) -> Permit {
        loop {
            if let Ok(permit) = self.gate.admit(signal, bytes) {
                return permit;
            }
            // Asked for before the second look, so that no room that comes back is missed.
            let room = self.gate.room();
            match self.gate.admit(signal, bytes) {
                Ok(permit) => return permit,
                // The timer is for refusals that are no lack of room.
                Err(refusal) => drop(tokio::time::timeout(refusal.retry_after, room).await),
            }
        }
    }

    /// Hands over a batch that was admitted. The processors have run when this returns; nothing in it
    /// can be cancelled half way.
    pub fn submit(&self, permit: Permit, payload: Payload, context: Arc<Context>) -> Submission {
        let (signal, items) = (payload.data_type(), payload.items());
        let open = Open { meters: self.meters.clone(), signal, items };
        Submission { receipt: self.gate.submit(permit, payload, context), open }
    }

    /// Waits for what this receiver's answers stand for. Dropping the future takes back whatever no
    /// exporter has begun to send.
    pub async fn acknowledged(&self, submission: Submission) -> Verdict {
        let Submission { receipt, mut open } = submission;
        if self.acknowledge.acknowledge == Acknowledge::Queued {
            receipt.detach();
            open.accept(open.items);
            return Verdict::default();
        }
        let patience = self.acknowledge.acknowledge_timeout;
        let verdict = tokio::select! {
            biased;
            verdict = tokio::time::timeout(patience.into(), receipt) => {
                verdict.unwrap_or_else(|_| Verdict::failed(format!("not delivered within {patience}")))
            }
            () = self.gate.last_call().heard() => Verdict::failed("shutting down"),
        };
        if verdict.is_settled() {
            let rejected = verdict.rejected.as_ref().map_or(0, |rejected| rejected.items);
            open.accept(open.items.saturating_sub(rejected));
        }
        verdict
    }

    /// Counts items that were turned away before admission, or by it.
    pub fn refused(&self, signal: Signal, items: usize) {
        self.meters.counters().refused[signal as usize].inc_by(items as u64);
    }

    /// Counts items that came in and were dropped by the receiver itself, such as those with invalid ids.
    pub fn dropped(&self, signal: Signal, items: usize, reason: &'static str) {
        self.refused(signal, items);
        self.gate.dropped(signal, items, reason);
    }
}
