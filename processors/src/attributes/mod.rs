//! `attributes`: actions on the attributes of log records, spans and data points.

mod config;
mod editor;
mod keys;
mod matcher;
#[cfg(test)]
mod tests;
mod texts;

pub use crate::actions::{ActionConfig, ActionKind, ConvertedType};
pub use config::{
    AttributeConfig, AttributesConfig, LibraryConfig, MatchConfig, MatchType, RegexpConfig, SeverityConfig,
};

use crate::actions::{Actions, Run};
use editor::Items;
use matcher::Matcher;
use std::sync::Arc;
use tidewatch_component::{
    Batch, BuildContext, DataType, Metadata, Out, Payload, Processor, ProcessorFactory, SignalSet, data_type,
};
use tidewatch_config::{Mistake, PipelineId};
use tidewatch_otlp::{
    Request,
    edit::{Arena, rewrite},
};

/// Makes `attributes` processors.
pub struct Attributes;

impl ProcessorFactory for Attributes {
    const TYPE: &'static str = "attributes";
    type Config = AttributesConfig;

    fn build(config: AttributesConfig, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        let only = context.pipeline.parse().ok().and_then(|pipeline: PipelineId| pipeline.signal());
        Ok(Arc::new(AttributesProcessor::new(config, only)?))
    }
}

struct AttributesProcessor {
    selection: Selection,
    actions: Actions,
}

/// What is acted on.
struct Selection {
    include: Option<Matcher>,
    exclude: Option<Matcher>,
}

impl AttributesProcessor {
    /// In a pipeline that may take `only` one signal.
    fn new(config: AttributesConfig, only: Option<DataType>) -> Result<Self, Vec<Mistake>> {
        let matcher = |path, config| Matcher::new(path, config, only);
        let include = config.include.map(|config| matcher("include", config)).transpose();
        let exclude = config.exclude.map(|config| matcher("exclude", config)).transpose();
        match (include, exclude, Actions::new("actions", config.actions)) {
            (Ok(include), Ok(exclude), Ok(actions)) => {
                Ok(Self { selection: Selection { include, exclude }, actions })
            }
            (include, exclude, actions) => {
                let all = [include.err(), exclude.err(), actions.err()];
                Err(all.into_iter().flatten().flatten().collect())
            }
        }
    }

    /// None: nothing was changed.
    fn edit(&self, request: &Request, metadata: &Metadata) -> Option<Request> {
        if !self.handles().contains(data_type(request.signal())) {
            return None;
        }
        let (canonical, arena) = (request.canonical(), Arena::new());
        let run = Run::new(&self.actions, metadata, &arena);
        let mut items = Items::new(request.signal(), &self.selection, run, &arena);
        let edited = rewrite(&canonical, &arena, &mut items);
        // What a later value overrides goes, too: it may be what should not go out.
        edited.or_else(|| (!request.is_canonical()).then(|| canonical.into_request()))
    }
}

impl Processor for AttributesProcessor {
    fn handles(&self) -> SignalSet {
        // What cannot be included passes by.
        self.selection.include.as_ref().map_or(SignalSet::TELEMETRY, |include| include.signals)
    }

    fn process(&self, mut batch: Batch, out: &mut Out<'_>) {
        if let Some(edited) =
            batch.telemetry().and_then(|request| self.edit(request, &batch.context.metadata))
        {
            batch.payload = Payload::Telemetry(edited);
        }
        out.send(batch);
    }
}
