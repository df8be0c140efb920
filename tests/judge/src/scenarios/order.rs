//! An exporter that promises order (`file`), behind a queue on disk, with kills and with a destination that has no room
//! for a while: what it writes is in the order in which it was acknowledged, through all its lives.

use crate::{
    Result, dead_letters,
    disk::SmallDisk,
    items::{Contents, NUMBER},
    lifetimes::Lifetimes,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::STORE,
    sink::Record,
    trial::Trial,
    verdict::{Flow, Verdict},
};
use rand::Rng;
use serde_json::Value;
use std::{
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

pub(super) const NAME: &str = "order";

const PER_REQUEST: u64 = 10;
const LIMIT: u64 = 1_000_000;

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let rounds = trial.pick(4, 40);
    let mut verdict = Verdict::new(NAME);
    verdict.rounds = rounds;
    // All numbers are one sequence.
    let record = Arc::new(Record::timed(LIMIT, LIMIT));
    let address = ports::free();
    let config = format!(
        "
extensions:
  file_storage: {{directory: ./{STORE}}}
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: '{address}'}}}}}}
exporters:
  file:
    path: ./out/out.jsonl
    sending_queue: {{storage: file_storage}}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 200ms}}
service:
  pipelines:
    logs: {{receivers: [otlp], exporters: [file]}}
"
    );
    let mut lives = Lifetimes::with_config(trial, config, &[&record])?;
    let folder = lives.home().path().join("out");
    std::fs::create_dir_all(&folder)?;
    let disk = SmallDisk::mount(folder.clone(), 256);
    if let Err(error) = &disk {
        verdict.fact("no small disk can be mounted; the destination always has room", error);
    }
    lives.start().await?;
    // One after another, so that there is an order.
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..LIMIT,
        per_request: PER_REQUEST,
        connections: 1,
        in_flight: 1,
        deadline: Duration::from_secs(10),
        rate: None,
    })?;
    let sent = senders.sent.clone();
    let mut file = Written { path: folder.join("out.jsonl"), ..Written::default() };
    for round in 0..rounds {
        let mut chance = trial.chance(round);
        tokio::time::sleep(Duration::from_millis(chance.random_range(100..500))).await;
        if let Ok(disk) = &disk
            && round % 2 == 0
        {
            disk.fill()?;
            tokio::time::sleep(Duration::from_millis(chance.random_range(100..500))).await;
        }
        lives.kill().await?;
        file.read(&record)?;
        lives.start().await?;
        if let Ok(disk) = &disk {
            disk.make_room()?;
        }
    }
    senders.stop().await;
    for _ in 0..100 {
        file.read(&record)?;
        if sent.acknowledged.iter().all(|number| record.accepted.contains(number)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    lives.judge_books(&mut verdict, &[]).await?;
    file.read(&record)?;
    let flow = Flow { name: "file", sent: &sent, record: &record, receiver: "otlp", exporter: "file" };
    verdict.promise(sent.acknowledged.len() > rounds * PER_REQUEST, "it was under load");
    verdict.nothing_lost(&flow);
    let reordered = record.reordered.load(std::sync::atomic::Ordering::Relaxed);
    verdict.promise(reordered == 0, format!("the order is kept: {reordered} numbers came after a later one"));
    verdict.fact("lines that a kill has cut short", file.cut);
    verdict.promise(file.cut <= rounds, format!("a kill cuts one line at most: {} are", file.cut));
    // Before its folder is removed.
    drop(disk);
    Ok(lives.close(verdict))
}

/// A file of OTLP/JSON lines, read as it grows.
#[derive(Default)]
struct Written {
    path: PathBuf,
    /// How far it is read.
    at: u64,
    /// Lines that are no JSON.
    cut: u64,
}

impl Written {
    /// Takes in the lines that are whole.
    fn read(&mut self, record: &Record) -> Result<()> {
        let mut file = std::fs::File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.at))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        for line in text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
            self.at += line.len() as u64;
            match serde_json::from_slice::<Value>(line) {
                Ok(request) => {
                    let numbers = dead_letters::records(&request).filter_map(number).collect();
                    record.accept(&Contents { numbers, ..Contents::default() });
                }
                Err(_) => self.cut += 1,
            }
        }
        Ok(())
    }
}

fn number(record: &Value) -> Option<u64> {
    let attributes = record["attributes"].as_array()?;
    let number = attributes.iter().find(|attribute| attribute["key"] == NUMBER)?;
    number["value"]["intValue"].as_str()?.parse().ok()
}
