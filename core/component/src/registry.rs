//! The table of component types, from which a binary is made.

use crate::{
    AcknowledgeConfig, Budget, DeadLetters, DeliveryConfig, Exporter, Extension, Processor, Receiver,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::{
    any::Any,
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};
use tidewatch_config::{
    Catalog, Component, ComponentId, ComponentType, Diagnostics, Kind, Mistake, SignalSet,
};
use tidewatch_telemetry::Metrics;

/// A type of receiver.
pub trait ReceiverFactory: 'static {
    /// The type's name in a configuration.
    const TYPE: &'static str;
    /// Other spellings of it.
    const ALIASES: &'static [&'static str] = &[];
    /// What it can produce.
    const SIGNALS: SignalSet = SignalSet::TELEMETRY;
    /// Its keys.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes one, without touching anything outside: `validate` calls this, too.
    ///
    /// # Errors
    /// All mistakes in its configuration.
    fn build(config: Self::Config, context: &BuildContext) -> Result<BuiltReceiver, Vec<Mistake>>;
}

/// A receiver and what its answers stand for.
pub struct BuiltReceiver {
    /// The receiver.
    pub receiver: Arc<dyn Receiver>,
    /// Its `acknowledge` keys.
    pub acknowledge: AcknowledgeConfig,
}

/// A type of processor.
pub trait ProcessorFactory: 'static {
    /// The type's name in a configuration.
    const TYPE: &'static str;
    /// Other spellings of it.
    const ALIASES: &'static [&'static str] = &[];
    /// What it adds to the stream, such as alerts.
    const ADDS: SignalSet = SignalSet::NONE;
    /// Its keys.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes one for one pipeline.
    ///
    /// # Errors
    /// All mistakes in its configuration.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>>;
}

/// A type of exporter.
pub trait ExporterFactory: 'static {
    /// The type's name in a configuration.
    const TYPE: &'static str;
    /// Other spellings of it.
    const ALIASES: &'static [&'static str] = &[];
    /// What it takes where its `signals:` say nothing.
    const TAKES: SignalSet;
    /// What it can write at all.
    const CAN_TAKE: SignalSet = SignalSet::ALL;
    /// Its keys.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes one, without touching anything outside.
    ///
    /// # Errors
    /// All mistakes in its configuration.
    fn build(config: Self::Config, context: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>>;
}

/// An exporter and how it is served.
pub struct BuiltExporter {
    /// The exporter.
    pub exporter: Arc<dyn Exporter>,
    /// Its queue, retry and timeout keys.
    pub delivery: DeliveryConfig,
}

/// A type of extension.
pub trait ExtensionFactory: 'static {
    /// The type's name in a configuration.
    const TYPE: &'static str;
    /// Other spellings of it.
    const ALIASES: &'static [&'static str] = &[];
    /// A warning for whoever configures it; reads on from its name.
    const NOTE: Option<&'static str> = None;
    /// Its keys.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes one, without touching anything outside.
    ///
    /// # Errors
    /// All mistakes in its configuration.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>>;
}

/// What a factory may use.
#[derive(Clone)]
pub struct BuildContext {
    /// The component's id, as in the configuration.
    pub id: ComponentId,
    /// The pipeline a processor is made for; empty for the others.
    pub pipeline: String,
    /// The agent's own metrics.
    pub metrics: Metrics,
    /// What the extensions provide, by their ids.
    pub provided: Arc<HashMap<String, Vec<Arc<dyn Any + Send + Sync>>>>,
    /// The account of what all queues hold in memory, in bytes.
    pub memory: Arc<Budget>,
    /// Where data goes that cannot be read.
    pub dead_letters: DeadLetters,
    /// The extensions that were asked for something, there or not.
    pub asked: Arc<Mutex<BTreeSet<String>>>,
}

impl BuildContext {
    /// The context of a component that stands alone.
    pub fn new(id: ComponentId, metrics: &Metrics) -> Self {
        Self {
            id,
            pipeline: String::new(),
            metrics: metrics.clone(),
            provided: Arc::default(),
            memory: Budget::new(usize::MAX),
            dead_letters: DeadLetters::default(),
            asked: Arc::default(),
        }
    }

    /// For whoever builds the graph: the extensions that were asked for something, there or not. A component has
    /// to be made anew when one of them is.
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What extension `id` provides as a `T`, such as an authenticator.
    ///
    /// # Errors
    /// That there is no such extension in `service.extensions`, or that it provides something else.
    pub fn provided<T: Send + Sync + 'static>(&self, id: &str) -> Result<Arc<T>, String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        let all = self.provided.get(id).ok_or_else(|| {
            let type_ = |id: &str| id.split('/').next().map(str::to_owned);
            let advice = match self.provided.keys().filter(|other| type_(other) == type_(id)).min() {
                Some(other) => format!("did you mean `{other}`?"),
                None => "define it in `extensions`, and list it there".to_owned(),
            };
            format!("there is no extension `{id}` in service.extensions: {advice}")
        })?;
        all.iter()
            .find_map(|one| one.clone().downcast::<T>().ok())
            .ok_or_else(|| format!("the extension `{id}` does not provide this"))
    }
}

