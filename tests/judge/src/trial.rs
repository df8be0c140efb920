//! What every scenario is given.

use crate::{Result, agent::Agent, verdict::Verdict};
use std::path::PathBuf;

/// How long a trial is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For every test run: each scenario within seconds.
    Short,
    /// As the promises are written.
    Full,
}

/// The binary to judge, and how long.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The agent's binary.
    pub binary: PathBuf,
    /// Short or full.
    pub form: Form,
}

impl Trial {
    /// One value for the short form, one for the full.
    pub fn pick<T>(&self, short: T, full: T) -> T {
        match self.form {
            Form::Short => short,
            Form::Full => full,
        }
    }

    /// Starts the agent.
    ///
    /// # Errors
    /// As [`Agent::start`].
    pub async fn agent(&self, config: &str) -> Result<Agent> {
        Agent::start(&self.binary, config).await
    }

    /// Closes a scenario: where a promise is broken, the agent's folder is kept and named.
    pub fn close(&self, mut verdict: Verdict, agent: Agent) -> Verdict {
        if !verdict.is_good() {
            verdict.fact("configuration and log of the agent", agent.keep().display());
        }
        verdict
    }
}
