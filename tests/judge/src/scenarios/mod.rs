//! Every claim about delivery, as something that happens to a running agent.

mod clock;
mod damage;
mod disk_full;
mod hostile;
mod kill9;
mod one_dead;
mod one_dead_disk;
mod order;
mod outage;
mod poison;
mod reload;
mod rotation;
mod sigterm;
mod sigterm_disk;
mod sink_gone;
mod sink_moods;
mod two_agents;
mod unkind_sink;

use crate::{Result, agent::Kind, trial::Trial, verdict::Verdict};

/// All scenarios, in the order in which they are tried.
pub const NAMES: &[&str] = &[
    "poison",
    "sigterm",
    "one_dead",
    "sink_gone",
    "hostile",
    "unkind_sink",
    "kill9",
    "sigterm_disk",
    "outage",
    "sink_moods",
    "damage",
    "disk_full",
    "clock",
    "reload",
    "one_dead_disk",
    "rotation",
    "order",
    "two_agents",
];

/// Those that need nothing that only Tidewatch has.
const FOR_ALL: &[&str] =
    &["kill9", "sigterm_disk", "outage", "sink_moods", "rotation", "damage", "disk_full"];

/// Those among them for which a Collector's queue is too small by default, or its pauses are too long.
const NOT_BY_DEFAULT: &[&str] = &["damage", "disk_full", "sink_moods"];

/// The scenarios that this kind of agent can be tried with.
pub fn names_for(kind: Kind) -> Vec<String> {
    NAMES.iter().filter(|name| can_try(kind, name)).map(|name| (*name).to_owned()).collect()
}

fn can_try(kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Tidewatch => true,
        Kind::Collector { defaults, .. } => {
            FOR_ALL.contains(&name) && !(defaults && NOT_BY_DEFAULT.contains(&name))
        }
    }
}

/// Tries one.
///
/// # Errors
/// When there is no such scenario, or the judge cannot do its work.
pub async fn run(name: &str, trial: &Trial) -> Result<Verdict> {
    if !can_try(trial.kind, name) {
        return Err(format!("it is not made for {}", trial.kind.name()).into());
    }
    match name {
        clock::NAME => clock::run(trial).await,
        damage::NAME => damage::run(trial).await,
        disk_full::NAME => disk_full::run(trial).await,
        hostile::NAME => hostile::run(trial).await,
        kill9::NAME => kill9::run(trial).await,
        one_dead::NAME => one_dead::run(trial).await,
        one_dead_disk::NAME => one_dead_disk::run(trial).await,
        order::NAME => order::run(trial).await,
        outage::NAME => outage::run(trial).await,
        poison::NAME => poison::run(trial).await,
        reload::NAME => reload::run(trial).await,
        rotation::NAME => rotation::run(trial).await,
        sigterm::NAME => sigterm::run(trial).await,
        sigterm_disk::NAME => sigterm_disk::run(trial).await,
        sink_gone::NAME => sink_gone::run(trial).await,
        sink_moods::NAME => sink_moods::run(trial).await,
        two_agents::NAME => two_agents::run(trial).await,
        unkind_sink::NAME => unkind_sink::run(trial).await,
        other => Err(format!("no scenario {other}; there are {}", NAMES.join(", ")).into()),
    }
}
