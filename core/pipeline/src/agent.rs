//! Everything together: start from right to left, stop from left to right.

use crate::{
    chain::Chain,
    delivery::{Lane, Left},
    entrance::Entrance,
    ticker,
};
use futures_util::future::join_all;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tidewatch_component::{BuiltReceiver, Extension, Gate as _, Health, Host, Intake, StartError, timestamp};
use tidewatch_net::stream::Sockets;
use tidewatch_telemetry::Metrics;
use tokio::{task::JoinHandle, time::Instant};

/// What a component gets for its stop when the time is up already.
const TO_STOP: Duration = Duration::from_secs(1);

/// How long answers may take to leave once they are given.
const TO_ANSWER: Duration = Duration::from_secs(2);

/// A configuration whose components are built and joined, and not started.
pub struct Agent {
    pub(crate) extensions: Vec<NamedExtension>,
    pub(crate) lanes: Vec<Arc<Lane>>,
    /// One of them: what the others cannot deliver goes there.
    pub(crate) dead_letter: Option<Arc<Lane>>,
    pub(crate) chains: Vec<Arc<Chain>>,
    pub(crate) receivers: Vec<NamedReceiver>,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) metrics: Metrics,
}

pub(crate) struct NamedExtension {
    pub(crate) id: String,
    pub(crate) extension: Arc<dyn Extension>,
}

pub(crate) struct NamedReceiver {
    pub(crate) id: String,
    pub(crate) built: BuiltReceiver,
    pub(crate) entrance: Arc<Entrance>,
}

/// A component could not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{id}`: {error}")]
pub struct StartFailure {
    /// receiver, exporter or extension.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// What is wrong.
    pub error: StartError,
}

/// An agent at work.
pub struct Running {
    agent: Agent,
    state: Arc<State>,
    /// How many extensions and receivers were asked to start; these are stopped.
    extensions: usize,
    receivers: usize,
    lanes: Vec<JoinHandle<()>>,
    tickers: Vec<JoinHandle<()>>,
}

struct State {
    ready: AtomicBool,
    started_at: u64,
    lanes: Vec<Arc<Lane>>,
}

/// What a stop left behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Exporters that could not send everything in time, and how many items that were.
    pub undelivered: Vec<(String, usize)>,
    /// Exporters with items that stay on disk for the next start, and how many these are.
    pub kept: Vec<(String, usize)>,
}

impl Agent {
    /// Starts extensions, exporters, processors and receivers, in this order.
    ///
    /// # Errors
    /// The first component that could not start; what was started before it is stopped again.
    pub async fn start(self) -> Result<Running, StartFailure> {
        let state = Arc::new(State {
            ready: AtomicBool::new(false),
            started_at: timestamp::now() / 1_000_000_000,
            lanes: self.lanes.clone(),
        });
        let mut running = Running {
            agent: self,
            state,
            extensions: 0,
            receivers: 0,
            lanes: Vec::new(),
            tickers: Vec::new(),
        };
        match running.start_all().await {
            Ok(()) => {
                running.state.ready.store(true, Relaxed);
                Ok(running)
            }
            Err(failure) => {
                running.stop().await;
                Err(failure)
            }
        }
    }
}

impl Running {
    async fn start_all(&mut self) -> Result<(), StartFailure> {
        let failure = |kind, id: &str| {
            let id = id.to_owned();
            move |error| StartFailure { kind, id, error }
        };
        for named in &self.agent.extensions {
            self.extensions += 1;
            named.extension.start(self.state.clone()).await.map_err(failure("extension", &named.id))?;
        }
        for lane in &self.agent.lanes {
            lane.exporter().start().await.map_err(failure("exporter", lane.id()))?;
            lane.clone().open().await.map_err(failure("exporter", lane.id()))?;
            self.lanes.push(tokio::spawn(lane.clone().run()));
        }
        for chain in &self.agent.chains {
            self.tickers.push(tokio::spawn(ticker::run(chain.clone())));
        }
        for named in &self.agent.receivers {
            self.receivers += 1;
            let intake = Intake::new(
                named.entrance.clone(),
                named.built.acknowledge.clone(),
                &named.id,
                &self.agent.metrics,
            );
            named.built.receiver.start(intake).await.map_err(failure("receiver", &named.id))?;
            tracing::info!(receiver = named.id, "started");
        }
        Ok(())
    }

