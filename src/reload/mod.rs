//! Another configuration while the agent runs: read, checked and taken over, or refused as a whole.

mod admin;
mod files;
mod lasting;
mod meters;

pub(crate) use admin::Admin;

use crate::{sources::Sources, terminal};
use files::Files;
use meters::Meters;
use std::{sync::Arc, time::Duration};
use tidewatch_component::Registry;
use tidewatch_config::{
    Config, Diagnostic, Diagnostics, Loaded, print_config,
    service::{LogEncoding, Logs},
};
use tidewatch_pipeline::{Changes, ReloadError, Running};
use tidewatch_telemetry::{Metrics, logs::Installed};

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a reload comes to: what has changed, or what is wrong; then everything is as before.
pub(crate) type Outcome = Result<Changes, Diagnostics>;

/// The configuration that runs, and where the next one comes from.
pub(crate) struct Reloader<'a> {
    sources: &'a Sources,
    registry: &'a Registry,
    config: Config,
    /// As `print-config` shows it.
    printed: Arc<str>,
    files: Files,
    meters: Meters,
    log: &'a Installed,
}

impl<'a> Reloader<'a> {
    /// For an agent that has just started with what was `loaded`.
    pub(crate) fn new(
        sources: &'a Sources,
        registry: &'a Registry,
        loaded: &Loaded,
        config: Config,
        metrics: &Metrics,
        log: &'a Installed,
    ) -> Self {
        let files = Files::look(&loaded.files);
        let printed = print_config(loaded).into();
        Self { sources, registry, config, printed, files, meters: Meters::new(metrics), log }
    }

    /// The configuration that runs.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The same as YAML, without secrets.
    pub(crate) fn printed(&self) -> Arc<str> {
        self.printed.clone()
    }

    /// Resolves when a file of the configuration has another content than when it was last read, and
    /// `service.reload_on_change` is set.
    pub(crate) async fn files_changed(&mut self) {
        if !self.config.service.reload_on_change {
            std::future::pending::<()>().await;
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.files.have_changed() {
                return;
            }
        }
    }

    /// Reads the configuration and takes it over. `why` is for the log. Must not be cancelled.
    pub(crate) async fn reload(&mut self, running: &mut Running, why: &str) -> Outcome {
        tracing::info!(why, "reloading");
        let outcome = self.take_over(running).await;
        self.meters.count(outcome.is_ok());
        match &outcome {
            Ok(changes) => tracing::info!("reloaded: {changes}"),
            Err(mistakes) => self.complain(mistakes),
        }
        outcome
    }

    async fn take_over(&mut self, running: &mut Running) -> Outcome {
        // Only a command line that names nothing has nothing to load, and this one was used before.
        let Ok(loaded) = self.sources.reload(self.registry) else { return Ok(Changes::default()) };
        self.files = Files::look(&loaded.files);
        let Some(config) = &loaded.config else { return Err(loaded.diagnostics) };
        let lasting = lasting::mistakes(&self.config.service, &config.service);
        if !lasting.is_empty() {
            return Err(lasting.into_iter().map(|mistake| loaded.diagnose(mistake)).collect());
        }
        let changes = running.reload(config, self.registry).await.map_err(|error| match error {
            ReloadError::Mistakes(mistakes) => mistakes,
            ReloadError::Start(failure) => Diagnostic::error(None, format!("cannot start: {failure}")).into(),
        })?;
        for warning in loaded.diagnostics.warnings() {
            tracing::warn!("{warning}");
        }
        self.printed = print_config(&loaded).into();
        self.config = config.clone();
        Ok(changes)
    }

    fn complain(&self, mistakes: &Diagnostics) {
        let message = "cannot reload: nothing has changed";
        if is_for_people(&self.config.service.telemetry.logs) {
            tracing::error!("{message}, see below");
            self.log.show(&mistakes.render(terminal::color()));
        } else {
            tracing::error!(mistakes = mistakes.render(false), "{message}");
        }
    }
}

/// Whether somebody reads the log where mistakes can be shown as the command line shows them.
fn is_for_people(logs: &Logs) -> bool {
    logs.encoding == LogEncoding::Console && logs.output_paths.iter().any(|output| output == "stderr")
}
