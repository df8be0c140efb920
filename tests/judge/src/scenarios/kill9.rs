//! `kill -9` at random moments under load, now and then while the agent is still starting: every acknowledged
//! number arrives. What arrives twice was under way at a kill.

use crate::{
    Result,
    causes::Causes,
    lifetimes::Lifetimes,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::Setup,
    sink::{Answer, Record, Script, Sink},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use rand::Rng;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

pub(super) const NAME: &str = "kill9";

const PER_REQUEST: u64 = 50;
const RATE: u64 = 20_000;
/// An exporter has ten requests under way, and the answers of as many may be on their way to the disk.
const UNDER_WAY: usize = 20;
/// More than are sent in any run.
const LIMIT: u64 = 4_000_000;

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let rounds = trial.pick(8, 100);
    // So slow now and then that a backlog is on the disk when the agent is killed.
    let pause = Arc::new(AtomicU64::new(0));
    let sink = Sink::start(Record::timed(LIMIT, PER_REQUEST), paused(pause.clone())).await?;
    let address = ports::free();
    let mut lives = Lifetimes::new(trial, &Setup::grpc(address, sink.address), &[&sink.record])?;
    lives.start().await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..LIMIT,
        per_request: PER_REQUEST,
        connections: 8,
        in_flight: 2,
        deadline: Duration::from_secs(10),
        rate: Some(RATE),
    })?;
    let sent = senders.sent.clone();
    let mut verdict = Verdict::new(NAME);
    verdict.rounds = rounds;
    for round in 0..rounds {
        let mut chance = trial.chance(round);
        pause.store(if chance.random_ratio(1, 3) { 300 } else { chance.random_range(0..20) }, Relaxed);
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..700))).await;
        lives.kill().await?;
        if chance.random_ratio(1, 4) {
            lives.spawn()?;
            tokio::time::sleep(Duration::from_millis(chance.random_range(0..60))).await;
            lives.kill().await?;
        }
        lives.start().await?;
    }
    pause.store(0, Relaxed);
    senders.stop().await;
    lives.arrived(&sent.acknowledged, &sink.record).await;
    let flow = Flow {
        name: "gRPC",
        sent: &sent,
        record: &sink.record,
        receiver: "otlp/judge",
        exporter: "otlp/judge",
    };
    verdict.promise(sent.acknowledged.len() > rounds * PER_REQUEST, "it was under load");
    verdict.nothing_lost(&flow);
    let again = Causes::find(&sent, &sink.record).most_requests_per_kill;
    verdict.promise(
        again <= UNDER_WAY,
        format!("what comes again was under way at a kill: of one came {again} requests again, at most {UNDER_WAY} could"),
    );
    lives.judge_books(&mut verdict, &[]).await?;
    verdict.fact("agents started", lives.started);
    Ok(lives.close(verdict))
}

/// Accepts everything, after so many milliseconds.
fn paused(pause: Arc<AtomicU64>) -> Script {
    Arc::new(move |_| Answer::Slow(Duration::from_millis(pause.load(Relaxed)), Box::new(Answer::Accept)))
}
