//! The storage is on a small disk that runs full while the sink is away: refusals let the sender come again, nothing
//! acknowledged is lost, the agent starts on the full disk, and it goes on by itself when there is room again.

use crate::{
    Result,
    agent::Home,
    disk::SmallDisk,
    lifetimes::Lifetimes,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders, Sent},
    setup::{STORE, Setup},
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::{
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

pub(super) const NAME: &str = "disk_full";

const PER_REQUEST: u64 = 50;
const LIMIT: u64 = 2_000_000;

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let mut verdict = Verdict::new(NAME);
    let mib = trial.pick(24, 96);
    let mut home = Home::new()?;
    // Ours to fill, and to give back while the sink is still away.
    let disk = SmallDisk::mount(home.path().join(STORE), mib);
    match &disk {
        Ok(disk) => disk.take(mib / 2)?,
        Err(error) => {
            verdict.fact("no small disk can be mounted; files are limited instead", error);
            home.wrapper = vec!["prlimit".to_owned(), format!("--fsize={}", (mib / 2) << 20)];
        }
    }
    let mut sink = Sink::closed(Record::timed(LIMIT, PER_REQUEST), kind());
    let address = ports::free();
    let config = Setup::grpc(address, sink.address).config(trial.kind);
    let mut lives = Lifetimes::at_home(trial, home, config, &[&sink.record])?;
    lives.start().await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..LIMIT,
        per_request: PER_REQUEST,
        connections: 8,
        in_flight: 4,
        deadline: Duration::from_secs(10),
        rate: None,
    })?;
    let sent = senders.sent.clone();
    full(&sent).await;
    let while_full = sent.acknowledged.len();
    verdict.promise(while_full > 0, "the disk takes something before it is full");
    verdict.fact("acknowledged on a full disk", while_full);
    verdict.promise(lives.agent()?.is_running()?, "the agent runs on a full disk");

    lives.kill().await?;
    let restarted = lives.start().await;
    verdict.promise(restarted.is_ok(), format!("it starts on a full disk: {restarted:?}"));
    if let Ok(disk) = &disk {
        disk.make_room()?;
        if restarted.is_err() {
            lives.start().await?;
        }
        let more = more(&sent).await;
        verdict.promise(more, "it takes more when there is room, with the sink still away");
        full(&sent).await;
        verdict.fact("acknowledged on a disk twice as large", sent.acknowledged.len());
    }
    sink.up().await?;
    // Without a word from the disk the room is there as soon as the backlog has been sent.
    verdict.promise(more(&sent).await, "it flows again by itself when the sink is back");
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
    // Before its folder is removed.
    drop(disk);
    Ok(lives.close(verdict))
}

/// Waits until nothing more has been acknowledged for a while.
async fn full(sent: &Sent) {
    let (mut seen, mut since) = (0, Instant::now());
    while since.elapsed() < Duration::from_millis(1500) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = sent.acknowledged_items.load(Relaxed);
        if now > seen {
            (seen, since) = (now, Instant::now());
        }
    }
}

/// Waits for many more acknowledgements. False when they do not come.
async fn more(sent: &Sent) -> bool {
    let before = sent.acknowledged_items.load(Relaxed);
    for _ in 0..300 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if sent.acknowledged_items.load(Relaxed) > before + 100 * PER_REQUEST {
            return true;
        }
    }
    false
}
