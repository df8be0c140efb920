//! From a checked configuration to lanes, chains and entrances.

use crate::{
    agent::{Agent, NamedExtension, NamedReceiver},
    chain::{Chain, Stage},
    dead_letter::LaneOffice,
    delivery::{Lane, Policy, Service},
    entrance::Entrance,
    fan_out::FanOut,
};
use std::{any::Any, collections::HashMap, sync::Arc};
use tidewatch_component::{
    Budget, BuildContext, BuiltExporter, DataType, DeadLetters, Gather, QueueConfig, Registry, SignalSet,
    dead_letter::Office,
};
use tidewatch_config::{Component, ComponentId, Config, Diagnostics, Mistake, PipelineId};
use tidewatch_store::Store;
use tidewatch_telemetry::{Books, Held, Holders, Metrics, NodeKind};

impl Agent {
    /// Builds every component that the configuration names, and joins them to pipelines. Touches
    /// nothing outside: no port is bound and no file is opened.
    ///
    /// # Errors
    /// All mistakes that the components find in their configurations.
    pub fn build(config: &Config, registry: &Registry, metrics: &Metrics) -> Result<Self, Diagnostics> {
        let mut builder = Builder {
            config,
            registry,
            metrics,
            provided: Arc::default(),
            holders: Holders::default(),
            memory: Budget::new(config.service.memory_limit.map_or(usize::MAX, |limit| limit.as_usize())),
            dead_letters: DeadLetters::default(),
            dead_letter: None,
            mistakes: Diagnostics::default(),
        };
        builder.holders.register(metrics);
        let extensions = builder.extensions();
        let exporters = builder.exporters();
        let chains = builder.chains(&exporters);
        let receivers = builder.receivers(&chains);
        builder.connect_dead_letters();
        if builder.mistakes.has_errors() {
            return Err(builder.mistakes);
        }
        let dead_letter = builder.dead_letter;
        let mut lanes: Vec<Arc<Lane>> = chains.values().flat_map(|(_, lanes)| lanes.clone()).collect();
        lanes.extend(dead_letter.clone());
        lanes.sort_by_key(|lane| lane.number());
        lanes.dedup_by_key(|lane| lane.number());
        Ok(Self {
            extensions,
            lanes,
            dead_letter,
            chains: chains.into_values().map(|(chain, _)| chain).collect(),
            receivers,
            shutdown_timeout: config.service.shutdown_timeout.into(),
            metrics: metrics.clone(),
        })
    }
}

struct Builder<'a> {
    config: &'a Config,
    registry: &'a Registry,
    metrics: &'a Metrics,
    provided: Arc<HashMap<String, Vec<Arc<dyn Any + Send + Sync>>>>,
    holders: Holders,
    /// What all queues hold in memory; bounded by `service.memory_limit`.
    memory: Arc<Budget>,
    dead_letters: DeadLetters,
    /// Where they go.
    dead_letter: Option<Arc<Lane>>,
    mistakes: Diagnostics,
}

type Chains = indexmap::IndexMap<PipelineId, (Arc<Chain>, Vec<Arc<Lane>>)>;
type Exporters = indexmap::IndexMap<ComponentId, (BuiltExporter, SignalSet)>;

