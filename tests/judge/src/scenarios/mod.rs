//! Every claim about delivery, as something that happens to a running agent.

mod hostile;
mod one_dead;
mod poison;
mod sigterm;
mod sink_gone;
mod unkind_sink;

use crate::{Result, trial::Trial, verdict::Verdict};

/// All scenarios, in the order in which they are tried.
pub const NAMES: [&str; 6] = ["poison", "sigterm", "one_dead", "sink_gone", "hostile", "unkind_sink"];

/// Tries one.
///
/// # Errors
/// When there is no such scenario, or the judge cannot do its work.
pub async fn run(name: &str, trial: &Trial) -> Result<Verdict> {
    match name {
        hostile::NAME => hostile::run(trial).await,
        one_dead::NAME => one_dead::run(trial).await,
        poison::NAME => poison::run(trial).await,
        sigterm::NAME => sigterm::run(trial).await,
        sink_gone::NAME => sink_gone::run(trial).await,
        unkind_sink::NAME => unkind_sink::run(trial).await,
        other => Err(format!("no scenario {other}; there are {}", NAMES.join(", ")).into()),
    }
}
