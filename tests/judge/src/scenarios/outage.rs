//! The sink is away for longer than any agent tries by default (five minutes for a Collector): what was acknowledged
//! arrives when it is back.

use crate::{
    Result,
    lifetimes::Lifetimes,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::Setup,
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::time::Duration;

pub(super) const NAME: &str = "outage";

const PER_REQUEST: u64 = 50;
/// gRPC's own pause between connections grows to two minutes.
const RECONNECTED_WITHIN: Duration = Duration::from_secs(240);

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let (total, away) = trial.pick((20_000, Duration::from_secs(3)), (40_000, Duration::from_secs(330)));
    let mut sink = Sink::closed(Record::timed(total, PER_REQUEST), kind());
    let address = ports::free();
    let mut lives = Lifetimes::new(trial, &Setup::grpc(address, sink.address), &[&sink.record])?;
    lives.start().await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..total,
        per_request: PER_REQUEST,
        connections: 2,
        in_flight: 2,
        deadline: Duration::from_secs(10),
        rate: Some(10_000),
    })?;
    let mut verdict = Verdict::new(NAME);
    let done = senders.finish(Duration::from_secs(60)).await;
    verdict.promise(done, "everything is acknowledged while the sink is away");
    tokio::time::sleep(away).await;
    sink.up().await?;
    lives.still = RECONNECTED_WITHIN;
    lives.arrived(&senders.sent.acknowledged, &sink.record).await;
    let flow = Flow {
        name: "gRPC",
        sent: &senders.sent,
        record: &sink.record,
        receiver: "otlp/judge",
        exporter: "otlp/judge",
    };
    verdict.nothing_lost(&flow);
    if let Some(books) = lives.judge_books(&mut verdict, &[]).await? {
        verdict.edges_agree(&books, &flow);
    }
    Ok(lives.close(verdict))
}
