//! Every scenario in its short form, against a binary that is there already.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use tidewatch_judge::{
    agent::Kind,
    scenarios,
    trial::{Form, Trial},
};

/// One at a time: they would take each other's processor time and ports.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("TIDEWATCH_BIN") {
        return PathBuf::from(path);
    }
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target");
    ["release", "debug"].map(|profile| target.join(profile).join("tidewatch")).into_iter().find(|path| path.exists()).expect(
        "no agent to judge: build it with `cargo build --release` (or `cargo build`), or name it in TIDEWATCH_BIN",
    )
}

fn judge(scenario: &str) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let binary = binary().canonicalize().expect("a path to a binary");
    let trial =
        Trial { binary, kind: Kind::Tidewatch, form: Form::Short, seed: rand::random::<u32>().into() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let verdict = runtime.block_on(scenarios::run(scenario, &trial)).expect("a trial");
    println!("seed {}\n{verdict}", trial.seed);
    assert!(verdict.is_good(), "{verdict}");
}

#[test]
fn poison() {
    judge("poison");
}

#[test]
fn sigterm() {
    judge("sigterm");
}

#[test]
fn one_dead() {
    judge("one_dead");
}

#[test]
fn sink_gone() {
    judge("sink_gone");
}

#[test]
fn hostile() {
    judge("hostile");
}

#[test]
fn unkind_sink() {
    judge("unkind_sink");
}

#[test]
fn clock() {
    judge("clock");
}

#[test]
fn damage() {
    judge("damage");
}

#[test]
fn disk_full() {
    judge("disk_full");
}

#[test]
fn kill9() {
    judge("kill9");
}

#[test]
fn one_dead_disk() {
    judge("one_dead_disk");
}

#[test]
fn order() {
    judge("order");
}

#[test]
fn reload() {
    judge("reload");
}

#[test]
fn rotation() {
    judge("rotation");
}

#[test]
fn sigterm_disk() {
    judge("sigterm_disk");
}

#[test]
fn sink_moods() {
    judge("sink_moods");
}

#[test]
fn two_agents() {
    judge("two_agents");
}

#[test]
fn outage() {
    judge("outage");
}