/// How to make a component from a configuration: with all its mistakes at their lines.
pub type Build<T> = Box<dyn Fn(&Component, &BuildContext) -> Result<T, Diagnostics> + Send + Sync>;

/// All component types that a binary has. Third parties add their own and pass it to
/// `tidewatch::main`.
#[derive(Default)]
pub struct Registry {
    catalog: Catalog,
    receivers: HashMap<&'static str, Build<BuiltReceiver>>,
    processors: HashMap<&'static str, Build<Arc<dyn Processor>>>,
    exporters: HashMap<&'static str, Build<BuiltExporter>>,
    extensions: HashMap<&'static str, Build<Arc<dyn Extension>>>,
}

impl Registry {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a type of receiver.
    #[must_use]
    pub fn receiver<F: ReceiverFactory>(mut self) -> Self {
        self.list::<F::Config>(Kind::Receiver, F::TYPE, F::ALIASES, F::SIGNALS, None);
        self.receivers.insert(
            F::TYPE,
            builder(|config, context| {
                let built = F::build(config, context)?;
                let mistakes = built.acknowledge.check();
                if mistakes.is_empty() { Ok(built) } else { Err(mistakes) }
            }),
        );
        self
    }

    /// Adds a type of processor.
    #[must_use]
    pub fn processor<F: ProcessorFactory>(mut self) -> Self {
        self.list::<F::Config>(Kind::Processor, F::TYPE, F::ALIASES, F::ADDS, None);
        self.processors.insert(F::TYPE, builder(F::build));
        self
    }

    /// Adds a type of exporter.
    #[must_use]
    pub fn exporter<F: ExporterFactory>(mut self) -> Self {
        self.list::<F::Config>(Kind::Exporter, F::TYPE, F::ALIASES, F::TAKES, None);
        self.exporters.insert(
            F::TYPE,
            builder(|config, context| {
                let built = F::build(config, context)?;
                let mut mistakes = built.delivery.check();
                for signal in built.delivery.signals.iter().flatten() {
                    if !F::CAN_TAKE.contains(*signal) {
                        mistakes
                            .push(Mistake::new("signals", format!("`{}` cannot write {signal}", F::TYPE)));
                    }
                }
                if mistakes.is_empty() { Ok(built) } else { Err(mistakes) }
            }),
        );
        self
    }

    /// Adds a type of extension.
    #[must_use]
    pub fn extension<F: ExtensionFactory>(mut self) -> Self {
        self.list::<F::Config>(Kind::Extension, F::TYPE, F::ALIASES, SignalSet::NONE, F::NOTE);
        self.extensions.insert(F::TYPE, builder(F::build));
        self
    }

    /// Names, schemas and signals of all types.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// How to make a receiver of this type.
    pub fn receiver_builder(&self, type_name: &str) -> Option<&Build<BuiltReceiver>> {
        self.receivers.get(type_name)
    }

    /// How to make a processor of this type.
    pub fn processor_builder(&self, type_name: &str) -> Option<&Build<Arc<dyn Processor>>> {
        self.processors.get(type_name)
    }

    /// How to make an exporter of this type.
    pub fn exporter_builder(&self, type_name: &str) -> Option<&Build<BuiltExporter>> {
        self.exporters.get(type_name)
    }

    /// How to make an extension of this type.
    pub fn extension_builder(&self, type_name: &str) -> Option<&Build<Arc<dyn Extension>>> {
        self.extensions.get(type_name)
    }

    fn list<C: JsonSchema>(
        &mut self,
        kind: Kind,
        name: &'static str,
        aliases: &'static [&'static str],
        signals: SignalSet,
        deprecated_note: Option<&'static str>,
    ) {
        let schema = schemars::schema_for!(C).to_value();
        self.catalog.components.push(ComponentType { kind, name, aliases, schema, signals, deprecated_note });
    }
}

fn builder<C: DeserializeOwned + 'static, T: 'static>(
    build: impl Fn(C, &BuildContext) -> Result<T, Vec<Mistake>> + Send + Sync + 'static,
) -> Build<T> {
    Box::new(move |component, context| {
        let config = component.deserialize::<C>()?;
        build(config, context)
            .map_err(|mistakes| mistakes.into_iter().map(|mistake| component.diagnose(mistake)).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_that_is_not_there_is_suggested_or_asked_for() {
        let context = BuildContext {
            provided: Arc::new(HashMap::from([("basicauth/server".to_owned(), Vec::new())])),
            ..BuildContext::new(ComponentId::new("otlp"), &Metrics::default())
        };
        let error = |id| context.provided::<String>(id).unwrap_err();
        assert!(error("basicauth").ends_with("did you mean `basicauth/server`?"));
        assert!(error("oidc").ends_with("define it in `extensions`, and list it there"));
        assert!(context.asked().into_iter().eq(["basicauth", "oidc"]));
    }
}
