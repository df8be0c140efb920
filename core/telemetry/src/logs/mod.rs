//! The agent's own log, written as `service.telemetry.logs` says.
//!
//! An `Entry` is what one `tracing` event says, `Format` makes a line of
//! it, and `Outputs` write it. The agent uses no spans, so none are shown.

mod entry;
mod format;
mod output;
mod sampling;

use self::{entry::Entry, format::Format, output::Outputs, sampling::Sampler};
use std::{backtrace::Backtrace, io};
use tidewatch_config::service::{LogLevel, Logs};
use tracing::{Event, Level, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

/// Libraries that tell more about their inner life than an operator wants, at any level.
const NOISY: [&str; 10] =
    ["h2", "hyper", "hyper_util", "mio", "reqwest", "rustls", "tokio_rustls", "tonic", "tower", "want"];

/// Sends every `tracing` event of this process to the log. To be called once, before anything else logs.
///
/// # Errors
/// An output that cannot be opened, or that a log is installed already.
pub fn install(config: &Logs) -> io::Result<()> {
    tracing::subscriber::set_global_default(subscriber(config)?).map_err(io::Error::other)
}

/// What [`install`] installs.
fn subscriber(config: &Logs) -> io::Result<impl Subscriber + Send + Sync + 'static> {
    let log = Log {
        format: Format::new(config),
        outputs: Outputs::open(&config.output_paths, &config.error_output_paths)?,
        sampler: config.sampling.as_ref().filter(|sampling| sampling.enabled).map(Sampler::new),
        stack_traces: config.development && !config.disable_stacktrace,
    };
    Ok(tracing_subscriber::registry().with(log.with_filter(filter(config.level))))
}

fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let quiet = level.min(LevelFilter::WARN);
    Targets::new().with_default(level).with_targets(NOISY.map(|target| (target, quiet)))
}

struct Log {
    format: Format,
    outputs: Outputs,
    sampler: Option<Sampler>,
    stack_traces: bool,
}

impl Log {
    fn stack_trace(&self, metadata: &Metadata<'_>) -> Option<String> {
        // Levels compare by how much they let through.
        let wanted = self.stack_traces && *metadata.level() <= Level::WARN;
        wanted.then(|| Backtrace::force_capture().to_string())
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut entry = Entry::of(event);
        if self.sampler.as_ref().is_some_and(|sampler| !sampler.lets_through(entry.level, &entry.message)) {
            return;
        }
        entry.stack_trace = self.stack_trace(event.metadata());
        self.outputs.write(|color| self.format.line(&entry, color));
    }
}

#[cfg(test)]
mod tests;
