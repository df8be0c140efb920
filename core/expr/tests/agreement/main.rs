//! Statements carried out on wire bytes do what the same statements do on decoded messages.
//!
//! Statements and batches are drawn from seeds. A judge of its own interprets what was drawn, on messages of prost; it
//! shares no code with the crate. `TIDEWATCH_PAIRS` says how many pairs (default 10,000), `TIDEWATCH_SEED` the first.

mod batch;
#[path = "../common/mod.rs"]
mod common;
mod converters;
mod editors;
mod fields;
mod fuzz;
mod generate;
mod interpret;
mod pair;
mod patterns;
mod record;
mod statement;
mod value;

use pair::{Outcome, Pair};
use std::str::FromStr;

fn environment<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn bytes_and_messages_agree() {
    let first: u64 = environment("TIDEWATCH_SEED", 1);
    let pairs: u64 = environment("TIDEWATCH_PAIRS", 10_000);
    let mut outcomes = Vec::new();
    for seed in first..first + pairs {
        let pair = Pair::from_seed(seed);
        match pair.judge() {
            Ok(more) => outcomes.extend(more),
            Err(_) => {
                let pair = pair.shrunk();
                let difference = pair.judge().err().unwrap_or_default();
                panic!("TIDEWATCH_SEED={seed} TIDEWATCH_PAIRS=1: {pair}{difference}");
            }
        }
    }
    // A test in which nothing happens would pass, too.
    for outcome in [Outcome::Done, Outcome::Skipped, Outcome::Failed] {
        let share = outcomes.iter().filter(|other| **other == outcome).count() as f64 / outcomes.len() as f64;
        assert!(pairs < 1_000 || share > 0.05, "{outcome:?}: {share}");
    }
}
