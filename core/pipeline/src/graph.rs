//! What a configuration has become: components, and how they are joined.

use crate::{
    chain::{Chain, Stage},
    common::Common,
    delivery::Lane,
    door::Door,
    entrance::Entrance,
    fan_out::Outlet,
};
use indexmap::IndexMap;
use std::{any::Any, collections::BTreeSet, sync::Arc};
use tidewatch_component::{
    Acknowledge, AcknowledgeConfig, BuildContext, DeliveryConfig, Exporter, Extension, Gather, Receiver,
};
use tidewatch_config::{Component, PipelineId, service::Pipeline};
use tidewatch_net::stream::Sockets;
use tidewatch_telemetry::{Books, NodeKind};

/// What a component was made of.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) component: Component,
    /// The extensions that it asked for something.
    pub(crate) asked: BTreeSet<String>,
}

impl Origin {
    pub(crate) fn new(component: &Component, context: &BuildContext) -> Self {
        Self { component: component.clone(), asked: context.asked() }
    }
}

/// Everything that runs. A graph shares the components with its predecessor that have not changed.
#[derive(Clone, Default)]
pub(crate) struct Graph {
    /// In the order of their start.
    pub(crate) extensions: Vec<Arc<ExtensionNode>>,
    pub(crate) exporters: Vec<ExporterNode>,
    pub(crate) pipelines: IndexMap<PipelineId, PipelineNode>,
    pub(crate) receivers: Vec<Arc<ReceiverNode>>,
    /// One of the exporters' lanes: what the others cannot deliver goes there.
    pub(crate) dead_letter: Option<Arc<Lane>>,
}

pub(crate) struct ExtensionNode {
    pub(crate) id: String,
    pub(crate) origin: Origin,
    pub(crate) extension: Arc<dyn Extension>,
    pub(crate) provides: Vec<Arc<dyn Any + Send + Sync>>,
    pub(crate) sockets: Sockets,
}

#[derive(Clone)]
pub(crate) struct ExporterNode {
    pub(crate) id: String,
    pub(crate) origin: Origin,
    pub(crate) exporter: Arc<dyn Exporter>,
    pub(crate) delivery: DeliveryConfig,
    /// What the pipelines in front of it ask for.
    pub(crate) gather: Option<Gather>,
    pub(crate) outlet: Outlet,
}

#[derive(Clone)]
pub(crate) struct PipelineNode {
    pub(crate) config: Pipeline,
    pub(crate) chain: Arc<Chain>,
}

#[derive(Clone)]
pub(crate) struct ReceiverNode {
    pub(crate) id: String,
    pub(crate) origin: Origin,
    pub(crate) receiver: Arc<dyn Receiver>,
    pub(crate) acknowledge: AcknowledgeConfig,
    pub(crate) door: Arc<Door>,
    pub(crate) sockets: Sockets,
}

/// Whether both are the same component.
pub(crate) fn is_same<T: ?Sized>(one: &Arc<T>, other: &Arc<T>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

impl Graph {
    pub(crate) fn extension(&self, id: &str) -> Option<&Arc<ExtensionNode>> {
        self.extensions.iter().find(|node| node.id == id)
    }

    pub(crate) fn exporter(&self, id: &str) -> Option<&ExporterNode> {
        self.exporters.iter().find(|node| node.id == id)
    }

    pub(crate) fn receiver(&self, id: &str) -> Option<&Arc<ReceiverNode>> {
        self.receivers.iter().find(|node| node.id == id)
    }

    pub(crate) fn has_extension(&self, node: &Arc<ExtensionNode>) -> bool {
        self.extensions.iter().any(|own| is_same(own, node))
    }

    pub(crate) fn has_exporter(&self, exporter: &Arc<dyn Exporter>) -> bool {
        self.exporters.iter().any(|own| is_same(&own.exporter, exporter))
    }

    pub(crate) fn has_lane(&self, lane: &Arc<Lane>) -> bool {
        self.exporters.iter().any(|own| is_same(&own.outlet.lane, lane))
    }

    pub(crate) fn has_receiver(&self, node: &Arc<ReceiverNode>) -> bool {
        self.receivers.iter().any(|own| is_same(own, node))
    }

    /// The stages of all pipelines.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (&PipelineId, &Arc<Stage>)> {
        self.pipelines.iter().flat_map(|(id, node)| node.chain.stages().iter().map(move |stage| (id, stage)))
    }

    /// The pipelines that `receiver` leads to.
    pub(crate) fn pipelines_of(&self, receiver: &str) -> impl Iterator<Item = (&PipelineId, &Arc<Chain>)> {
        let leads =
            move |node: &PipelineNode| node.config.receivers.iter().any(|id| id.to_string() == receiver);
        self.pipelines.iter().filter(move |(_, node)| leads(node)).map(|(id, node)| (id, &node.chain))
    }

    /// A receiver's way into this graph: where it leads by this graph's configuration. One that is only in `other`
    /// is led to what has the names of its pipelines here; those that are not here either stay.
    pub(crate) fn entrance_for(
        &self,
        receiver: &str,
        acknowledge: Acknowledge,
        other: &Self,
        common: &Common,
    ) -> Entrance {
        let chains: Vec<Arc<Chain>> = match self.receiver(receiver) {
            Some(_) => self.pipelines_of(receiver).map(|(_, chain)| chain.clone()).collect(),
            None => {
                let own = |id: &PipelineId| self.pipelines.get(id).map(|node| &node.chain);
                other.pipelines_of(receiver).map(|(id, chain)| own(id).unwrap_or(chain).clone()).collect()
            }
        };
        let books = Books::open(&common.metrics, NodeKind::Receiver, "", receiver);
        // Without a limit there is nothing to be admitted to.
        let memory = (common.memory.capacity() < usize::MAX).then(|| common.memory.clone());
        Entrance::new(chains, books, memory, acknowledge)
    }
}
