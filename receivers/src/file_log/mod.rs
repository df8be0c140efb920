//! `file_log`: the lines of files that grow.
//!
//! A `worker` looks (`look`) for files that `glob`s name, follows each as a `tail` whatever it is renamed to, and
//! reads in `round`s what was added, when the `watch` tells of it. `entries` makes log records of the bytes. A
//! `flight` hands them over; only what was acknowledged moves a file's `checkpoints`.

mod checkpoints;
mod config;
mod ending;
mod entries;
mod fingerprint;
mod flight;
mod glob;
mod judge;
mod look;
mod meters;
mod ordering;
mod read;
mod round;
mod run;
mod source;
mod tail;
#[cfg(test)]
mod tests;
mod watch;
mod worker;

pub use config::{Compression, FileLogConfig, StartAt};
pub use ordering::{OrderingConfig, SortConfig, SortType};

use entries::Pattern;
use glob::Globs;
use run::Running;
use std::sync::Arc;
use tidewatch_component::{
    BuildContext, BuiltReceiver, Intake, Receiver, ReceiverFactory, SignalSet, StartError,
};
use tidewatch_config::{Mistake, Signal};
use tidewatch_store::Store;
use tidewatch_telemetry::Metrics;
use tokio::sync::Mutex;
use worker::Worker;

/// The `file_log` type of receiver.
pub struct FileLog;

impl ReceiverFactory for FileLog {
    const TYPE: &'static str = "file_log";
    const ALIASES: &'static [&'static str] = &["filelog"];
    const SIGNALS: SignalSet = SignalSet::of(&[Signal::Logs]);
    type Config = FileLogConfig;

    fn build(config: FileLogConfig, context: &BuildContext) -> Result<BuiltReceiver, Vec<Mistake>> {
        let acknowledge = config.acknowledge();
        let plan = Plan::new(config, context)?;
        let receiver = FileLogReceiver { plan, running: Mutex::default() };
        Ok(BuiltReceiver { receiver: Arc::new(receiver), acknowledge })
    }
}

/// All that is known before the start.
struct Plan {
    config: FileLogConfig,
    globs: Arc<Globs>,
    pattern: Arc<Pattern>,
    store: Option<Arc<Store>>,
    id: String,
    metrics: Metrics,
}

impl Plan {
    fn new(config: FileLogConfig, context: &BuildContext) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let globs = config.check().map_err(|more| mistakes.extend(more));
        let pattern = config.entries.build(context).map_err(|more| mistakes.extend(more));
        let store = match &config.storage {
            Some(id) => match context.provided::<Store>(id) {
                Ok(store) => Some(store),
                Err(error) => {
                    mistakes.push(Mistake::new("storage", error));
                    None
                }
            },
            None => None,
        };
        let (Ok(globs), Ok(pattern), true) = (globs, pattern, mistakes.is_empty()) else {
            return Err(mistakes);
        };
        let (id, metrics) = (context.id.to_string(), context.metrics.clone());
        Ok(Self { config, globs: Arc::new(globs), pattern, store, id, metrics })
    }
}

struct FileLogReceiver {
    plan: Plan,
    running: Mutex<Option<Running>>,
}

#[tidewatch_component::async_trait]
impl Receiver for FileLogReceiver {
    async fn start(&self, intake: Intake) -> Result<(), StartError> {
        let mut worker = Box::new(Worker::new(&self.plan)?);
        let looked = tokio::task::spawn_blocking(move || {
            // Here and now is what `start_at` means.
            worker.look(std::time::Instant::now());
            worker
        });
        let worker = looked.await.map_err(|error| StartError::new("the first look at the files", error))?;
        *self.running.lock().await = Some(Running::start(worker, intake));
        Ok(())
    }

    async fn stop(&self, deadline: tokio::time::Instant) {
        if let Some(running) = self.running.lock().await.take() {
            running.stop(deadline).await;
        }
    }
}
