//! From a checked configuration to a graph, with as much as possible of the one that runs.

use crate::{
    chain::{Chain, Stage},
    common::Common,
    delivery::{Lane, Policy, Service},
    door::Door,
    fan_out::{FanOut, Outlet},
    graph::{ExporterNode, ExtensionNode, Graph, Origin, PipelineNode, ReceiverNode, is_same},
    ticker::Wish,
};
use indexmap::IndexMap;
use std::{any::Any, collections::HashMap, sync::Arc};
use tidewatch_component::{
    BuildContext, DataType, DeliveryConfig, Exporter, Gather, QueueConfig, Registry, SignalSet, WhenFull,
};
use tidewatch_config::{Component, ComponentId, Config, Diagnostics, Kind, Mistake, PipelineId};
use tidewatch_store::Store;
use tidewatch_telemetry::{Books, Held, NodeKind};

/// A graph that is ready to be started. Nothing outside has been touched: no port is bound and no file is opened.
pub(crate) struct Plan {
    pub(crate) graph: Graph,
    /// Lanes that go on, with what they do from then on.
    pub(crate) renewals: Vec<(Arc<Lane>, Service)>,
    /// Twins of the running receivers that go, to take their places again where their successors cannot start.
    pub(crate) spares: Vec<Arc<ReceiverNode>>,
}

impl Plan {
    /// Builds every component that the configuration names and `before` does not have already, and joins them to
    /// pipelines.
    ///
    /// # Errors
    /// All mistakes that the components find in their configurations.
    pub(crate) fn make(
        config: &Config,
        registry: &Registry,
        common: &Common,
        before: &Graph,
    ) -> Result<Self, Diagnostics> {
        let mut builder = Builder {
            config,
            registry,
            common,
            before,
            graph: Graph::default(),
            provided: Arc::default(),
            renewals: Vec::new(),
            mistakes: Diagnostics::default(),
        };
        builder.extensions();
        let exporters = builder.exporters();
        let mut stages = builder.stages();
        builder.lanes(exporters, &stages);
        builder.pipelines(&mut stages);
        builder.receivers();
        if builder.mistakes.has_errors() {
            return Err(builder.mistakes);
        }
        let spares = builder.spares();
        let Builder { graph, renewals, .. } = builder;
        Ok(Self { graph, renewals, spares })
    }
}

struct Builder<'a> {
    config: &'a Config,
    registry: &'a Registry,
    common: &'a Common,
    before: &'a Graph,
    graph: Graph,
    provided: Provided,
    renewals: Vec<(Arc<Lane>, Service)>,
    mistakes: Diagnostics,
}

/// What the extensions provide, by their ids.
type Provided = Arc<HashMap<String, Vec<Arc<dyn Any + Send + Sync>>>>;

/// An exporter without its lane.
struct Drafted {
    origin: Origin,
    exporter: Arc<dyn Exporter>,
    delivery: DeliveryConfig,
}

type Stages = HashMap<PipelineId, Vec<Arc<Stage>>>;

fn provided(extensions: &[Arc<ExtensionNode>]) -> Provided {
    Arc::new(extensions.iter().map(|node| (node.id.clone(), node.provides.clone())).collect())
}

/// Whether both have their queue in the same place on disk.
fn shares_log(one: &Service, other: &Service) -> bool {
    matches!((&one.storage, &other.storage), (Some(one), Some(other)) if Arc::ptr_eq(one, other))
}

