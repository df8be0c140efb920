//! The clock jumps a day forward and two back, under load, with a backlog, and between two lives of the agent: nothing
//! is lost, and nothing waits for a time that was or will be.

use crate::{
    Result,
    agent::Home,
    lifetimes::Lifetimes,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::Setup,
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

pub(super) const NAME: &str = "clock";

const PER_REQUEST: u64 = 50;
const LIMIT: u64 = 4_000_000;
/// Where the clock stands, one step after another.
const CLOCK: [&str; 5] = ["+1d", "-1d", "+0d", "-2d", "+0d"];

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let rounds = trial.pick(1, 8);
    let mut home = Home::new()?;
    let clock = home.path().join("clock");
    set(&clock, "+0d")?;
    home.environment = vec![
        ("LD_PRELOAD", library()?),
        ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
        // The clock is read anew at every look at it.
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // As with real clocks: the monotonic one does not jump.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let mut sink = Sink::start(Record::timed(LIMIT, PER_REQUEST), kind()).await?;
    let address = ports::free();
    let config = Setup::grpc(address, sink.address).config(trial.kind);
    let mut lives = Lifetimes::at_home(trial, home, config, &[&sink.record])?;
    lives.start().await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..LIMIT,
        per_request: PER_REQUEST,
        connections: 4,
        in_flight: 2,
        deadline: Duration::from_secs(10),
        rate: Some(10_000),
    })?;
    let sent = senders.sent.clone();
    let mut verdict = Verdict::new(NAME);
    verdict.rounds = rounds * CLOCK.len() as u64;
    for round in 0..rounds {
        for (step, to) in CLOCK.into_iter().enumerate() {
            // Every other jump happens while tries wait for their turn.
            sink.down().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            set(&clock, to)?;
            tokio::time::sleep(Duration::from_millis(200)).await;
            if (round as usize + step).is_multiple_of(2) {
                lives.kill().await?;
                lives.start().await?;
            }
            sink.up().await?;
            let flows = more(&sink.record).await;
            verdict.promise(flows, format!("round {round}, clock at {to}: it flows when the sink is back"));
        }
    }
    let day = day("+1 day")?;
    verdict.promise(lives.agent()?.log().contains(&day), format!("the agent has seen {day}"));
    senders.stop().await;
    lives.arrived(&sent.acknowledged, &sink.record).await;
    let flow = Flow {
        name: "gRPC",
        sent: &sent,
        record: &sink.record,
        receiver: "otlp/judge",
        exporter: "otlp/judge",
    };
    verdict.nothing_lost(&flow);
    lives.judge_books(&mut verdict, &[]).await?;
    Ok(lives.close(verdict))
}

/// Moves the clock, all at once for whoever reads it meanwhile.
fn set(clock: &Path, to: &str) -> Result<()> {
    let new = clock.with_extension("new");
    std::fs::write(&new, format!("{to}\n"))?;
    Ok(std::fs::rename(new, clock)?)
}

/// Waits until the sink gets more. False when it does not.
async fn more(record: &Record) -> bool {
    let before = record.accepted.len();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if record.accepted.len() > before {
            return true;
        }
    }
    false
}

fn day(of: &str) -> Result<String> {
    let output = Command::new("date").args(["--utc", "--date", of, "+%F"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The library between a program and the clock.
fn library() -> Result<String> {
    const NAME: &str = "faketime/libfaketimeMT.so.1";
    let folders = ["/usr/lib", "/usr/local/lib"]
        .into_iter()
        .map(PathBuf::from)
        .chain(std::fs::read_dir("/usr/lib")?.filter_map(|entry| Some(entry.ok()?.path())));
    let found = folders.map(|folder| folder.join(NAME)).find(|path| path.exists());
    let found = found.ok_or("libfaketime is not installed: scripts/setup-tools installs it")?;
    Ok(found.display().to_string())
}
