//! Files that grow at 10,000 lines a second in all and are rotated in every way, read by an agent that is killed every
//! few seconds, in front of a sink that comes and goes: every line is delivered. What arrives twice was not yet noted
//! as read when the agent was killed.

use crate::{
    Result,
    files::{Writer, Writing},
    lifetimes::Lifetimes,
    protocol::Protocol,
    sender::Sent,
    setup::{self, From, Setup},
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use rand::Rng;
use std::{cmp::Reverse, sync::Arc, time::Duration};

pub(super) const NAME: &str = "rotation";

/// Numbers that each file has for itself.
const PER_FILE: u64 = 200_000;

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let rounds = trial.pick(3, 30);
    let files = trial.pick(8, 20);
    let limit = files as u64 * PER_FILE;
    let mut sink = Sink::start(Record::of_files(limit, PER_FILE), kind()).await?;
    let from = From::Files("logs/*.log*");
    let setup = Setup {
        flows: vec![setup::Flow { name: "judge", from, to: (Protocol::Grpc, sink.address) }],
        ..Setup::default()
    };
    let mut lives = Lifetimes::new(trial, &setup, &[&sink.record])?;
    // Who writes to a file has written when the system has it: that is all the acknowledgement there is.
    let sent = Arc::new(Sent::new(Protocol::Grpc, limit));
    let written = Arc::new(crate::numbers::Numbers::new(limit));
    let rotate_after = trial.pick(1_000, 2_500);
    let writer = Writer::start(
        lives.home().path().join("logs"),
        Writing { files, rate: 10_000, rotate_after, per_file: PER_FILE },
        written.clone(),
        sink.record.clone(),
    )?;
    lives.start().await?;
    for round in 0..rounds {
        let mut chance = trial.chance(round);
        tokio::time::sleep(Duration::from_millis(chance.random_range(800..1_600))).await;
        let is_away = chance.random_ratio(1, 2);
        if is_away {
            sink.down().await;
            tokio::time::sleep(Duration::from_millis(chance.random_range(100..1_500))).await;
        }
        lives.kill().await?;
        if is_away && chance.random_ratio(1, 2) {
            lives.start().await?;
            sink.up().await?;
        } else {
            if is_away {
                sink.up().await?;
            }
            lives.start().await?;
        }
    }
    let rotations = writer.stop()?;
    sent.acknowledged.extend(written.iter());
    lives.arrived(&sent.acknowledged, &sink.record).await;
    let mut verdict = Verdict::new(NAME);
    verdict.rounds = rounds;
    let flow = Flow {
        name: "files",
        sent: &sent,
        record: &sink.record,
        receiver: "file_log/judge",
        exporter: "otlp/judge",
    };
    verdict.promise(rotations > 0, "files were rotated");
    verdict.fact("rotations", rotations);
    verdict.nothing_lost(&flow);
    let far = not_of_the_tail(&sink.record, rotate_after);
    verdict.none(
        "files",
        "delivered again though much behind it was delivered before the kill, and only once",
        &far,
    );
    lives.judge_books(&mut verdict, &[]).await?;
    Ok(lives.close(verdict))
}

/// Numbers that came again although, when the agent was killed, more lines behind them in their file had been delivered
/// than one rotation has, and did not come again: what was not yet noted as read is the end of what was read.
fn not_of_the_tail(record: &Record, rotate_after: u64) -> Vec<u64> {
    let kills = record.times.interruptions();
    let mut repeats = record.times.repeats();
    // From the end of each file to its beginning.
    repeats.sort_by_key(|repeat| Reverse(repeat.number));
    let mut far = Vec::new();
    for (index, kill) in kills.iter().enumerate() {
        let until = kills.get(index + 1).map_or(u32::MAX, |next| next.killed);
        let (mut file, mut above, mut behind) = (u64::MAX, 0, 0);
        for repeat in repeats.iter().filter(|repeat| (kill.killed..until).contains(&repeat.again)) {
            if repeat.number / PER_FILE != file {
                file = repeat.number / PER_FILE;
                (above, behind) = ((file + 1) * PER_FILE, 0);
            }
            let before =
                |number: &u64| record.times.first_of(*number).is_some_and(|first| first < kill.killed);
            behind += (repeat.number + 1..above).filter(before).count() as u64;
            above = repeat.number;
            if behind > rotate_after {
                far.push(repeat.number);
            }
        }
    }
    far.sort_unstable();
    far
}
