//! The processors of one pipeline, in order.

use crate::{delivery::Lane, fan_out::FanOut, isolation::isolated, ticker::Ticker};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tidewatch_component::{Batch, Context, DataType, Out, Permit, Processor, Refusal, SignalSet};
use tidewatch_telemetry::{Books, Held};

/// When a refused sender may come back, unless somebody knows better.
pub(crate) const COME_BACK: Duration = Duration::from_secs(1);

/// One pipeline between its receivers and its exporters.
pub(crate) struct Chain {
    takes: SignalSet,
    stages: Vec<Arc<Stage>>,
    fan_out: FanOut,
    /// What processors make on their own comes from here.
    context: Arc<Context>,
    ticker: Ticker,
}

/// A processor and its accounts.
pub(crate) struct Stage {
    pub(crate) id: String,
    pub(crate) processor: Arc<dyn Processor>,
    pub(crate) books: Arc<Books>,
}

impl Held for Stage {
    fn held(&self) -> Vec<(DataType, usize)> {
        self.processor.held()
    }
}

impl Chain {
    pub(crate) fn new(name: &str, takes: SignalSet, stages: Vec<Arc<Stage>>, fan_out: FanOut) -> Self {
        let context = Arc::new(Context::of_receiver(&format!("pipeline:{name}")));
        let ticker = Ticker::new(stages.len());
        Self { takes, stages, fan_out, context, ticker }
    }

    pub(crate) fn takes(&self) -> SignalSet {
        self.takes
    }

    pub(crate) fn stages(&self) -> &[Arc<Stage>] {
        &self.stages
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    /// The exporters that this kind of data reaches.
    pub(crate) fn takers(&self, data_type: DataType) -> impl Iterator<Item = &Arc<Lane>> {
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
        if let Some(when) = wake_at {
            self.ticker.wake_at(from, when);
        }
        for batch in batches {
            self.run_from(from + 1, batch, permit);
        }
    }

    /// Ticks the processors that want it before any batch comes.
    pub(crate) fn tick_at_start(&self, now: Instant) {
        let wants = |at: &usize| self.stages[*at].processor.ticks_at_start();
        (0..self.stages.len()).filter(wants).for_each(|at| self.tick(at, now, false));
    }

    /// Gives one processor its tick; `closing` after the last batch.
    pub(crate) fn tick(&self, at: usize, now: Instant, closing: bool) {
        let stage = &self.stages[at];
        let mut out = Out::new(&stage.books, &self.context);
        let _ = isolated(&stage.id, || stage.processor.tick(now, closing, &mut out));
        self.pass_on(at, out, &mut Permit::default());
    }

    /// Lets every processor give out what it holds, in order: the later ones still see it.
    pub(crate) fn close(&self) {
        let now = tokio::time::Instant::now().into_std();
        (0..self.stages.len()).for_each(|at| self.tick(at, now, true));
    }
}
