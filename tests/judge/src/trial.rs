//! What every scenario is given.

use crate::{
    Result,
    agent::{Agent, Kind},
    verdict::Verdict,
};
use rand::{SeedableRng, rngs::SmallRng};
use std::path::PathBuf;

/// How long a trial is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For every test run: each scenario within seconds.
    Short,
    /// As the promises are written.
    Full,
}

/// The binary to judge, how long, and by which chances.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The agent's binary.
    pub binary: PathBuf,
    /// What it is a binary of.
    pub kind: Kind,
    /// Short or full.
    pub form: Form,
    /// What random choices come from. The same seed makes the same choices; what they meet depends on the
    /// machine's own timing.
    pub seed: u64,
}

impl Trial {
    /// One value for the short form, one for the full.
    pub fn pick<T>(&self, short: T, full: T) -> T {
        match self.form {
            Form::Short => short,
            Form::Full => full,
        }
    }

    /// The choices of one round of a scenario.
    pub fn chance(&self, round: u64) -> SmallRng {
        SmallRng::seed_from_u64(self.seed.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
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
            verdict.fact("configuration and log of the agent", agent.home().keep().display());
        }
        drop(agent);
        verdict
    }
}
