//! `resource`: actions on the attributes of resources.

#[cfg(test)]
mod tests;

pub use crate::actions::{ActionConfig, ActionKind, ConvertedType};

use crate::actions::{Actions, Run};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use tidewatch_component::{
    Batch, BuildContext, Metadata, Out, Payload, Processor, ProcessorFactory, SignalSet,
};
use tidewatch_config::Mistake;
use tidewatch_otlp::{
    Request,
    edit::{Arena, Editor, Level, ResourceDraft, Verdict, rewrite},
};

/// Keys of `resource`, as in the Collector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ResourceConfig {
    /// What is done to the attributes of each resource, in order.
    pub attributes: Vec<ActionConfig>,
}

/// Makes `resource` processors.
pub struct Resource;

impl ProcessorFactory for Resource {
    const TYPE: &'static str = "resource";
    type Config = ResourceConfig;

    fn build(config: ResourceConfig, _: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        Ok(Arc::new(ResourceProcessor { actions: Actions::new("attributes", config.attributes)? }))
    }
}

struct ResourceProcessor {
    actions: Actions,
}

impl ResourceProcessor {
    /// None: nothing was changed.
    fn edit(&self, request: &Request, metadata: &Metadata) -> Option<Request> {
        let (canonical, arena) = (request.canonical(), Arena::new());
        let mut resources = Resources { run: Run::new(&self.actions, metadata, &arena), arena: &arena };
        let edited = rewrite(&canonical, &arena, &mut resources);
        // What a later value overrides goes, too: it may be what should not go out.
        edited.or_else(|| (!request.is_canonical()).then(|| canonical.into_request()))
    }
}

impl Processor for ResourceProcessor {
    fn handles(&self) -> SignalSet {
        SignalSet::TELEMETRY
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

struct Resources<'a> {
    run: Run<'a>,
    arena: &'a Arena,
}

impl<'a> Editor<'a> for Resources<'a> {
    fn level(&self) -> Level {
        Level::Resource
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        resource.set_attributes(self.run.edit(resource.attributes()), self.arena);
        Verdict::Keep
    }
}
