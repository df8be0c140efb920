//! SIGTERM with a queue on disk, in front of a sink that is slow or away, and every other time a second SIGTERM
//! that ends the agent at once: nothing acknowledged is lost.

use crate::{
    Result,
    lifetimes::Lifetimes,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::Setup,
    sink::{Record, Sink, slow},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use rand::Rng;
use std::time::Duration;

pub(super) const NAME: &str = "sigterm_disk";

const PER_REQUEST: u64 = 50;
const RATE: u64 = 20_000;
const LIMIT: u64 = 4_000_000;
const EXIT_WITHIN: Duration = Duration::from_secs(45);

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let rounds = trial.pick(4, 20);
    let mut sink = Sink::start(Record::timed(LIMIT, PER_REQUEST), slow(Duration::from_millis(30))).await?;
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
        let is_away = round % 4 >= 2;
        if is_away {
            sink.down().await;
        }
        tokio::time::sleep(Duration::from_millis(chance.random_range(100..800))).await;
        let patience = (round % 2 == 1).then(|| Duration::from_millis(chance.random_range(0..300)));
        let ended = lives.terminate(patience, EXIT_WITHIN).await?;
        if patience.is_none() {
            let status = ended.status;
            verdict.promise(status.success(), format!("round {round}: it ends with success: {status}"));
        }
        let sink_is = if is_away { "away" } else { "slow" };
        verdict.fact(
            format!("round {round}, sink {sink_is}"),
            format!("ended after {:?} with {}, second signal: {patience:?}", ended.took, ended.status),
        );
        if is_away {
            sink.up().await?;
        }
        lives.start().await?;
    }
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
    lives.judge_books(&mut verdict, &[]).await?;
    Ok(lives.close(verdict))
}
