//! `threshold`: limits, per series.

mod annotations;
mod compile;
mod config;
mod counts;
mod engine;
mod level;
mod phase;
mod rule;
mod series;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod window;

pub use config::{ChangeAs, ChangeConfig, ItemSignal, Mode, RuleConfig, ThresholdConfig};

use engine::{Engine, Found};
use std::{sync::Arc, time::Instant};
use tidewatch_component::{
    Batch, BuildContext, DataType, Out, Payload, Processor, ProcessorFactory, SignalSet, data_type,
};
use tidewatch_config::Mistake;
use tidewatch_otlp::Signal;

/// Makes `threshold` processors.
pub struct Threshold;

impl ProcessorFactory for Threshold {
    const TYPE: &'static str = "threshold";
    const ADDS: SignalSet = SignalSet::of(&[DataType::Alerts]);
    type Config = ThresholdConfig;

    fn build(config: ThresholdConfig, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        let max_series = config.max_series;
        let rules = compile::rules(config)?;
        Ok(Arc::new(ThresholdProcessor { engine: Engine::new(rules, max_series, context) }))
    }
}

struct ThresholdProcessor {
    engine: Engine,
}

impl ThresholdProcessor {
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

    fn process(&self, batch: Batch, out: &mut Out<'_>) {
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
        // Whoever stops knows nothing new: what fires goes on firing.
        if !closing {
            Self::tell(self.engine.wake(now), out);
        }
    }
}
