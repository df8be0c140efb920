//! `filter`: drops what OTTL conditions hold for.

mod compile;
mod config;
mod run;
#[cfg(test)]
mod tests;

pub use config::{FilterConfig, LogConditions, MetricConditions, TraceConditions};

use crate::ottl::Failures;
use compile::Filters;
use run::Run;
use std::sync::Arc;
use tidewatch_component::{
    Batch, BuildContext, Out, Payload, Processor, ProcessorFactory, Rejection, SignalSet, data_type,
};
use tidewatch_config::Mistake;
use tidewatch_expr::ErrorMode;
use tidewatch_otlp::{
    Request, Signal,
    edit::{Arena, rewrite},
};

/// Makes `filter` processors.
pub struct Filter;

/// Why items are gone, as it is counted.
const REASON: &str = "filtered";

impl ProcessorFactory for Filter {
    const TYPE: &'static str = "filter";
    type Config = FilterConfig;

    fn build(config: FilterConfig, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        let mode = config.error_mode.into();
        Ok(Arc::new(FilterProcessor {
            filters: Filters::compile(config)?,
            mode,
            failures: Failures::new(context),
        }))
    }
}

struct FilterProcessor {
    filters: Filters,
    mode: ErrorMode,
    failures: Failures,
}

impl FilterProcessor {
    /// The request without what is dropped, or why it is refused; none: it stays as it is.
    fn filter(&self, request: &Request) -> Result<Option<Request>, String> {
        let (canonical, arena) = (request.canonical(), Arena::new());
        let tests = self.filters.of(request.signal());
        let mut run = Run { tests, mode: self.mode, arena: &arena, failures: &self.failures, refused: None };
        let rest = rewrite(&canonical, &arena, &mut run);
        run.refused.map_or(Ok(rest), Err)
    }
}

impl Processor for FilterProcessor {
    fn handles(&self) -> SignalSet {
        let judged = Signal::ALL.into_iter().filter(|signal| !self.filters.of(*signal).is_empty());
        judged.map(data_type).collect()
    }

    fn process(&self, mut batch: Batch, out: &mut Out<'_>) {
        let Some(request) = batch.telemetry() else { return out.send(batch) };
        match self.filter(request) {
            Ok(None) => out.send(batch),
            Ok(Some(rest)) if rest.is_empty() => out.drop_batch(batch, REASON),
            Ok(Some(rest)) => {
                out.dropped_items(batch.data_type(), batch.items() - rest.items(), REASON);
                batch.payload = Payload::Telemetry(rest);
                out.send(batch);
            }
            Err(reason) => {
                let rejection = Rejection::new(batch.items(), reason);
                out.reject_batch(batch, rejection);
            }
        }
    }
}
