//! `normalize`: raw records in, clean OTLP out.

mod config;
mod counts;
mod records;
mod rename;
#[cfg(test)]
mod tests;
mod units;

pub use config::{
    Cast, CsvConfig, FieldConfig, Form, FormWith, KeyValueConfig, MetricConfig, NormalizeConfig, OnError,
    OneOrMore, Others, ParseConfig, RecordsConfig, RenameConfig, SeverityConfig, Target, TimeConfig,
    TimeDefault,
};

use crate::quiet::Quiet;
use counts::RecordCounts;
use records::{Made, Plan};
use rename::Renames;
use std::sync::Arc;
use tidewatch_component::{
    Batch, BuildContext, DataType, DeadLetter, DeadLetters, Out, Outcome, Payload, Processor,
    ProcessorFactory, SignalSet, timestamp,
};
use tidewatch_config::Mistake;
use tidewatch_otlp::{Request, Signal};
use units::Units;

/// Makes `normalize` processors.
pub struct Normalize;

impl ProcessorFactory for Normalize {
    const TYPE: &'static str = "normalize";
    type Config = NormalizeConfig;

    fn build(config: NormalizeConfig, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        let plans = records::plans(config.records);
        let units = Units::new(&config.units);
        let renames = Renames::new(config.rename);
        let (plans, units, renames) = match (plans, units, renames) {
            (Ok(plans), Ok(units), Ok(renames)) => (plans, units, renames),
            (plans, units, renames) => {
                let all = [plans.err(), units.err(), renames.err()];
                return Err(all.into_iter().flatten().flatten().collect());
            }
        };
        if plans.is_empty() && units.is_empty() && renames.is_empty() {
            let mistake = Mistake::new("", "without `records`, `units` or `rename` there is nothing to do");
            return Err(vec![mistake]);
        }
        let counts = RecordCounts::new(context, records::replaceable(&plans));
        let dead_letters = context.dead_letters.clone();
        let log = Quiet::default();
        Ok(Arc::new(NormalizeProcessor { plans, units, renames, counts, dead_letters, log }))
    }
}

struct NormalizeProcessor {
    plans: Vec<Plan>,
    units: Units,
    renames: Renames,
    counts: RecordCounts,
    dead_letters: DeadLetters,
    log: Quiet,
}

impl Processor for NormalizeProcessor {
    fn handles(&self) -> SignalSet {
        if !self.renames.is_empty() {
            return SignalSet::TELEMETRY;
        }
        let logs = (!self.plans.is_empty()).then_some(DataType::Logs);
        let metrics = (!self.units.is_empty()).then_some(DataType::Metrics);
        logs.into_iter().chain(metrics).collect()
    }

    fn process(&self, batch: Batch, out: &mut Out<'_>) {
        let made = match batch.telemetry() {
            Some(request) if request.signal() == Signal::Logs && !self.plans.is_empty() => {
                records::walk(&self.plans, &request.canonical(), &self.counts, timestamp::now())
            }
            _ => None,
        };
        match made {
            Some(made) => self.pass_on(batch, made, out),
            None => out.send(self.edited(batch)),
        }
    }
}

impl NormalizeProcessor {
    /// Sends what has become of a batch of log records, and says what is refused.
    fn pass_on(&self, mut batch: Batch, made: Made, out: &mut Out<'_>) {
        let refuses = made.refused.items > 0;
        if refuses {
            let kept = self.keep(&made, &batch);
            if self.log.is_due() {
                tracing::warn!(
                    records = made.refused.items,
                    dead_letters = kept,
                    reason = made.refused.reason,
                    "records are refused; tidewatch_normalize_refused_records counts them"
                );
            }
            for (items, reason) in [(kept, "dead_letter"), (made.refused.items - kept, "rejected")] {
                if items > 0 {
                    out.dropped_items(DataType::Logs, items, reason);
                }
            }
        }
        let told = Outcome::Rejected(made.refused);
        let points = made.points.inspect(|points| {
            out.dropped_items(DataType::Logs, points.items(), "converted");
            out.created_items(DataType::Metrics, points.items());
        });
        let mut parts = [made.logs, points].into_iter().flatten().map(Payload::Telemetry);
        match (parts.next(), parts.next()) {
            (Some(first), second) => {
                if refuses {
                    batch.fan_out().end(&told);
                }
                let second = second.map(|second| batch.derive(second));
                batch.payload = first;
                for part in [Some(batch), second].into_iter().flatten() {
                    out.send(self.edited(part));
                }
            }
            (None, _) => batch.end(&told),
        }
    }

    /// Keeps what is refused and shall be kept; says how many records there was room for.
    fn keep(&self, made: &Made, batch: &Batch) -> usize {
        let keep = |(record, reason): &(Request, String)| {
            let letter = DeadLetter::unusable(record.clone(), reason, &batch.context);
            self.dead_letters.post(&letter, batch).is_ok()
        };
        made.letters.iter().filter(|letter| keep(letter)).count()
    }

    /// The batch with other names and units.
    fn edited(&self, mut batch: Batch) -> Batch {
        let units = batch.data_type() == DataType::Metrics && !self.units.is_empty();
        if units || !self.renames.is_empty() {
            let edited =
                batch.telemetry().and_then(|request| self.renames.apply(&self.units, &request.canonical()));
            if let Some(edited) = edited {
                batch.payload = Payload::Telemetry(edited);
            }
        }
        batch
    }
}
