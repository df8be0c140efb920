//! `file`: telemetry as OTLP/JSON lines, alerts as JSON lines or by a template.

mod appender;
mod lines;
mod rotation;
#[cfg(test)]
mod tests;

use crate::template::Template;
use appender::{Appender, Directory};
use lines::Lines;
use rotation::Rotation;
pub use rotation::RotationConfig;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    io,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tidewatch_component::{
    Batch, BuildContext, BuiltExporter, DataType, DeliveryConfig, ExportError, Exported, Exporter,
    ExporterFactory, Order, SignalSet, StartError, async_trait,
};
use tidewatch_config::{Mistake, values::GoDuration};
use tidewatch_expr::{Context, Expression, ParseError};
use tokio::{sync::Mutex, task::JoinHandle};

/// The `file` exporter.
pub struct File;

/// Keys of `file`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct FileConfig {
    /// The file. Where it is moved away or removed, it is made anew.
    pub path: PathBuf,
    /// `json` (default): a batch of telemetry is one line of OTLP/JSON, an alert is one line of JSON.
    #[serde(default)]
    pub format: Format,
    /// A minijinja template that makes the line of an alert; the exporter takes only alerts then. It sees the
    /// alert's fields, all of them as `record`, `now()`, `uuid4()`, and the filter `tojson`.
    #[serde(default)]
    pub body: Option<String>,
    /// An OTTL expression that makes the line of a log record: text as it is, maps and lists as JSON; the exporter takes
    /// only logs then. E.g. `body`.
    #[serde(default)]
    pub line: Option<String>,
    /// False: what is in the file is erased at the start. Default true.
    #[serde(default)]
    pub append: Option<bool>,
    /// When the file is put aside. Default: never.
    #[serde(default)]
    pub rotation: Option<RotationConfig>,
    /// True: a batch is acknowledged when the disk has it, not already when the operating system has it.
    /// Default false.
    #[serde(default)]
    pub fsync: bool,
    /// How often the disk gets what was written, where `fsync` is false; 0: when the operating system likes.
    /// Default 1s.
    #[serde(default = "one_second")]
    pub flush_interval: GoDuration,
    /// True: directories on the way to the file are made where they are missing. Default false.
    #[serde(default)]
    pub create_directory: bool,
    /// Their permissions, octal. Default `"0755"`.
    #[serde(default = "permissions")]
    pub directory_permissions: String,
    /// Queue, retry, timeout, signals.
    #[serde(flatten)]
    pub delivery: DeliveryConfig,
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON, one value per line.
    #[default]
    Json,
}

fn one_second() -> GoDuration {
    GoDuration::from_secs(1)
}

fn permissions() -> String {
    "0755".into()
}

impl ExporterFactory for File {
    const TYPE: &'static str = "file";
    const TAKES: SignalSet = SignalSet::ALL;
    type Config = FileConfig;

