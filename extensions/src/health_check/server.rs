//! The port that probes ask.

use super::answer::Answers;
use std::{sync::Arc, time::Duration};
use tidewatch_component::StartError;
use tidewatch_config::Mistake;
use tidewatch_net::{config::HttpServerConfig, http::serve, stream::Listener};
use tokio::{sync::oneshot, task::JoinHandle};

/// A server at work.
pub(super) struct Running {
    endpoint: String,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) async fn start(config: &HttpServerConfig, answers: Answers) -> Result<Self, StartError> {
        let explain = |mistake: &Mistake| StartError(format!("{}: {}", mistake.path, mistake.message));
        let mut options = config.options().map_err(|mistakes| {
            mistakes.first().map_or_else(|| StartError("it cannot be used".to_owned()), explain)
        })?;
        // A stop must not wait long for probes.
        options.accept.drain_timeout = Duration::from_secs(2);
        let address = config.address().map_err(|mistake| explain(&mistake))?;
        let listener = Listener::bind(&address).await.map_err(|error| StartError(error.to_string()))?;
        let endpoint =
            listener.local_addr().map_or_else(|| config.endpoint.clone(), |bound| bound.to_string());
        let (shutdown, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, Arc::new(answers), options, async {
            // A dropped sender means the same.
            stopped.await.ok();
        }));
        Ok(Self { endpoint, shutdown, task })
    }

    /// The address that was bound.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) async fn stop(self) {
        self.shutdown.send(()).ok();
        // Only a panic can fail here, and that has been logged.
        self.task.await.ok();
    }
}