    /// How the agent is now.
    pub fn health(&self) -> Health {
        self.state.health()
    }

    /// The agent's own metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.agent.metrics
    }

    /// Stops receivers, lets processors give out what they hold, sends what is queued, and stops the
    /// rest; all within `service.shutdown_timeout`. At most half of it is for the answers that senders
    /// still wait for, so that one destination that is away leaves time for the others.
    pub async fn stop(self) -> Report {
        let now = Instant::now();
        let deadline = now + self.agent.shutdown_timeout;
        let answers = now + self.agent.shutdown_timeout / 2;
        self.state.ready.store(false, Relaxed);
        for named in &self.agent.receivers {
            named.entrance.close();
        }
        let receivers = &self.agent.receivers[..self.receivers];
        let closed = answers + TO_ANSWER.min(self.agent.shutdown_timeout / 4);
        let stops =
            receivers.iter().map(|named| in_time(&named.id, closed, named.built.receiver.stop(closed)));
        tokio::select! {
            _ = join_all(stops) => {}
            () = last_call(receivers, answers) => {}
        }
        // A tick that is under way ends before the last one.
        self.tickers.iter().for_each(JoinHandle::abort);
        let started = self.tickers.len();
        join_all(self.tickers).await;
        self.agent.chains[..started].iter().for_each(|chain| chain.close());
        // Dead letters come from the others.
        let is_last =
            |lane: &Arc<Lane>| self.agent.dead_letter.as_ref().is_some_and(|last| Arc::ptr_eq(last, lane));
        let (last, first): (Vec<_>, Vec<_>) =
            self.agent.lanes.iter().zip(self.lanes).partition(|(lane, _)| is_last(lane));
        let mut drained = Vec::new();
        for lanes in [first, last] {
            drained.extend(join_all(lanes.into_iter().map(|(lane, task)| drain(lane, task, deadline))).await);
        }
        let mut report = Report::default();
        for (id, left) in drained {
            report.undelivered.extend((left.undelivered > 0).then(|| (id.clone(), left.undelivered)));
            report.kept.extend((left.kept > 0).then_some((id, left.kept)));
        }
        for named in self.agent.extensions[..self.extensions].iter().rev() {
            in_time(&named.id, deadline, named.extension.stop()).await;
        }
        report
    }
}

/// Has everybody who still waits at `when` answered that the agent is shutting down.
async fn last_call(receivers: &[NamedReceiver], when: Instant) {
    tokio::time::sleep_until(when).await;
    receivers.iter().for_each(|named| named.entrance.last_call().call());
    std::future::pending::<()>().await;
}

/// Sends what is left until `deadline`, and stops the exporter. Returns what could not be sent.
async fn drain(lane: &Lane, task: JoinHandle<()>, deadline: Instant) -> (String, Left) {
    let left = lane.drain(deadline, task).await;
    in_time(lane.id(), deadline, lane.exporter().stop()).await;
    let untold = lane.exporter().untold();
    if untold > 0 {
        tracing::error!(exporter = lane.id(), items = untold, "items that the exporter held are lost");
    }
    (lane.id().to_owned(), Left { undelivered: left.undelivered + untold, ..left })
}

/// Lets a component stop until `deadline`, and for a moment in any case.
async fn in_time(component: &str, deadline: Instant, stop: impl Future<Output = ()>) {
    let limit = deadline.max(Instant::now() + TO_STOP);
    if tokio::time::timeout_at(limit, stop).await.is_err() {
        tracing::warn!(component, "did not stop in time");
    }
}

impl Host for State {
    fn sockets(&self) -> Sockets {
        Sockets::default()
    }

    fn health(&self) -> Health {
        let degraded =
            self.lanes.iter().filter_map(|lane| Some((lane.id().to_owned(), lane.trouble()?))).collect();
        Health { ready: self.ready.load(Relaxed), started_at: self.started_at, degraded }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let undelivered =
            self.undelivered.iter().map(|(id, items)| format!("{items} items not delivered to `{id}`"));
        let kept = self.kept.iter().map(|(id, items)| format!("{items} items for `{id}` stay on disk"));
        let all: Vec<String> = undelivered.chain(kept).collect();
        formatter.write_str(if all.is_empty() { "nothing is left undelivered" } else { "" })?;
        formatter.write_str(&all.join(", "))
    }
}
