//! `threshold`: limits, per series.

mod annotations;
mod compile;
mod config;
mod counts;
mod engine;
mod identity;
mod level;
mod memory;
mod phase;
mod remembered;
mod rule;
mod series;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod window;

pub use config::{ChangeAs, ChangeConfig, ItemSignal, Mode, RuleConfig, ThresholdConfig};

use engine::{Engine, Found};
use memory::Memory;
use std::{sync::Arc, time::Instant};
use tidewatch_component::{
    Batch, BuildContext, DataType, Out, Payload, Processor, ProcessorFactory, SignalSet, data_type,
};
use tidewatch_config::Mistake;
use tidewatch_otlp::Signal;
use tidewatch_store::Store;

/// Makes `threshold` processors.
pub struct Threshold;

impl ProcessorFactory for Threshold {
    const TYPE: &'static str = "threshold";
    const ADDS: SignalSet = SignalSet::of(&[DataType::Alerts]);
    type Config = ThresholdConfig;

    fn build(config: ThresholdConfig, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        let (max_series, storage) = (config.max_series, config.storage.clone());
        let interval = config.storage_interval.get();
        let rules = compile::rules(config);
        let store = storage.map(|id| context.provided::<Store>(&id)).transpose();
        let (rules, store) = match (rules, store) {
            (Ok(rules), Ok(store)) => (rules, store),
            (rules, store) => {
                let mut mistakes = rules.err().unwrap_or_default();
                mistakes.extend(store.err().map(|reason| Mistake::new("storage", reason)));
                return Err(mistakes);
            }
        };
        let owner = format!("{}@{}", context.id, context.pipeline);
        let memory = store.map(|store| Memory::new(store.state(&owner), interval));
        Ok(Arc::new(ThresholdProcessor { engine: Engine::new(rules, max_series, context), memory }))
    }
}

struct ThresholdProcessor {
    engine: Engine,
    memory: Option<Memory>,
}

impl ThresholdProcessor {
    /// Takes up what was stored, before anything else.
    fn recall(&self, now: Instant, out: &mut Out<'_>) {
        if let Some(memory) = &self.memory {
            let mut found = Found::default();
            memory.recall(&self.engine, now, &mut found);
            Self::tell(found, out);
        }
    }

    fn tell(found: Found, out: &mut Out<'_>) {
        for alert in found.states {
            out.alert(alert);
        }
        if let Some(when) = found.wake_at {
            out.wake_at(when);
        }
    }
}

impl Processor for ThresholdProcessor {
    fn handles(&self) -> SignalSet {
        let judged = Signal::ALL.into_iter().filter(|signal| self.engine.judges(*signal));
        judged.map(data_type).collect()
    }

    fn ticks_at_start(&self) -> bool {
        self.memory.is_some()
    }

    fn process(&self, batch: Batch, out: &mut Out<'_>) {
        self.recall(Instant::now(), out);
        let mut found = match batch.telemetry() {
            Some(request) => self.engine.judge(request, Instant::now()),
            None => Found::default(),
        };
        let events = std::mem::take(&mut found.events);
        // Their receipts wait for them, too; they follow their cause.
        let events = (!events.is_empty()).then(|| batch.derive(Payload::Alerts(events.into())));
        out.send(batch);
        if let Some(events) = events {
            out.send_created(events);
        }
        Self::tell(found, out);
    }

    fn tick(&self, now: Instant, closing: bool, out: &mut Out<'_>) {
        self.recall(now, out);
        // Whoever stops knows nothing new: what fires goes on firing.
        if !closing {
            Self::tell(self.engine.wake(now), out);
        }
        match &self.memory {
            Some(memory) if closing => memory.close(&self.engine, now),
            Some(memory) => out.wake_at(memory.turn(&self.engine, now)),
            None => {}
        }
    }
}
