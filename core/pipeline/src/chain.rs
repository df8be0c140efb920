//! The processors of one pipeline, in order.

use crate::{
    fan_out::{FanOut, Outlet},
    graph::Origin,
    isolation::isolated,
    ticker::Wish,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tidewatch_component::{Batch, Context, DataType, Out, Permit, Processor, Refusal, SignalSet};
use tidewatch_telemetry::{Books, Held};
use tokio::sync::Notify;

/// When a refused sender may come back, unless somebody knows better.
pub(crate) const COME_BACK: Duration = Duration::from_secs(1);

/// One pipeline between its receivers and its exporters.
pub(crate) struct Chain {
    takes: SignalSet,
    stages: Vec<Arc<Stage>>,
    fan_out: FanOut,
    /// What processors make on their own comes from here.
    context: Arc<Context>,
    /// A stage asks for an earlier tick.
    wished: Notify,
}

/// A processor of a pipeline and its accounts. It outlives the chain that it stands in: the next one has it, too,
/// if it stays as it is.
pub(crate) struct Stage {
    pub(crate) id: String,
    pub(crate) origin: Origin,
    pub(crate) processor: Arc<dyn Processor>,
    pub(crate) books: Arc<Books>,
    pub(crate) wish: Wish,
}

impl Held for Stage {
    fn held(&self) -> Vec<(DataType, usize)> {
        self.processor.held()
    }
}

impl Chain {
    pub(crate) fn new(name: &str, takes: SignalSet, stages: Vec<Arc<Stage>>, fan_out: FanOut) -> Self {
        let context = Arc::new(Context::of_receiver(&format!("pipeline:{name}")));
        Self { takes, stages, fan_out, context, wished: Notify::new() }
    }

    pub(crate) fn takes(&self) -> SignalSet {
        self.takes
    }

    pub(crate) fn stages(&self) -> &[Arc<Stage>] {
        &self.stages
    }

    /// Resolves when a stage has asked for an earlier tick.
    pub(crate) async fn wished(&self) {
        self.wished.notified().await;
    }

    /// The exporters that this kind of data reaches.
    pub(crate) fn takers(&self, data_type: DataType) -> impl Iterator<Item = &Outlet> {
        self.fan_out.takers(data_type)
    }

    /// Asks every processor before anything is admitted.
    pub(crate) fn admit(&self, bytes: usize) -> Result<(), Refusal> {
        self.stages.iter().try_for_each(|stage| {
            isolated(&stage.id, || stage.processor.admit(bytes)).unwrap_or_else(|| {
                let reason = format!("the processor `{}` is broken", stage.id);
                Err(Refusal { reason, retry_after: COME_BACK })
            })
        })
    }

    /// Takes one batch through all processors, to the exporters' queues.
    pub(crate) fn run(&self, batch: Batch, permit: &mut Permit) {
        self.run_from(0, batch, permit);
    }

    fn run_from(&self, first: usize, batch: Batch, permit: &mut Permit) {
        let data_type = batch.data_type();
        let next =
            (first..self.stages.len()).find(|at| self.stages[*at].processor.handles().contains(data_type));
        let Some(at) = next else { return self.fan_out.deliver(batch, permit) };
        let stage = &self.stages[at];
        let items = batch.items();
        stage.books.came_in(data_type, items);
        let mut out = Out::new(&stage.books, &self.context);
        if isolated(&stage.id, || stage.processor.process(batch, &mut out)).is_none() {
            stage.books.dropped(data_type, out.lost(data_type, items), "panic");
        }
        self.pass_on(at, out, permit);
    }

    fn pass_on(&self, from: usize, out: Out<'_>, permit: &mut Permit) {
        let (batches, wake_at) = out.finish();
        if wake_at.is_some_and(|when| self.stages[from].wish.wake_at(when)) {
            self.wished.notify_one();
        }
        for batch in batches {
            self.run_from(from + 1, batch, permit);
        }
    }

    /// Ticks the new ones among the processors that want it before any batch comes.
    pub(crate) fn start(&self, is_new: impl Fn(&Arc<Stage>) -> bool) {
        let now = tokio::time::Instant::now().into_std();
        let wants = |at: &usize| is_new(&self.stages[*at]) && self.stages[*at].processor.ticks_at_start();
        (0..self.stages.len()).filter(wants).for_each(|at| self.tick(at, now, false));
    }

    /// Whether `stage` stands in it.
    pub(crate) fn has(&self, stage: &Arc<Stage>) -> bool {
        self.stages.iter().any(|own| Arc::ptr_eq(own, stage))
    }

    /// Gives one processor its tick; `closing` after the last batch.
    pub(crate) fn tick(&self, at: usize, now: Instant, closing: bool) {
        let stage = &self.stages[at];
        let mut out = Out::new(&stage.books, &self.context);
        let _ = isolated(&stage.id, || stage.processor.tick(now, closing, &mut out));
        self.pass_on(at, out, &mut Permit::default());
    }

    /// Lets the processors that go give out what they hold, in order: the later ones still see it.
    pub(crate) fn close(&self, goes: impl Fn(&Arc<Stage>) -> bool) {
        let now = tokio::time::Instant::now().into_std();
        let going = (0..self.stages.len()).filter(|at| goes(&self.stages[*at]));
        going.for_each(|at| self.tick(at, now, true));
    }
}
