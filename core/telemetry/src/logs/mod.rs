//! The agent's own log, written as `service.telemetry.logs` says.
//!
//! An `Entry` is what one `tracing` event says, `Format` makes a line of
//! it, and `Outputs` write it, each in a thread of its own behind a bounded `Queue`. The agent uses no spans, so none are shown.

mod entry;
mod format;
mod output;
mod queue;
mod sampling;

use self::{entry::Entry, format::Format, output::Outputs, queue::Queue, sampling::Sampler};
use crate::Metrics;
use std::{
    backtrace::Backtrace,
    io,
    time::{Duration, Instant},
};
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

/// How long outputs may take for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Sends every `tracing` event of this process to the log. To be called once, before anything else logs.
///
/// Lines that an output does not take in time are lost and counted as `tidewatch_log_lost_lines`.
///
/// # Errors
/// An output that cannot be opened, or that a log is installed already.
pub fn install(config: &Logs, metrics: &Metrics) -> io::Result<Installed> {
    let (subscriber, installed) = subscriber(config, metrics)?;
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)?;
    Ok(installed)
}

/// The log of this process. Dropped, it waits for the last lines to be written, for a second at most.
#[must_use = "the last lines are written when it is dropped"]
pub struct Installed(Vec<(String, Queue)>);

impl Installed {
    /// Shows a text as it is to people who read the log on standard error, after the lines so far.
    pub fn show(&self, text: &str) {
        let stderr = self.0.iter().filter(|(output, _)| output == "stderr");
        stderr.for_each(|(_, queue)| queue.push(text.to_owned()));
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let deadline = Instant::now() + LAST_LINES;
        self.0.iter().for_each(|(_, queue)| queue.flush(deadline));
    }
}

/// What [`install`] installs.
fn subscriber(
    config: &Logs,
    metrics: &Metrics,
) -> io::Result<(impl Subscriber + Send + Sync + 'static, Installed)> {
    let help = "Lines of the agent's own log that an output did not take in time.";
    let lost = metrics.counter("tidewatch_log_lost_lines", help, &["output"]);
    let outputs = Outputs::open(&config.output_paths, &config.error_output_paths, &lost)?;
    let installed = Installed(outputs.queues());
    let log = Log {
        format: Format::new(config),
        outputs,
        sampler: config.sampling.as_ref().filter(|sampling| sampling.enabled).map(Sampler::new),
        stack_traces: config.development && !config.disable_stacktrace,
    };
    Ok((tracing_subscriber::registry().with(log.with_filter(filter(config.level))), installed))
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
