//! A second agent on the same directory ends at once with exit code 1 and says why; the first goes on.

use crate::{
    Result,
    agent::{Agent, Home},
    lifetimes::Lifetimes,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::{EXTENSIONS, STORE, Setup},
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub(super) const NAME: &str = "two_agents";

const PER_REQUEST: u64 = 50;
const TOTAL: u64 = 20_000;
const EXIT_WITHIN: Duration = Duration::from_secs(20);

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let sink = Sink::start(Record::timed(TOTAL, PER_REQUEST), kind()).await?;
    let address = ports::free();
    let mut lives = Lifetimes::new(trial, &Setup::grpc(address, sink.address), &[&sink.record])?;
    lives.start().await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..TOTAL,
        per_request: PER_REQUEST,
        connections: 4,
        in_flight: 2,
        deadline: Duration::from_secs(10),
        rate: Some(10_000),
    })?;
    let mut verdict = Verdict::new(NAME);

    let store = lives.store().display().to_string();
    let config =
        Setup::grpc(ports::free(), sink.address).config(trial.kind).replace(&format!("./{STORE}"), &store);
    let mut home = Home::new()?;
    home.extensions = EXTENSIONS;
    let mut second = Agent::spawn(&trial.binary, trial.kind, &config, &Arc::new(home))?;
    let ended = second.ended(Instant::now(), EXIT_WITHIN).await;
    match ended {
        Ok(ended) => {
            verdict
                .promise(ended.status.code() == Some(1), format!("the second ends with 1: {}", ended.status));
            verdict.promise(ended.log.contains(&store), "it says which directory is in use");
            verdict.fact("its last words", ended.log.lines().last().unwrap_or_default());
        }
        Err(error) => verdict.promise(false, format!("the second ends: {error}")),
    }

    let done = senders.finish(Duration::from_secs(60)).await;
    verdict.promise(done && lives.agent()?.is_running()?, "the first goes on");
    lives.arrived(&senders.sent.acknowledged, &sink.record).await;
    let flow = Flow {
        name: "the first",
        sent: &senders.sent,
        record: &sink.record,
        receiver: "otlp/judge",
        exporter: "otlp/judge",
    };
    verdict.nothing_lost(&flow);
    verdict.all_settled(&flow, TOTAL);
    if let Some(books) = lives.judge_books(&mut verdict, &[]).await? {
        verdict.edges_agree(&books, &flow);
    }
    Ok(lives.close(verdict))
}
