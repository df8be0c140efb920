//! `enrich`: what events do not know about themselves, from tables and from where the agent runs.

mod config;
mod constants;
mod counts;
mod detect;
mod editor;
mod live;
mod table;
#[cfg(test)]
mod tests;

pub use config::{Add, AddAll, Detector, EnrichConfig, SourceConfig, TableConfig};

use constants::Attributes;
use detect::Machine;
use editor::{Constants, Enricher};
use live::{Live, Watch, Watched};
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};
use table::{Fault, Source, Spec};
use tidewatch_component::{
    Batch, BuildContext, Out, Payload, Processor, ProcessorFactory, SignalSet, WatchedFile,
};
use tidewatch_config::Mistake;
use tidewatch_otlp::{
    Request,
    edit::{Arena, rewrite},
    views::AttributesView,
};

/// Makes `enrich` processors.
pub struct Enrich;

impl ProcessorFactory for Enrich {
    const TYPE: &'static str = "enrich";
    type Config = EnrichConfig;

    fn build(config: EnrichConfig, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        Ok(Arc::new(EnrichProcessor::new(config, context, Machine::own())?))
    }
}

struct EnrichProcessor {
    tables: Vec<Arc<Live>>,
    watching: Mutex<Watching>,
    interval: Duration,
    attributes: Attributes,
    override_: bool,
    detectors: Vec<Detector>,
    machine: Machine,
    /// Attributes of every resource, known once somebody has looked where the agent runs.
    constants: OnceLock<Vec<u8>>,
    /// For the log: `enrich@main`.
    name: String,
}

/// Whether files are looked at.
enum Watching {
    NotYet(Vec<Watched>),
    Started { _watch: Option<Watch> },
}

impl EnrichProcessor {
    fn new(config: EnrichConfig, context: &BuildContext, machine: Machine) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if config.tables.is_empty() && config.detect.is_empty() && config.attributes.is_empty() {
            mistakes
                .push(Mistake::new("", "there is nothing to add: name `tables`, `detect` or `attributes`"));
        }
        let (mut tables, mut files) = (Vec::new(), Vec::new());
        for (number, table) in config.tables.into_iter().enumerate() {
            match open(table, number, context) {
                Ok((live, file)) => {
                    files.extend(file.map(|file| (live.clone(), file)));
                    tables.push(live);
                }
                Err(wrong) => mistakes.extend(wrong),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            tables,
            watching: Mutex::new(Watching::NotYet(files)),
            interval: config.reload_interval.get(),
            attributes: config.attributes.into_iter().collect(),
            override_: config.override_,
            detectors: config.detect,
            machine,
            constants: OnceLock::new(),
            name: format!("{}@{}", context.id, context.pipeline),
        })
    }

    /// Looks where the agent runs, if nobody has done so.
    fn constants(&self) -> &[u8] {
        self.constants
            .get_or_init(|| constants::encode(&self.attributes, &self.detectors, &self.machine, &self.name))
    }

    fn enrich(&self, request: &Request) -> Option<Request> {
        let constants = AttributesView::of_map(self.constants());
        let constants = Constants { attributes: constants, override_: self.override_ };
        let tables: Vec<_> = self.tables.iter().map(|live| live.table()).collect();
        let (request, arena) = (request.canonical(), Arena::new());
        let specs = self.tables.iter().map(|live| &live.spec);
        let tables = specs.zip(tables.iter().map(Arc::as_ref));
        let mut enricher = Enricher::new(request.signal(), constants, tables, &arena);
        let enriched = rewrite(&request, &arena, &mut enricher);
        for (live, tally) in self.tables.iter().zip(enricher.tallies()) {
            live.counts.add(tally);
        }
        enriched
    }
}

/// Reads a table for the first time.
fn open(
    config: TableConfig,
    number: usize,
    context: &BuildContext,
) -> Result<(Arc<Live>, Option<WatchedFile>), Vec<Mistake>> {
    let path = format!("tables[{number}]");
    let below = |mistake: Mistake| Mistake { path: format!("{path}.{}", mistake.path), ..mistake };
    let spec = Spec::new(config).map_err(|mistakes| mistakes.into_iter().map(below).collect::<Vec<_>>())?;
    let source = spec.source.clone();
    Live::open(spec, number, context).map_err(|fault| vec![below(mistake(&source, &fault))])
}

/// A table that cannot be used when the agent starts is a mistake of the configuration.
fn mistake(source: &Source, fault: &Fault) -> Mistake {
    let (key, message) = match source {
        Source::Inline(_) => ("from.inline", fault.message.clone()),
        Source::File { path, format, .. } => {
            let colon = if fault.place.is_some() { ":" } else { ": " };
            (format.key(), format!("{}{colon}{fault}", path.display()))
        }
    };
    Mistake::new(fault.key.as_deref().unwrap_or(key), message)
}

impl Processor for EnrichProcessor {
    fn handles(&self) -> SignalSet {
        SignalSet::TELEMETRY
    }

    fn ticks_at_start(&self) -> bool {
        true
    }

    fn process(&self, mut batch: Batch, out: &mut Out<'_>) {
        if let Some(enriched) = batch.telemetry().and_then(|request| self.enrich(request)) {
            batch.payload = Payload::Telemetry(enriched);
        }
        out.send(batch);
    }

    fn tick(&self, _: Instant, closing: bool, _: &mut Out<'_>) {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        let watch = match &mut *watching {
            _ if closing => None,
            Watching::NotYet(files) => Watch::start(std::mem::take(files), self.interval),
            Watching::Started { .. } => return,
        };
        *watching = Watching::Started { _watch: watch };
        drop(watching);
        if !closing {
            self.constants();
        }
    }
}
