//! The log against a simple model, over random histories on the simulated disk.
//!
//! A failure prints its seed: `TIDEWATCH_SEED=<seed> TIDEWATCH_HISTORIES=1` runs that history alone, and a larger
//! `TIDEWATCH_HISTORIES` runs more than the default.

mod flips;
mod history;
mod model;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rand::SeedableRng;
use rand::rngs::SmallRng;

/// Runs as many histories as asked for, each from a seed of its own.
fn run(name: &str, histories: u64, history: impl Fn(u64, SmallRng)) {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    let first = number("TIDEWATCH_SEED").unwrap_or_else(|| rand::random_range(0..u64::MAX / 2));
    let histories = number("TIDEWATCH_HISTORIES").unwrap_or(histories);
    println!("{name}: {histories} histories from TIDEWATCH_SEED={first}");
    for seed in first..first + histories {
        let run = AssertUnwindSafe(|| history(seed, SmallRng::seed_from_u64(seed)));
        if let Err(panic) = catch_unwind(run) {
            eprintln!("{name}: TIDEWATCH_SEED={seed} TIDEWATCH_HISTORIES=1 repeats this history");
            resume_unwind(panic);
        }
    }
}

#[test]
fn crashes_faults_and_full_disks_lose_nothing_that_was_durable() {
    run("crashes", 10_000, history::run);
}

#[test]
fn a_flipped_bit_costs_its_record_and_is_counted() {
    run("flips", 4_000, flips::run);
}
