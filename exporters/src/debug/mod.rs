//! `debug`: telemetry and alerts, readable in a terminal.

mod basic;
mod detailed;
mod normal;
mod output;
mod page;
mod sampler;
#[cfg(test)]
mod tests;

use output::{Output, Outputs};
use page::Page;
use sampler::Sampler;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{sync::Arc, time::Instant};
use tidewatch_component::{
    Batch, BuildContext, BuiltExporter, DeliveryConfig, ExportError, Exported, Exporter, ExporterFactory,
    Order, Payload, SignalSet, StartError, async_trait,
};
use tidewatch_config::Mistake;
use tidewatch_telemetry::IntCounter;
use tokio::sync::Mutex;

/// The `debug` exporter.
pub struct Debug;

/// Keys of `debug`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DebugConfig {
    /// How much is written: `basic` (default) one line per batch, `normal` one line per item, `detailed`
    /// every field.
    pub verbosity: Verbosity,
    /// How many batches are written in each second before sampling begins. Default 2.
    pub sampling_initial: u64,
    /// After these, every n-th batch of the second is written; 0: none. Default 1: all of them.
    pub sampling_thereafter: u64,
    /// True: the lines become log lines of the agent, at level info. Default false: they are written to
    /// `output_paths` as they are.
    pub use_internal_logger: bool,
    /// Where the lines go: `stdout`, `stderr` or paths of files, which are appended to. Default `[stdout]`.
    pub output_paths: Vec<String>,
    /// Queue, retry, timeout, signals.
    #[serde(flatten)]
    pub delivery: DeliveryConfig,
}

impl Default for DebugConfig {
    fn default() -> Self {
        Self {
            verbosity: Verbosity::Basic,
            sampling_initial: 2,
            sampling_thereafter: 1,
            use_internal_logger: false,
            output_paths: vec!["stdout".into()],
            delivery: DeliveryConfig::default(),
        }
    }
}

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verbosity {
    /// One line per batch, with counts.
    #[default]
    Basic,
    /// One line per item.
    Normal,
    /// Every field.
    Detailed,
}

impl ExporterFactory for Debug {
    const TYPE: &'static str = "debug";
    const TAKES: SignalSet = SignalSet::ALL;
    type Config = DebugConfig;

    fn build(config: DebugConfig, context: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        if config.output_paths.is_empty() {
            return Err(vec![Mistake::new("output_paths", "there is no output to write to")]);
        }
        if config.use_internal_logger && config.output_paths != DebugConfig::default().output_paths {
            let message = "with `use_internal_logger`, the agent's log decides where lines go";
            return Err(vec![Mistake::new("output_paths", message)]);
        }
        let exporter = DebugExporter {
            id: context.id.to_string(),
            verbosity: config.verbosity,
            sampler: Sampler::new(config.sampling_initial, config.sampling_thereafter),
            paths: (!config.use_internal_logger).then_some(config.output_paths),
            outputs: Arc::default(),
            sampled: unwritten(context, "sampled"),
            failed: unwritten(context, "output_failed"),
        };
        Ok(BuiltExporter { exporter: Arc::new(exporter), delivery: config.delivery })
    }
}

struct DebugExporter {
    id: String,
    verbosity: Verbosity,
    sampler: Sampler,
    /// None: the agent's log.
    paths: Option<Vec<String>>,
    outputs: Arc<Mutex<Outputs>>,
    sampled: IntCounter,
    failed: IntCounter,
}

fn unwritten(context: &BuildContext, reason: &str) -> IntCounter {
    let help = "Items that the debug exporter took and did not show, by reason.";
    let family = context.metrics.counter("tidewatch_debug_unwritten_items", help, &["exporter", "reason"]);
    family.with_label_values(&[context.id.to_string().as_str(), reason])
}

#[async_trait]
impl Exporter for DebugExporter {
    async fn start(&self) -> Result<(), StartError> {
        let mut outputs = self.outputs.lock().await;
        for path in self.paths.iter().flatten() {
            outputs.add(Output::open(path).map_err(|error| StartError::new(path, error))?);
        }
        Ok(())
    }

    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        if !self.sampler.passes(Instant::now()) {
            self.sampled.inc_by(batch.items() as u64);
        } else if self.paths.is_none() {
            for line in render(&batch.payload, self.verbosity, false).lines() {
                tracing::info!(exporter = self.id, "{line}");
            }
        } else if !self.write(batch.payload.clone()).await {
            self.failed.inc_by(batch.items() as u64);
        }
        Ok(Exported::default())
    }

    fn order(&self) -> Order {
        Order::Total
    }
}

impl DebugExporter {
    /// An output may block for as long as its reader likes. While it does, one thread waits and no more:
    /// the lock is waited for outside.
    async fn write(&self, payload: Payload) -> bool {
        let mut outputs = self.outputs.clone().lock_owned().await;
        let (id, verbosity) = (self.id.clone(), self.verbosity);
        let work = move || outputs.write(&id, |colours| render(&payload, verbosity, colours));
        tokio::task::spawn_blocking(work).await.unwrap_or(false)
    }
}

fn render(payload: &Payload, verbosity: Verbosity, colours: bool) -> String {
    let mut page = Page::new(colours);
    match verbosity {
        Verbosity::Basic => basic::write(&mut page, payload),
        Verbosity::Normal => normal::write(&mut page, payload),
        Verbosity::Detailed => detailed::write(&mut page, payload),
    }
    page.into_text()
}