impl Builder<'_> {
    fn context(&self, id: &ComponentId, pipeline: &str) -> BuildContext {
        let mut context = BuildContext::new(id.clone(), &self.common.metrics);
        context.pipeline = pipeline.to_owned();
        context.provided = self.provided.clone();
        context.memory = self.common.memory.clone();
        context.dead_letters = self.common.dead_letters.clone();
        context
    }

    /// Keeps what was built, or its mistakes.
    fn keep<T>(&mut self, built: Option<Result<T, Diagnostics>>) -> Option<T> {
        // A type without a builder is a mistake that the configuration has reported already.
        match built? {
            Ok(built) => Some(built),
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                None
            }
        }
    }

    /// Whether what was made of `origin` would be made the same of `component`.
    fn stays(&self, origin: &Origin, component: &Component) -> bool {
        let same = |id: &String| match (self.before.extension(id), self.graph.extension(id)) {
            (Some(before), Some(now)) => is_same(before, now),
            (None, None) => true,
            _ => false,
        };
        origin.component == *component && origin.asked.iter().all(same)
    }

    fn extensions(&mut self) {
        let listed = |id: &ComponentId| self.config.service.extensions.iter().position(|own| own == id);
        let mut nodes = Vec::new();
        for (id, component) in &self.config.extensions {
            let before = listed(id).and_then(|_| self.before.extension(&id.to_string()));
            if let Some(before) = before {
                if before.origin.component == *component {
                    nodes.push(before.clone());
                    continue;
                }
                if !before.extension.is_replaceable() {
                    let mistake = Mistake::new("", format!("`{id}` cannot change while the agent runs"));
                    let help = "restart the agent, or take the change back";
                    self.mistakes.push(component.diagnose(mistake.help(help)));
                }
            }
            let context = self.context(id, "");
            let build = self.registry.extension_builder(component.type_name);
            let Some(extension) = self.keep(build.map(|build| build(component, &context))) else { continue };
            if listed(id).is_some() {
                nodes.push(Arc::new(ExtensionNode {
                    id: id.to_string(),
                    origin: Origin::new(component, &context),
                    provides: extension.provides(),
                    extension,
                    sockets: self.common.sockets.of_another(),
                }));
            }
        }
        // Started in the order in which the service names them.
        nodes.sort_by_key(|node| listed(&node.origin.component.id));
        self.provided = provided(&nodes);
        self.graph.extensions = nodes;
    }

    fn exporters(&mut self) -> IndexMap<ComponentId, Drafted> {
        let mut exporters = IndexMap::new();
        for (id, component) in &self.config.exporters {
            let before = self.before.exporter(&id.to_string());
            let drafted = match before.filter(|before| self.stays(&before.origin, component)) {
                Some(ExporterNode { origin, exporter, delivery, .. }) => {
                    let (origin, exporter, delivery) = (origin.clone(), exporter.clone(), delivery.clone());
                    Drafted { origin, exporter, delivery }
                }
                None => {
                    let context = self.context(id, "");
                    let build = self.registry.exporter_builder(component.type_name);
                    let Some(built) = self.keep(build.map(|build| build(component, &context))) else {
                        continue;
                    };
                    let origin = Origin::new(component, &context);
                    Drafted { origin, exporter: built.exporter, delivery: built.delivery }
                }
            };
            exporters.insert(id.clone(), drafted);
        }
        exporters
    }

    /// What an exporter gets: its `signals:`, else what its type takes.
    fn takes(&self, drafted: &Drafted) -> SignalSet {
        let catalog = self.registry.catalog();
        let type_ = catalog.find(Kind::Exporter, drafted.origin.component.type_name);
        let own = type_.map_or(SignalSet::NONE, |of| of.signals);
        drafted.delivery.signals.as_ref().map_or(own, |signals| signals.iter().copied().collect())
    }

    fn stages(&mut self) -> Stages {
        let config = self.config;
        let mut all = Stages::new();
        for (pipeline, keys) in &config.service.pipelines {
            let stages = keys.processors.iter().filter_map(|id| self.stage(pipeline, id)).collect();
            all.insert(pipeline.clone(), stages);
        }
        self.check_unused_processors();
        all
    }

    fn stage(&mut self, pipeline: &PipelineId, id: &ComponentId) -> Option<Arc<Stage>> {
        let component = self.config.processors.get(id)?;
        let name = id.to_string();
        let before = self.before.pipelines.get(pipeline).map_or(&[][..], |node| node.chain.stages());
        let before = before.iter().find(|stage| stage.id == name && self.stays(&stage.origin, component));
        if let Some(stage) = before {
            return Some(stage.clone());
        }
        let context = self.context(id, pipeline.as_str());
        let build = self.registry.processor_builder(component.type_name);
        let processor = self.keep(build.map(|build| build(component, &context)))?;
        let books = Books::open(&self.common.metrics, NodeKind::Processor, pipeline.as_str(), &name);
        let origin = Origin::new(component, &context);
        let stage = Arc::new(Stage { id: name, origin, processor, books, wish: Wish::default() });
        let holder: Arc<dyn Held> = stage.clone();
        self.common.holders.add(stage.books.clone(), Arc::downgrade(&holder));
        Some(stage)
    }

    /// Builds processors that no pipeline names, for their mistakes alone.
    fn check_unused_processors(&mut self) {
        let config = self.config;
        let used = |id: &ComponentId| {
            config.service.pipelines.values().any(|pipeline| pipeline.processors.contains(id))
        };
        for (id, component) in config.processors.iter().filter(|(id, _)| !used(id)) {
            let context = self.context(id, "");
            let build = self.registry.processor_builder(component.type_name);
            let _ = self.keep(build.map(|build| build(component, &context)));
        }
    }

    /// One lane for each exporter that a pipeline names.
    fn lanes(&mut self, exporters: IndexMap<ComponentId, Drafted>, stages: &Stages) {
        let pipelines = &self.config.service.pipelines;
        for (id, drafted) in exporters {
            let behind: Vec<&PipelineId> = pipelines
                .iter()
                .filter(|(_, pipeline)| pipeline.exporters.contains(&id))
                .map(|(id, _)| id)
                .collect();
            let takes_dead_letters = self.config.service.dead_letter.as_ref() == Some(&id);
            if behind.is_empty() && !takes_dead_letters {
                continue;
            }
            // Of several `batch` processors in front of it, the one that gathers most counts.
            let gather: Option<Gather> = behind
                .iter()
                .flat_map(|pipeline| &stages[*pipeline])
                .filter_map(|stage| stage.processor.gather())
                .max_by_key(|gather| gather.min_items);
            let (takes, storage) = (self.takes(&drafted), self.storage(&id, &drafted.delivery.sending_queue));
            let Drafted { origin, exporter, delivery } = drafted;
            let policy = Policy::new(&delivery, gather, &*exporter);
            let may_refuse = policy.when_full == WhenFull::Refuse;
            let dead_letters = self.common.dead_letters.clone();
            let service = Service { exporter: exporter.clone(), policy, takes, storage, dead_letters };
            let before = self.before.exporter(&id.to_string());
            let lane = match before.filter(|before| before.outlet.lane.can_serve(&service)) {
                Some(before) => {
                    if before.gather != gather || !is_same(&before.exporter, &exporter) {
                        self.renewals.push((before.outlet.lane.clone(), service));
                    }
                    before.outlet.lane.clone()
                }
                None => {
                    if before.is_some_and(|before| shares_log(&before.outlet.lane.service(), &service)) {
                        let message =
                            "this queue on disk cannot change its order or sizer while the agent runs";
                        let mistake = Mistake::new("sending_queue", message).help("restart the agent for it");
                        self.mistakes.push(self.config.exporters[&id].diagnose(mistake));
                    }
                    self.lane(&id, service)
                }
            };
            if takes_dead_letters {
                self.dead_letter_to(&origin, &lane, takes);
            }
            let outlet = Outlet { lane, takes, may_refuse };
            self.graph.exporters.push(ExporterNode {
                id: id.to_string(),
                origin,
                exporter,
                delivery,
                gather,
                outlet,
            });
        }
    }

    fn dead_letter_to(&mut self, exporter: &Origin, lane: &Arc<Lane>, takes: SignalSet) {
        if !takes.contains(DataType::Logs) {
            let message = format!("dead letters are logs, but this exporter takes only {takes}");
            self.mistakes.push(exporter.component.diagnose(Mistake::new("", message)));
        }
        self.graph.dead_letter = Some(lane.clone());
    }

    fn lane(&self, id: &ComponentId, service: Service) -> Arc<Lane> {
        let memory = Some(self.common.memory.clone());
        let lane = Lane::new(id.to_string(), service, memory, &self.common.metrics);
        let holder: Arc<dyn Held> = lane.clone();
        self.common.holders.add(lane.books().clone(), Arc::downgrade(&holder));
        self.common.roll.add(&lane);
        lane
    }

    /// Where an exporter's queue is kept, if not in memory.
    fn storage(&mut self, id: &ComponentId, queue: &QueueConfig) -> Option<Arc<Store>> {
        let store = self.context(id, "").provided::<Store>(queue.storage.as_deref()?);
        let mistake =
            |error| self.config.exporters[id].diagnose(Mistake::new("sending_queue.storage", error));
        self.keep(Some(store.map_err(|error| mistake(error).into())))
    }

    fn pipelines(&mut self, stages: &mut Stages) {
        for (id, keys) in &self.config.service.pipelines {
            let exporters = keys.exporters.iter().filter_map(|id| self.graph.exporter(&id.to_string()));
            let outlets: Vec<Outlet> = exporters.map(|node| node.outlet.clone()).collect();
            let books = Books::open(&self.common.metrics, NodeKind::FanOut, id.as_str(), id.as_str());
            let takes = match id.signal() {
                // Alerts of a pipeline's own detectors go to its exporters whatever its name says.
                Some(signal) => SignalSet::of(&[signal]),
                None => SignalSet::ALL,
            };
            let stages = stages.remove(id).unwrap_or_default();
            let chain = Arc::new(Chain::new(id.as_str(), takes, stages, FanOut::new(outlets, books)));
            self.graph.pipelines.insert(id.clone(), PipelineNode { config: keys.clone(), chain });
        }
    }

    fn receivers(&mut self) {
        for (id, component) in &self.config.receivers {
            let name = id.to_string();
            let before = self.before.receiver(&name);
            let is_used = self.graph.pipelines_of(&name).next().is_some();
            if let Some(before) = before.filter(|before| is_used && self.stays(&before.origin, component)) {
                self.graph.receivers.push(before.clone());
                continue;
            }
            let context = self.context(id, "");
            let build = self.registry.receiver_builder(component.type_name);
            let Some(built) = self.keep(build.map(|build| build(component, &context))) else { continue };
            if is_used {
                // Until it is exchanged, everything goes the old way.
                let acknowledge = built.acknowledge.acknowledge;
                let entrance = self.before.entrance_for(&name, acknowledge, &self.graph, self.common);
                self.graph.receivers.push(Arc::new(ReceiverNode {
                    id: name,
                    origin: Origin::new(component, &context),
                    receiver: built.receiver,
                    acknowledge: built.acknowledge,
                    door: Door::new(entrance),
                    sockets: self.common.sockets.of_another(),
                }));
            }
        }
    }

    fn spares(&mut self) -> Vec<Arc<ReceiverNode>> {
        self.provided = provided(&self.before.extensions);
        let goes = |node: &&Arc<ReceiverNode>| !self.graph.has_receiver(node);
        let twin = |node: &Arc<ReceiverNode>| {
            let component = &node.origin.component;
            let build = self.registry.receiver_builder(component.type_name)?;
            let built = build(component, &self.context(&component.id, "")).ok()?;
            Some(Arc::new(ReceiverNode { receiver: built.receiver, ..ReceiverNode::clone(node) }))
        };
        self.before.receivers.iter().filter(goes).filter_map(twin).collect()
    }
}