    fn build(mut config: FileConfig, _: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if config.path.as_os_str().is_empty() {
            mistakes.push(Mistake::new("path", "the path is empty"));
        }
        if let Some(rotation) = &config.rotation {
            mistakes.extend(rotation.check());
            if config.append == Some(false) {
                let message = "a file that is rotated is never erased at the start";
                mistakes.push(Mistake::new("append", message).help("remove `append` or `rotation`"));
            }
        }
        let mode = u32::from_str_radix(&config.directory_permissions, 8).ok().filter(|mode| *mode <= 0o7777);
        if mode.is_none() {
            let message = format!("{:?} are no permissions", config.directory_permissions);
            mistakes.push(Mistake::new("directory_permissions", message).help("they look like \"0755\""));
        }
        let body = config.body.as_ref().and_then(|source| {
            Template::compile("body", source, &[]).map_err(|mistake| mistakes.push(mistake)).ok()
        });
        if config.body.is_some() {
            let signals = config.delivery.signals.get_or_insert_with(|| vec![DataType::Alerts]);
            if signals.iter().any(|signal| *signal != DataType::Alerts) {
                mistakes
                    .push(Mistake::new("signals", "a `body` is made of alerts; telemetry has no template"));
            }
        }
        let line = config.line.as_ref().and_then(|text| {
            let parsed = Expression::parse(text, Context::Log);
            parsed.map_err(|error| mistakes.push(line_mistake(error))).ok()
        });
        if config.line.is_some() {
            if config.body.is_some() {
                let message = "`line` makes lines of log records, a `body` makes lines of alerts";
                mistakes.push(Mistake::new("line", message).help("remove one of them"));
            }
            let signals = config.delivery.signals.get_or_insert_with(|| vec![DataType::Logs]);
            if config.body.is_none() && signals.iter().any(|signal| *signal != DataType::Logs) {
                mistakes.push(Mistake::new("signals", "a `line` is made of log records"));
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let directory = if config.create_directory {
            Directory::Make { mode: mode.unwrap_or(0o755) }
        } else {
            Directory::Must
        };
        let rotation = config.rotation.as_ref().map(Rotation::new);
        let appender = Appender::new(config.path.clone(), directory, rotation, config.fsync);
        let exporter = FileExporter {
            path: config.path,
            erase: config.append == Some(false),
            lines: Lines { body, line },
            appender: Arc::new(Mutex::new(appender)),
            flush_interval: config.flush_interval.get(),
            flusher: OnceLock::new(),
        };
        Ok(BuiltExporter { exporter: Arc::new(exporter), delivery: config.delivery })
    }
}

fn line_mistake(error: ParseError) -> Mistake {
    let mistake = Mistake::new("line", error.message).at(error.position.offset);
    match error.help {
        Some(help) => mistake.help(help),
        None => mistake,
    }
}

struct FileExporter {
    path: PathBuf,
    erase: bool,
    lines: Lines,
    appender: Arc<Mutex<Appender>>,
    flush_interval: Duration,
    flusher: OnceLock<JoinHandle<()>>,
}

#[async_trait]
impl Exporter for FileExporter {
    async fn start(&self) -> Result<(), StartError> {
        let erase = self.erase;
        blocking(self.appender.clone(), move |appender| appender.open(erase))
            .await
            .map_err(|error| StartError::new(self.path.display(), error))?;
        if !self.flush_interval.is_zero() {
            let flusher = tokio::spawn(flush_now_and_then(self.appender.clone(), self.flush_interval));
            // A second start has a flusher already.
            self.flusher.set(flusher).unwrap_or_else(|second| second.abort());
        }
        Ok(())
    }

    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let (lines, rejected) = self.lines.of(&batch.payload)?;
        blocking(self.appender.clone(), move |appender| appender.append(&lines)).await.map_err(|error| {
            ExportError::retryable(format!("cannot write to {}: {error}", self.path.display()))
        })?;
        Ok(Exported { rejected })
    }

    fn order(&self) -> Order {
        Order::Total
    }

    async fn stop(&self) {
        if let Some(flusher) = self.flusher.get() {
            flusher.abort();
        }
        if let Err(error) = blocking(self.appender.clone(), Appender::close).await {
            tracing::warn!(path = %self.path.display(), %error, "the file could not be flushed to the disk");
        }
    }
}

async fn flush_now_and_then(appender: Arc<Mutex<Appender>>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        if let Err(error) = blocking(appender.clone(), |appender| appender.sync().map(drop)).await {
            tracing::warn!(%error, "a file could not be flushed to the disk");
        }
    }
}

/// Work on the disk, outside the runtime. A disk that hangs holds one thread, however often an export is
/// tried again: the lock is waited for outside.
async fn blocking<T: Send + 'static>(
    appender: Arc<Mutex<Appender>>,
    work: impl FnOnce(&mut Appender) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let mut appender = appender.lock_owned().await;
    tokio::task::spawn_blocking(move || work(&mut appender)).await.unwrap_or_else(|error| Err(error.into()))
}
