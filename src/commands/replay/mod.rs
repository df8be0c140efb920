//! `tidewatch replay`: feeds dead letters in again.

mod feed;
mod letters;
mod report;
mod rest;

use crate::terminal;
use clap::Args;
use feed::{Fed, Feed};
use letters::{Found, Letters};
use report::Report;
use rest::Rest;
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tidewatch_config::values::GoDuration;

/// What to feed in again, and where.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Files of dead letters, as the file exporter writes them; those that end in .gz or .zst are unpacked, - is the
    /// standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Where an OTLP/HTTP receiver listens
    #[arg(long, value_name = "URL", default_value = "http://localhost:4318")]
    endpoint: String,

    /// A header of every request, e.g. `authorization=Bearer ...`; repeatable
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
    headers: Vec<(String, String)>,

    /// Only letters of this exporter, e.g. `otlp/backend`
    #[arg(long, value_name = "ID")]
    exporter: Option<String>,

    /// Only letters whose reason holds this text
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// A new file for the letters that were not taken, to be fed in later
    #[arg(long, value_name = "FILE")]
    rest: Option<PathBuf>,

    /// How long a receiver that is away or full is tried again
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    patience: Duration,

    /// Say what would be fed in, and send nothing
    #[arg(long)]
    dry_run: bool,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<GoDuration>().map(Duration::from).map_err(|error| error.to_string())
}

/// Feeds them in, one after another, and says what became of them.
pub(crate) fn run(replay: &Replay) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("cannot start: {error}")),
    };
    match runtime.block_on(replay.run()) {
        Ok(report) => {
            terminal::print(&format!("{report}\n"));
            if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &str) -> ExitCode {
    terminal::fail(error);
    ExitCode::FAILURE
}

impl Replay {
    async fn run(&self) -> Result<Report, String> {
        let mut feed = Feed::new(&self.endpoint, &self.headers, self.patience).await?;
        let mut rest = Rest::create(self.rest.as_deref())?;
        let mut report = Report::new(self.dry_run);
        let mut stop = std::pin::pin!(async { drop(tokio::signal::ctrl_c().await) });
        for file in &self.files {
            for found in Letters::open(file)? {
                let Found { place, record, letter } = found?;
                let letter = match letter {
                    Ok(letter) => letter,
                    Err(error) => {
                        terminal::fail(&format!("{place}: {error}"));
                        report.unusable += 1;
                        rest.keep(record)?;
                        continue;
                    }
                };
                if !self.wants(&letter) {
                    report.others += 1;
                    continue;
                }
                if self.dry_run {
                    terminal::print(&format!("{place}: {}\n", report::describe(&letter)));
                    report.taken(&letter);
                    continue;
                }
                let fed = feed.feed(&letter, stop.as_mut()).await;
                if let Some(problem) = report.add(&letter, &fed) {
                    terminal::fail(&format!("{place}: {}: {problem}", report::describe(&letter)));
                }
                // Which items of a letter were taken is not known: rather twice than never.
                if !matches!(fed, Fed::Taken) {
                    rest.keep(record)?;
                }
            }
        }
        rest.finish()?;
        Ok(report)
    }

    fn wants(&self, letter: &tidewatch_component::DeadLetter) -> bool {
        self.exporter.as_ref().is_none_or(|wanted| letter.exporter.as_ref() == Some(wanted))
            && self.reason.as_ref().is_none_or(|wanted| letter.reason.contains(wanted))
    }
}
