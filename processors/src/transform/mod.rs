//! `transform`: OTTL statements, carried out on what passes.

mod compile;
mod config;
#[cfg(test)]
mod tests;

pub use config::{ContextKey, GroupConfig, StatementsConfig, TransformConfig};

use crate::ottl::{Ended, Failures, Program, Run};
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

/// A request makes up to 1024 parts.
const MAX_HALVINGS: u32 = 10;

struct TransformProcessor {
    programs: Programs,
    failures: Failures,
}

impl TransformProcessor {
    /// The request after all programs, or why it is refused.
    fn transform(&self, request: &Request) -> Result<Request, String> {
        let mut request = request.clone();
        for program in self.programs.of(request.signal()) {
            request = self.run(program, request, 0)?;
        }
        Ok(request)
    }

    /// The request after one program. Where that takes too much memory at once, its halves are taken one after the other.
    fn run(&self, program: &Program, request: Request, halvings: u32) -> Result<Request, String> {
        let bytes = request.bytes().len();
        let (canonical, arena) = (request.canonical(), Arena::new());
        let mut run = Run::new(program, &arena, &self.failures, bytes);
        let edited = rewrite(&canonical, &arena, &mut run);
        match run.ended {
            // What a later value overrides is gone even if nothing was edited: it may be what should not go out.
            None => return Ok(edited.unwrap_or_else(|| canonical.into_request())),
            Some(Ended::Refused(reason)) => return Err(reason),
            Some(Ended::TooMuch) => {}
        }
        drop((edited, arena));
        let halves = if halvings < MAX_HALVINGS { request.halve() } else { None };
        match halves {
            // What belongs to both halves is in each of them: that must not be the most of it.
            Some((left, right)) if left.bytes().len() + right.bytes().len() <= bytes + bytes / 2 => {
                let halves = [left, right].map(|half| self.run(program, half, halvings + 1));
                Ok(Request::merge(halves.into_iter().collect::<Result<_, _>>()?))
            }
            _ => Err("the statements would take too much memory on this request".to_owned()),
        }
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