impl Builder<'_> {
    fn context(&self, id: &ComponentId, pipeline: &str) -> BuildContext {
        let mut context = BuildContext::new(id.clone(), self.metrics);
        context.pipeline = pipeline.to_owned();
        context.provided = self.provided.clone();
        context.memory = self.memory.clone();
        context.dead_letters = self.dead_letters.clone();
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

    fn extensions(&mut self) -> Vec<NamedExtension> {
        let mut extensions = Vec::new();
        let mut provided = HashMap::new();
        for (id, component) in &self.config.extensions {
            let context = self.context(id, "");
            let build = self.registry.extension_builder(component.type_name);
            let Some(extension) = self.keep(build.map(|build| build(component, &context))) else { continue };
            if self.config.service.extensions.contains(id) {
                provided.insert(id.to_string(), extension.provides());
                extensions.push(NamedExtension { id: id.to_string(), extension });
            }
        }
        self.provided = Arc::new(provided);
        // Started in the order in which the service names them.
        extensions.sort_by_key(|named| {
            self.config.service.extensions.iter().position(|id| id.to_string() == named.id)
        });
        extensions
    }

    fn exporters(&mut self) -> Exporters {
        let mut exporters = Exporters::new();
        for (id, component) in &self.config.exporters {
            let context = self.context(id, "");
            let build = self.registry.exporter_builder(component.type_name);
            if let Some(built) = self.keep(build.map(|build| build(component, &context))) {
                let takes = self.takes(component, &built);
                exporters.insert(id.clone(), (built, takes));
            }
        }
        exporters
    }

    /// What an exporter gets: its `signals:`, else what its type takes.
    fn takes(&self, component: &Component, built: &BuiltExporter) -> SignalSet {
        let catalog = self.registry.catalog();
        let own = catalog.find(component.kind, component.type_name).map_or(SignalSet::NONE, |of| of.signals);
        built.delivery.signals.as_ref().map_or(own, |signals| signals.iter().copied().collect())
    }

    fn chains(&mut self, exporters: &Exporters) -> Chains {
        let mut stages = HashMap::new();
        for pipeline in self.config.service.pipelines.keys() {
            stages.insert(pipeline.clone(), self.stages(pipeline));
        }
        self.check_unused_processors();
        let lanes = self.lanes(exporters, &stages);
        let mut chains = Chains::new();
        for (id, pipeline) in &self.config.service.pipelines {
            let lanes: Vec<Arc<Lane>> =
                pipeline.exporters.iter().filter_map(|id| lanes.get(id).cloned()).collect();
            let books = Books::open(self.metrics, NodeKind::FanOut, id.as_str(), id.as_str());
            let takes = match id.signal() {
                // Alerts of a pipeline's own detectors go to its exporters whatever its name says.
                Some(signal) => SignalSet::of(&[signal]),
                None => SignalSet::ALL,
            };
            let stages = stages.remove(id).unwrap_or_default();
            let chain = Arc::new(Chain::new(id.as_str(), takes, stages, FanOut::new(lanes.clone(), books)));
            for stage in chain.stages() {
                let holder: Arc<dyn Held> = stage.clone();
                self.holders.add(stage.books.clone(), Arc::downgrade(&holder));
            }
            chains.insert(id.clone(), (chain, lanes));
        }
        chains
    }

    fn stages(&mut self, pipeline: &PipelineId) -> Vec<Arc<Stage>> {
        let config = self.config;
        let mut stages = Vec::new();
        for id in &config.service.pipelines[pipeline].processors {
            let Some(component) = config.processors.get(id) else { continue };
            let context = self.context(id, pipeline.as_str());
            let build = self.registry.processor_builder(component.type_name);
            if let Some(processor) = self.keep(build.map(|build| build(component, &context))) {
                let books =
                    Books::open(self.metrics, NodeKind::Processor, pipeline.as_str(), &id.to_string());
                stages.push(Arc::new(Stage { id: id.to_string(), processor, books }));
            }
        }
        stages
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
    fn lanes(
        &mut self,
        exporters: &Exporters,
        stages: &HashMap<PipelineId, Vec<Arc<Stage>>>,
    ) -> HashMap<ComponentId, Arc<Lane>> {
        let pipelines = &self.config.service.pipelines;
        let mut lanes = HashMap::new();
        for (id, (built, takes)) in exporters {
            let behind: Vec<&PipelineId> = pipelines
                .iter()
                .filter(|(_, pipeline)| pipeline.exporters.contains(id))
                .map(|(id, _)| id)
                .collect();
            let dead_letters = self.config.service.dead_letter.as_ref() == Some(id);
            if behind.is_empty() && !dead_letters {
                continue;
            }
            // Of several `batch` processors in front of it, the one that gathers most counts.
            let gather: Option<Gather> = behind
                .iter()
                .flat_map(|pipeline| &stages[*pipeline])
                .filter_map(|stage| stage.processor.gather())
                .max_by_key(|gather| gather.min_items);
            let policy = Policy::new(&built.delivery, gather, &*built.exporter);
            let memory = Some(self.memory.clone());
            let storage = self.storage(id, &built.delivery.sending_queue);
            let service = Service {
                exporter: built.exporter.clone(),
                policy,
                takes: *takes,
                storage,
                dead_letters: self.dead_letters.clone(),
            };
            let lane = Lane::new(id.to_string(), service, memory, self.metrics);
            let holder: Arc<dyn Held> = lane.clone();
            self.holders.add(lane.books().clone(), Arc::downgrade(&holder));
            if dead_letters {
                self.dead_letter = Some(lane.clone());
            }
            lanes.insert(id.clone(), lane);
        }
        register_queue_size(self.metrics, &lanes);
        lanes
    }

    /// From now on letters go to the exporter that `service.dead_letter` names.
    fn connect_dead_letters(&mut self) {
        let lane = self.dead_letter.as_ref();
        if let Some(lane) = lane.filter(|lane| !lane.takes().contains(DataType::Logs)) {
            let named = self.config.service.dead_letter.as_ref().and_then(|id| self.config.exporters.get(id));
            let message = format!("dead letters are logs, but this exporter takes only {}", lane.takes());
            self.mistakes.extend(named.map(|exporter| exporter.diagnose(Mistake::new("", message))));
            return;
        }
        let office = lane.map(|lane| LaneOffice::new(lane.clone(), self.metrics) as Arc<dyn Office>);
        self.dead_letters.connect(office);
    }

    /// Where an exporter's queue is kept, if not in memory.
    fn storage(&mut self, id: &ComponentId, queue: &QueueConfig) -> Option<Arc<Store>> {
        let store = self.context(id, "").provided::<Store>(queue.storage.as_deref()?);
        let mistake =
            |error| self.config.exporters[id].diagnose(Mistake::new("sending_queue.storage", error));
        self.keep(Some(store.map_err(|error| mistake(error).into())))
    }

    fn receivers(&mut self, chains: &Chains) -> Vec<NamedReceiver> {
        let config = self.config;
        let mut receivers = Vec::new();
        for (id, component) in &config.receivers {
            let context = self.context(id, "");
            let build = self.registry.receiver_builder(component.type_name);
            let Some(built) = self.keep(build.map(|build| build(component, &context))) else { continue };
            let own: Vec<Arc<Chain>> = config
                .service
                .pipelines
                .iter()
                .filter(|(_, pipeline)| pipeline.receivers.contains(id))
                .map(|(pipeline, _)| chains[pipeline].0.clone())
                .collect();
            if !own.is_empty() {
                let books = Books::open(self.metrics, NodeKind::Receiver, "", &id.to_string());
                // Without a limit there is nothing to be admitted to.
                let memory = config.service.memory_limit.map(|_| self.memory.clone());
                let entrance = Arc::new(Entrance::new(own, books, memory, built.acknowledge.acknowledge));
                receivers.push(NamedReceiver { id: id.to_string(), built, entrance });
            }
        }
        receivers
    }
}

fn register_queue_size(metrics: &Metrics, lanes: &HashMap<ComponentId, Arc<Lane>>) {
    let help = "What the queue holds, in its sizer's units (bytes by default).";
    let weak: Vec<_> = lanes.values().map(Arc::downgrade).collect();
    metrics.on_scrape("otelcol_exporter_queue_size", help, &["exporter"], move || {
        let lanes = weak.iter().filter_map(std::sync::Weak::upgrade);
        lanes
            .map(|lane| {
                (vec![lane.id().to_owned()], i64::try_from(lane.size_and_capacity().0).unwrap_or(i64::MAX))
            })
            .collect()
    });
}
