//! From one graph to the next while it runs: what is new is started, the doors are exchanged, what is old goes.

use crate::{
    build::Plan,
    delivery::{Lane, Service},
    departure::{DepartingLane, Departure, Replaced, Time, last_call, stop_receivers},
    door::exchange,
    graph::{Graph, ReceiverNode},
    host::HostOf,
    running::{Running, StartFailure},
    ticker,
};
use std::{sync::Arc, time::Duration};
use tidewatch_component::{Intake, StartError};
use tidewatch_config::{PipelineId, service::Service as Keys};

/// How far a change has come.
#[derive(Default)]
struct Begun {
    /// What was started for it.
    graph: Graph,
    /// Receivers that had to make room.
    stopped: Vec<Arc<ReceiverNode>>,
}

impl Running {
    /// Starts what `plan` has in addition, exchanges what is behind the doors, and lets go of the rest. `keys` are
    /// those of the new configuration. What goes is returned; it has still to be seen off.
    ///
    /// # Errors
    /// The first component that could not start. Everything is as before then.
    pub(crate) async fn change(&mut self, plan: Plan, keys: &Keys) -> Result<Departure, StartFailure> {
        let Plan { graph: new, renewals, spares } = plan;
        self.offer_sockets(&new, true);
        let mut begun = Begun::default();
        let started = self.begin(&new, &mut begun).await;
        self.offer_sockets(&new, false);
        match started {
            Ok(()) => Ok(self.commit(new, renewals, &begun.stopped, keys).await),
            Err(failure) => {
                self.roll_back(begun, spares).await;
                Err(failure)
            }
        }
    }

    /// Lets successors take over the sockets of what goes.
    fn offer_sockets(&self, new: &Graph, offered: bool) {
        let receivers = self.graph.receivers.iter().filter(|node| !new.has_receiver(node));
        let extensions = self.graph.extensions.iter().filter(|node| !new.has_extension(node));
        let sockets = receivers.map(|node| &node.sockets).chain(extensions.map(|node| &node.sockets));
        sockets.for_each(|sockets| sockets.offer(offered));
    }

    /// Starts what is new, from right to left.
    async fn begin(&mut self, new: &Graph, begun: &mut Begun) -> Result<(), StartFailure> {
        for node in new.extensions.iter().filter(|node| !self.graph.has_extension(node)) {
            begun.graph.extensions.push(node.clone());
            let host = HostOf { state: self.state.clone(), sockets: node.sockets.clone() };
            node.extension.start(Arc::new(host)).await.map_err(failure("extension", &node.id))?;
        }
        if self.graph.dead_letter.is_none() {
            // Before any lane has letters.
            self.common.connect_dead_letters(new.dead_letter.as_ref());
        }
        for node in &new.exporters {
            if !self.graph.has_exporter(&node.exporter) {
                node.exporter.start().await.map_err(failure("exporter", &node.id))?;
            }
            begun.graph.exporters.push(node.clone());
            let lane = &node.outlet.lane;
            if !self.graph.has_lane(lane) {
                lane.clone().open().await.map_err(failure("exporter", &node.id))?;
                self.lanes.insert(lane.number(), tokio::spawn(lane.clone().run()));
            }
        }
        for (id, node) in &new.pipelines {
            if self.graph.pipelines.contains_key(id) {
                continue;
            }
            begun.graph.pipelines.insert(id.clone(), node.clone());
            node.chain.start(|_| true);
            self.start_ticker(id, node.chain.clone());
        }
        self.begin_receivers(new, begun).await
    }

