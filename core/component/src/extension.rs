//! What serves the agent beside the data path.

use async_trait::async_trait;
use std::{any::Any, sync::Arc};
use tidewatch_net::stream::Sockets;

/// Something started before and stopped after all pipelines.
#[async_trait]
pub trait Extension: Send + Sync {
    /// Starts its work.
    ///
    /// # Errors
    /// What is wrong locally.
    async fn start(&self, host: Arc<dyn Host>) -> Result<(), StartError> {
        let _ = host;
        Ok(())
    }

    /// Stops it.
    async fn stop(&self) {}

    /// False: a changed configuration of it takes a restart of the agent.
    fn is_replaceable(&self) -> bool {
        true
    }

    /// What other components may ask it for by its id, such as an authenticator.
    fn provides(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        Vec::new()
    }
}

/// What an extension may ask about the agent that it runs in.
pub trait Host: Send + Sync {
    /// How the agent is now.
    fn health(&self) -> Health;

    /// The sockets of the extension that asks, which a successor takes over.
    fn sockets(&self) -> Sockets;
}

/// The agent's state, for probes and people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// All receivers are bound and take data.
    pub ready: bool,
    /// Seconds since the start, Unix.
    pub started_at: u64,
    /// Components in trouble: id and what is wrong. A remote that is away degrades, it does not unready.
    pub degraded: Vec<(String, String)>,
}

/// Something local is wrong: the component cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl StartError {
    /// From any error, with what was tried.
    pub fn new(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {error}"))
    }
}

impl From<Vec<tidewatch_config::Mistake>> for StartError {
    /// What only showed when files were opened.
    fn from(mistakes: Vec<tidewatch_config::Mistake>) -> Self {
        let texts: Vec<String> =
            mistakes.iter().map(|mistake| format!("{}: {}", mistake.path, mistake.message)).collect();
        Self(texts.join("; "))
    }
}
