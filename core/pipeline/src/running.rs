//! An agent at work.

use crate::{
    build::Plan,
    changes::Changes,
    common::Common,
    departure::{Departure, Report},
    forgotten,
    graph::Graph,
    host::{HostOf, State},
};
use futures_util::future::join_all;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tidewatch_component::{Health, Host, LastCall, Registry, StartError};
use tidewatch_config::{Config, Diagnostics, PipelineId};
use tidewatch_telemetry::Metrics;
use tokio::task::JoinHandle;

/// An agent at work.
pub struct Running {
    config: Config,
    pub(crate) graph: Graph,
    pub(crate) common: Common,
    pub(crate) state: Arc<State>,
    /// By the lanes' numbers.
    pub(crate) lanes: HashMap<usize, JoinHandle<()>>,
    pub(crate) tickers: HashMap<PipelineId, JoinHandle<()>>,
    pub(crate) hurry: Arc<LastCall>,
    leaving: Vec<Leaving>,
}

/// What earlier configurations had, on its way out.
struct Leaving {
    task: JoinHandle<Report>,
    has_lanes: bool,
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

/// Why a configuration was not taken over. Everything is as before then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReloadError {
    /// What components find in it, also what takes a restart.
    #[error("{0}")]
    Mistakes(Diagnostics),
    /// A component cannot start.
    #[error("{0}")]
    Start(#[from] StartFailure),
}

impl Running {
    /// Starts everything.
    pub(crate) async fn start(plan: Plan, config: Config, common: Common) -> Result<Self, StartFailure> {
        let mut running = Self {
            graph: Graph::default(),
            state: State::new(common.roll.clone()),
            common,
            lanes: HashMap::new(),
            tickers: HashMap::new(),
            hurry: Arc::default(),
            leaving: Vec::new(),
            config,
        };
        let keys = running.config.service.clone();
        // There is nothing to leave.
        drop(running.change(plan, &keys).await?);
        forgotten::report(&running.graph).await;
        running.state.set_ready(true);
        Ok(running)
    }

    /// Goes on with another configuration. It is checked completely first, and everything that is new is started,
    /// before the flow of data changes; components that have not changed go on with all that they hold. What
    /// goes is seen off in the background. Must not be cancelled.
    ///
    /// # Errors
    /// What is wrong with it. Nothing has changed then.
    pub async fn reload(&mut self, config: &Config, registry: &Registry) -> Result<Changes, ReloadError> {
        let plan = Plan::make(config, registry, &self.common, &self.graph);
        let plan = plan.map_err(ReloadError::Mistakes)?;
        let changes = Changes::between(&self.graph, &self.config, &plan.graph, config);
        if changes.are_none() {
            return Ok(changes);
        }
        self.wait_for_lanes().await;
        let departure = self.change(plan, &config.service).await?;
        self.state.set_missing(Vec::new());
        self.config = config.clone();
        self.see_off(departure);
        Ok(changes)
    }

    /// A queue that is about to end and one to come may be the same on disk.
    async fn wait_for_lanes(&mut self) {
        self.leaving.retain(|leaving| !leaving.task.is_finished());
        for leaving in self.leaving.iter_mut().filter(|leaving| leaving.has_lanes) {
            (&mut leaving.task).await.ok();
        }
        self.leaving.retain(|leaving| !leaving.task.is_finished());
    }

    fn see_off(&mut self, mut departure: Departure) {
        if departure.is_empty() {
            return;
        }
        let has_lanes = !departure.lanes.is_empty();
        // Extensions go when nobody needs them, also of those who began to leave before.
        let before =
            if departure.extensions.is_empty() { Vec::new() } else { std::mem::take(&mut self.leaving) };
        let has_lanes = has_lanes || before.iter().any(|leaving| leaving.has_lanes);
        let task = tokio::spawn(async move {
            let mut report = departure.pipelines().await;
            if !report.is_empty() {
                tracing::warn!("of what the configuration no longer has: {report}");
            }
            for leaving in before {
                report.merge(leaving.task.await.unwrap_or_default());
            }
            departure.extensions().await;
            report
        });
        self.leaving.push(Leaving { task, has_lanes });
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.config.service.shutdown_timeout.into()
    }

    /// How the agent is now.
    pub fn health(&self) -> Health {
        self.state.health()
    }

    /// The agent, for whoever asks how it is while it is reloaded.
    pub fn host(&self) -> Arc<dyn Host> {
        Arc::new(HostOf { state: self.state.clone(), sockets: self.common.sockets.of_another() })
    }

    /// The agent's own metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.common.metrics
    }

    /// Called while it is reloaded, it keeps a reload from waiting for senders' answers.
    pub fn hurry(&self) -> Arc<LastCall> {
        self.hurry.clone()
    }

    /// Stops receivers, lets processors give out what they hold, sends what is queued, and stops the
    /// rest; all within `service.shutdown_timeout`. At most half of it is for the answers that senders
    /// still wait for, so that one destination that is away leaves time for the others.
    pub async fn stop(mut self) -> Report {
        self.state.set_ready(false);
        let graph = std::mem::take(&mut self.graph);
        let mut departure = self.departure(&graph, &Graph::default(), self.timeout());
        // They began earlier, and so end in time.
        let leaving = join_all(self.leaving.drain(..).map(|leaving| leaving.task));
        let (mut report, left) = tokio::join!(departure.pipelines(), leaving);
        left.into_iter().for_each(|left| report.merge(left.unwrap_or_default()));
        departure.extensions().await;
        report
    }
}