    async fn begin_receivers(&self, new: &Graph, begun: &mut Begun) -> Result<(), StartFailure> {
        let going: Vec<_> =
            self.graph.receivers.iter().filter(|node| !new.has_receiver(node)).cloned().collect();
        let exclusive = going.iter().any(|node| !node.receiver.overlaps());
        let mut later = Vec::new();
        for node in new.receivers.iter().filter(|node| !self.graph.has_receiver(node)) {
            if exclusive && !node.receiver.overlaps() {
                later.push(node);
                continue;
            }
            match self.start_receiver(node).await {
                Ok(()) => begun.graph.receivers.push(node.clone()),
                Err(_) if going.iter().any(|node| node.sockets.are_in_the_way()) => later.push(node),
                Err(failure) => {
                    begun.graph.receivers.push(node.clone());
                    return Err(failure);
                }
            }
        }
        if later.is_empty() {
            return Ok(());
        }
        let makes_room =
            |node: &Arc<ReceiverNode>| !node.receiver.overlaps() || node.sockets.are_in_the_way();
        begun.stopped = going.into_iter().filter(makes_room).collect();
        tokio::select! {
            () = stop_receivers(&begun.stopped, Time::within(self.timeout())) => {}
            () = self.hurried(&begun.stopped) => {}
        }
        for node in later {
            begun.graph.receivers.push(node.clone());
            self.start_receiver(node).await?;
        }
        Ok(())
    }

    /// Ends the waiting of those who still wait for an answer when the agent itself is told to stop.
    async fn hurried(&self, receivers: &[Arc<ReceiverNode>]) {
        self.hurry.heard().await;
        last_call(receivers);
        std::future::pending::<()>().await;
    }

    async fn start_receiver(&self, node: &ReceiverNode) -> Result<(), StartFailure> {
        let intake = Intake::new(node.door.clone(), node.acknowledge.clone(), &node.id, &self.common.metrics);
        let intake = intake.with_sockets(node.sockets.clone());
        node.receiver.start(intake).await.map_err(failure("receiver", &node.id))?;
        tracing::info!(receiver = node.id, "started");
        Ok(())
    }

    fn start_ticker(&mut self, pipeline: &PipelineId, chain: Arc<crate::chain::Chain>) {
        self.tickers.insert(pipeline.clone(), tokio::spawn(ticker::run(chain)));
    }

    /// From here on nothing can fail.
    async fn commit(
        &mut self,
        new: Graph,
        renewals: Vec<(Arc<Lane>, Service)>,
        stopped: &[Arc<ReceiverNode>],
        keys: &Keys,
    ) -> Departure {
        let old = std::mem::replace(&mut self.graph, new);
        // Nothing ticks in a chain that is about to be left; a tick that is under way ends.
        let lasting: Vec<PipelineId> =
            self.graph.pipelines.keys().filter(|id| old.pipelines.contains_key(*id)).cloned().collect();
        for id in &lasting {
            if let Some(ticker) = self.tickers.remove(id) {
                ticker.abort();
                ticker.await.ok();
            }
        }
        self.common.limit_memory(keys.memory_limit);
        let replaced = self.exchange(&old, renewals, &lasting);
        for id in &lasting {
            self.start_ticker(id, self.graph.pipelines[id].chain.clone());
        }
        let mut departure = self.departure(&old, &self.graph.clone(), self.timeout());
        departure.receivers.retain(|node| !stopped.iter().any(|stopped| Arc::ptr_eq(stopped, node)));
        let gone = replaced.into_iter().filter(|(_, service)| !self.graph.has_exporter(&service.exporter));
        departure.replaced = gone
            .map(|(id, service)| Replaced { id, exporter: service.exporter.clone(), service: Some(service) })
            .collect();
        departure
    }

