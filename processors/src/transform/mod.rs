//! `transform`: OTTL statements, carried out on what passes.

mod compile;
mod config;
#[cfg(test)]
mod tests;

pub use config::{ContextKey, GroupConfig, StatementsConfig, TransformConfig};

use crate::ottl::{Failures, Run};
use compile::Programs;
use std::sync::Arc;
use tidewatch_component::{
    Batch, BuildContext, Out, Payload, Processor, ProcessorFactory, Rejection, SignalSet, data_type,
};
use tidewatch_config::Mistake;
use tidewatch_otlp::{
    Request, Signal,
    edit::{Arena, rewrite},
};

/// Makes `transform` processors.
pub struct Transform;

impl ProcessorFactory for Transform {
    const TYPE: &'static str = "transform";
    type Config = TransformConfig;

    fn build(config: TransformConfig, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        Ok(Arc::new(TransformProcessor {
            programs: Programs::compile(config)?,
            failures: Failures::new(context),
        }))
    }
}

struct TransformProcessor {
    programs: Programs,
    failures: Failures,
}

impl TransformProcessor {
    /// The request after all programs, or why it is refused.
    fn transform(&self, request: &Request) -> Result<Request, String> {
        let mut request = request.clone();
        let mut arena = Arena::new();
        for program in self.programs.of(request.signal()) {
            let canonical = request.canonical();
            let mut run = Run::new(program, &arena, &self.failures);
            let edited = rewrite(&canonical, &arena, &mut run);
            if let Some(reason) = run.refused {
                return Err(reason);
            }
            // What a later value overrides is gone even if nothing was edited: it may be what should not go out.
            request = edited.unwrap_or_else(|| canonical.into_request());
            arena.reset();
        }
        Ok(request)
    }
}

impl Processor for TransformProcessor {
    fn handles(&self) -> SignalSet {
        let edited = Signal::ALL.into_iter().filter(|signal| !self.programs.of(*signal).is_empty());
        edited.map(data_type).collect()
    }

    fn process(&self, mut batch: Batch, out: &mut Out<'_>) {
        let Some(request) = batch.telemetry() else { return out.send(batch) };
        match self.transform(request) {
            Ok(edited) => {
                batch.payload = Payload::Telemetry(edited);
                out.send(batch);
            }
            Err(reason) => {
                let rejection = Rejection::new(batch.items(), reason);
                out.reject_batch(batch, rejection);
            }
        }
    }
}
