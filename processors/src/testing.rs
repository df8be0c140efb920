//! What the tests of several processors need.

use std::sync::Arc;
use tidewatch_component::{Batch, BuildContext, Context, Out, Payload};
use tidewatch_config::ComponentId;
use tidewatch_otlp::Request;
use tidewatch_telemetry::{Books, Metrics, NodeKind};

/// What a factory is given for component `id` in the pipeline `main`.
pub(crate) fn context(id: &str) -> BuildContext {
    let id = id.parse().unwrap_or_else(|_| ComponentId::new(id));
    let mut context = BuildContext::new(id, &Metrics::default());
    context.pipeline = "main".to_owned();
    context
}

/// A batch of `request` that nobody waits for.
pub(crate) fn batch(request: Request) -> Batch {
    Batch::unattended(Payload::Telemetry(request), Arc::new(Context::of_receiver("otlp")))
}

/// The batches that `work` puts out, state alerts last.
pub(crate) fn outputs(work: impl FnOnce(&mut Out<'_>)) -> Vec<Batch> {
    let books = Books::open(&Metrics::default(), NodeKind::Processor, "main", "test");
    let context = Arc::new(Context::of_receiver("pipeline:main"));
    let mut out = Out::new(&books, &context);
    work(&mut out);
    out.finish().0
}
