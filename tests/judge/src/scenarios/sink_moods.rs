//! A queue on disk in front of sinks in every mood: they give every status of their protocol, break off answers, are
//! slow, and go up and down. What they refuse for good, after its sender was told that it is safe, is in the dead
//! letters; everything else arrives.

use crate::{
    Result,
    books::Books,
    dead_letters,
    lifetimes::Lifetimes,
    numbers::Numbers,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::{self, From, Setup},
    sink::{Record, Sink, statuses, unkind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::time::Duration;

pub(super) const NAME: &str = "sink_moods";

const LIMIT: u64 = 4_000_000;

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let per_request = 20;
    let total = trial.pick(20_000, 400_000);
    let sink = |protocol| Sink::start(Record::timed(LIMIT, per_request), unkind(protocol, trial.seed));
    let (mut over_grpc, mut over_http) = (sink(Protocol::Grpc).await?, sink(Protocol::Http).await?);
    let (grpc, http) = (ports::free(), ports::free());
    let flow =
        |name, protocol, at, to| setup::Flow { name, from: From::Otlp(protocol, at), to: (protocol, to) };
    let setup = Setup {
        flows: vec![
            flow("grpc", Protocol::Grpc, grpc, over_grpc.address),
            flow("http", Protocol::Http, http, over_http.address),
        ],
        // So that the sinks see enough requests for all that they have in mind.
        max_batch: 2 * per_request,
        ..Setup::default()
    };
    let mut lives = Lifetimes::new(trial, &setup, &[&over_grpc.record, &over_http.record])?;
    lives.start().await?;
    let plan = |protocol, address| Plan {
        protocol,
        address,
        numbers: 0..total,
        per_request,
        connections: 4,
        in_flight: 2,
        deadline: Duration::from_secs(10),
        // As long as the sinks need to go through their moods.
        rate: Some(trial.pick(5_000, 10_000)),
    };
    let mut by_grpc = Senders::start(&plan(Protocol::Grpc, grpc))?;
    let mut by_http = Senders::start(&plan(Protocol::Http, http))?;
    let mut verdict = Verdict::new(NAME);
    let limit = Duration::from_secs(trial.pick(60, 300));
    let sending = async { by_grpc.finish(limit).await & by_http.finish(limit).await };
    let in_time = tokio::select! {
        in_time = sending => in_time,
        error = flap(&mut over_grpc, &mut over_http) => return Err(error),
    };
    verdict.promise(in_time, format!("everything is on the disk within {limit:?}"));
    for sink in [&mut over_grpc, &mut over_http] {
        sink.down().await;
        sink.up().await?;
    }
    for (sent, record) in [(&by_grpc.sent, &over_grpc.record), (&by_http.sent, &over_http.record)] {
        lives.arrived(&not_refused(&sent.acknowledged, record), record).await;
    }
    let books = lives.judge_books(&mut verdict, &[]).await?;
    for (name, sent, record, id, exporter) in [
        ("grpc", &by_grpc.sent, &over_grpc.record, "otlp/grpc", "otlp/grpc"),
        ("http", &by_http.sent, &over_http.record, "otlp/http", "otlp_http/http"),
    ] {
        let flow = Flow { name, sent, record, receiver: id, exporter };
        // Where an agent keeps no dead letters, what the sink refused for good is gone, in a column of its own.
        let kept = match trial.kind.keeps_books() {
            true => dead_letters::numbers(&lives.home().path().join(setup::DEAD_LETTERS), name, LIMIT)?,
            false => refused(record),
        };
        // Nobody says which records a partial success is without: they are counted.
        kept.extend(record.rejected.iter());
        verdict.nothing_lost_but(&flow, &kept);
        if let Some(books) = &books {
            let counted = dropped(books, exporter, "rejected");
            let rejected = record.rejected.len();
            verdict.promise(
                counted == rejected,
                format!("{name}: {counted} are counted as rejected, {rejected} were by partial success"),
            );
        }
        let given = record.answers();
        let missing = statuses(sent.protocol)
            .iter()
            .filter(|status| !given.contains_key(&status.name(sent.protocol)))
            .count();
        verdict.promise(missing == 0, format!("{name}: the sink gave every status: {missing} are missing"));
        if let Some(books) = &books {
            verdict.edges_agree(books, &flow);
        }
    }
    Ok(lives.close(verdict))
}

/// Takes both sinks down and up again; ends only when that fails.
async fn flap(one: &mut Sink, other: &mut Sink) -> crate::Error {
    loop {
        for sink in [&mut *one, &mut *other] {
            tokio::time::sleep(Duration::from_millis(700)).await;
            sink.down().await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            if let Err(error) = sink.up().await {
                return error;
            }
        }
    }
}

fn dropped(books: &Books, exporter: &str, reason: &str) -> u64 {
    let accounts = books.accounts().into_iter().filter(|(node, _)| node.is_one_of(&[exporter]));
    accounts.filter_map(|(_, account)| account.dropped.get(reason).copied()).sum()
}

fn refused(record: &Record) -> Numbers {
    let numbers = Numbers::new(LIMIT);
    numbers.extend(record.refused.iter());
    numbers
}

fn not_refused(acknowledged: &Numbers, record: &Record) -> Numbers {
    let numbers = Numbers::new(LIMIT);
    numbers.extend(acknowledged.iter().filter(|number| !record.refused.contains(*number)));
    numbers
}