    /// In one moment for all: lanes, stages and doors. Returns what the lanes did before.
    fn exchange(
        &self,
        old: &Graph,
        renewals: Vec<(Arc<Lane>, Service)>,
        lasting: &[PipelineId],
    ) -> Vec<(String, Arc<Service>)> {
        let new = &self.graph;
        let leaving = old.receivers.iter().filter(|node| !new.has_receiver(node));
        let doors = new.receivers.iter().chain(leaving).map(|node| {
            let acknowledge = node.acknowledge.acknowledge;
            (node.door.clone(), new.entrance_for(&node.id, acknowledge, old, &self.common))
        });
        let mut replaced = Vec::new();
        exchange(doors.collect(), || {
            for (lane, service) in renewals {
                replaced.push((lane.id().to_owned(), lane.serve(service)));
            }
            self.common.connect_dead_letters(new.dead_letter.as_ref());
            for id in lasting {
                let (old, new) = (&old.pipelines[id].chain, &new.pipelines[id].chain);
                // In this order: what an old one leaves behind, a new one of its name may want.
                old.close(|stage| !new.has(stage));
                new.start(|stage| !old.has(stage));
            }
        });
        replaced
    }

    /// What `leaving` has and `staying` has not. Receivers without a successor take nothing more in.
    pub(crate) fn departure(&mut self, leaving: &Graph, staying: &Graph, timeout: Duration) -> Departure {
        let receivers: Vec<_> =
            leaving.receivers.iter().filter(|node| !staying.has_receiver(node)).cloned().collect();
        receivers
            .iter()
            .filter(|node| staying.receiver(&node.id).is_none())
            .for_each(|node| node.door.close());
        let chains = leaving.pipelines.iter().filter(|(id, _)| !staying.pipelines.contains_key(*id));
        let chains = chains.map(|(id, node)| (node.chain.clone(), self.tickers.remove(id))).collect();
        let gone = leaving.exporters.iter().filter(|node| !staying.has_lane(&node.outlet.lane));
        let lanes = gone.filter_map(|node| {
            let lane = node.outlet.lane.clone();
            let task = self.lanes.remove(&lane.number())?;
            let is_last = leaving.dead_letter.as_ref().is_some_and(|last| Arc::ptr_eq(last, &lane));
            Some(DepartingLane { lane, task, with_exporter: !staying.has_exporter(&node.exporter), is_last })
        });
        let lanes = lanes.collect();
        let extensions =
            leaving.extensions.iter().filter(|node| !staying.has_extension(node)).cloned().collect();
        let time = Time::within(timeout);
        Departure { receivers, chains, lanes, replaced: Vec::new(), extensions, time }
    }

    /// Stops what was started, and starts again what was stopped for it.
    async fn roll_back(&mut self, begun: Begun, spares: Vec<Arc<ReceiverNode>>) {
        let mut departure = self.departure(&begun.graph, &self.graph.clone(), self.timeout());
        let idle = begun.graph.exporters.iter().filter(|node| {
            !self.graph.has_exporter(&node.exporter)
                && !departure.lanes.iter().any(|departing| Arc::ptr_eq(&departing.lane, &node.outlet.lane))
        });
        departure.replaced = idle
            .map(|node| Replaced { id: node.id.clone(), exporter: node.exporter.clone(), service: None })
            .collect();
        let report = departure.pipelines().await;
        if !report.is_empty() {
            tracing::warn!("of what was started in vain: {report}");
        }
        departure.extensions().await;
        self.common.connect_dead_letters(self.graph.dead_letter.as_ref());
        let mut missing = Vec::new();
        for node in begun.stopped {
            let Some(twin) = spares.iter().find(|spare| spare.id == node.id) else { continue };
            let started = self.start_receiver(twin).await;
            self.graph.receivers.retain(|own| !Arc::ptr_eq(own, &node));
            match started {
                Ok(()) => self.graph.receivers.push(twin.clone()),
                Err(failure) => {
                    tracing::error!("cannot go on as before: {failure}");
                    missing.push((node.id.clone(), failure.error.to_string()));
                }
            }
        }
        self.state.set_missing(missing);
    }
}

fn failure(kind: &'static str, id: &str) -> impl FnOnce(StartError) -> StartFailure + use<> {
    let id = id.to_owned();
    move |error| StartFailure { kind, id, error }
}
