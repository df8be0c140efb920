//! The agent is killed with a backlog on its disk; then bytes are torn off, flipped and overwritten in its newest and
//! older files: it starts all the same, exactly the records that were hit are missing, and it says how many.

use crate::{
    Result,
    books::Books,
    disk::{Harm, StoredFile},
    lifetimes::Lifetimes,
    numbers::{Numbers, some},
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::Setup,
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use rand::Rng;
use std::{collections::BTreeSet, time::Duration};

pub(super) const NAME: &str = "damage";

const PER_REQUEST: u64 = 50;

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let rounds = trial.pick(2, 30);
    let mut verdict = Verdict::new(NAME);
    verdict.rounds = rounds;
    for round in 0..rounds {
        judge(trial, round, &mut verdict).await?;
    }
    Ok(verdict)
}

async fn judge(trial: &Trial, round: u64, verdict: &mut Verdict) -> Result<()> {
    let mut chance = trial.chance(round);
    // More than one of any agent's files, so that there are older ones.
    let total = chance.random_range(1500..2000) * PER_REQUEST;
    let mut sink = Sink::closed(Record::timed(total, PER_REQUEST), kind());
    let address = ports::free();
    let mut lives = Lifetimes::new(trial, &Setup::grpc(address, sink.address), &[&sink.record])?;
    lives.start().await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..total,
        per_request: PER_REQUEST,
        connections: 8,
        in_flight: 4,
        deadline: Duration::from_secs(10),
        rate: None,
    })?;
    let done = senders.finish(Duration::from_secs(60)).await;
    verdict.promise(done, format!("round {round}: all is on the disk while the sink is away"));
    lives.kill().await?;

    let files = StoredFile::all(&lives.store())?;
    let Some((newest, older)) = files.split_last() else {
        return Err(format!("none of the records is in {}", lives.home().keep().display()).into());
    };
    let mut harms = vec![match round % 3 {
        0 => newest.tear(PER_REQUEST, &mut chance)?,
        1 => newest.flip(PER_REQUEST, &mut chance)?,
        _ => newest.overwrite(PER_REQUEST, &mut chance)?,
    }];
    for file in older {
        harms.push(file.flip(PER_REQUEST, &mut chance)?);
        harms.push(file.overwrite(PER_REQUEST, &mut chance)?);
    }
    for harm in &harms {
        verdict.fact(format!("round {round}"), &harm.what);
    }
    sink.up().await?;
    let name = format!("round {round}");
    let sent = senders.sent.clone();
    let flow = Flow {
        name: &name,
        sent: &sent,
        record: &sink.record,
        receiver: "otlp/judge",
        exporter: "otlp/judge",
    };
    let harmed: BTreeSet<u64> =
        harms.iter().flat_map(|harm| harm.certain.union(&harm.either)).copied().collect();
    if let Err(error) = lives.start().await {
        verdict.promise(false, format!("{name}: it starts again: {error}"));
        verdict.nothing_lost_but(&flow, &all_of(&harmed, total));
        lives.home().keep();
        return Ok(());
    }
    let excused = all_of(&harmed, total);
    lives.arrived(&without(&sent.acknowledged, &excused, total), &sink.record).await;
    verdict.nothing_lost_but(&flow, &excused);
    let missing: BTreeSet<u64> = sent
        .acknowledged
        .iter()
        .filter(|number| !sink.record.accepted.contains(*number))
        .map(|number| number / PER_REQUEST * PER_REQUEST)
        .collect();
    exactly(verdict, &name, &harms, &missing);
    if let Some(books) = lives.judge_books(verdict, &[]).await? {
        counted(verdict, &name, &books, &harms, missing.len() as u64 * PER_REQUEST);
    }
    if !verdict.is_good() {
        verdict.fact(format!("{name}, configuration, log and storage"), lives.home().keep().display());
    }
    Ok(())
}

/// Of each harm, what it must have hit is missing, and of its neighbours one at most.
fn exactly(verdict: &mut Verdict, name: &str, harms: &[Harm], missing: &BTreeSet<u64>) {
    verdict.fact(format!("{name}, requests missing"), missing.len());
    for Harm { what, certain, either } in harms {
        let survived: Vec<u64> = certain.difference(missing).copied().collect();
        verdict.promise(
            survived.is_empty(),
            format!("{name}: what was hit is not delivered: {what}: {} are", some(survived.into_iter())),
        );
        let beside = either.intersection(missing).count();
        verdict.promise(beside <= 1, format!("{name}: of two neighbours one at most is hit: {what}"));
    }
}

/// The agent says how many items were damaged. What was torn off was never durable as far as it can know, so that it
/// says how many bytes were torn, if it sees any.
fn counted(verdict: &mut Verdict, name: &str, books: &Books, harms: &[Harm], missing: u64) {
    let torn: u64 = harms
        .iter()
        .filter(|harm| harm.what.starts_with("torn"))
        .map(|harm| harm.certain.len() as u64 * PER_REQUEST)
        .sum();
    let counted = books.sum("tidewatch_queue_damaged_items", "exporter", "otlp/judge");
    let least = missing.saturating_sub(torn + PER_REQUEST);
    verdict.promise(
        counted <= missing && counted >= least,
        format!("{name}: it counts {counted} damaged items; {missing} are missing, {torn} of them torn off"),
    );
    verdict.fact(
        format!("{name}, damaged items"),
        format!("{counted} counted, {missing} missing, {torn} torn off"),
    );
}

fn all_of(firsts: &BTreeSet<u64>, total: u64) -> Numbers {
    let numbers = Numbers::new(total);
    numbers.extend(firsts.iter().flat_map(|first| *first..first + PER_REQUEST));
    numbers
}

fn without(numbers: &Numbers, others: &Numbers, total: u64) -> Numbers {
    let rest = Numbers::new(total);
    rest.extend(numbers.iter().filter(|number| !others.contains(*number)));
    rest
}
