//! Two exporters with queues on disk behind each receiver, one of them dead until its limit has passed: room with
//! `refuse`, room with `drop_oldest`, age, time for tries. The live one gets everything that was acknowledged. The dead
//! one, when it is back, gets what its limit has left, and what is missing is counted.

use crate::{
    Result,
    books::Books,
    lifetimes::Lifetimes,
    numbers::Numbers,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::STORE,
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::{net::SocketAddr, time::Duration};

pub(super) const NAME: &str = "one_dead_disk";

const PER_REQUEST: u64 = 50;
const RATE: u64 = 4_000;
const LIMIT: Duration = Duration::from_secs(120);

/// A limit of the dead exporter: a name, keys of its queue, keys of its retry.
const CASES: [(&str, &str, &str); 4] = [
    ("refuse", "max_bytes: 256KiB", ""),
    ("drop_oldest", "max_bytes: 256KiB, when_full: drop_oldest", ""),
    ("max_age", "max_age: 1s", ""),
    ("max_elapsed", "", ", max_elapsed_time: 1s"),
];

/// One receiver with its two exporters.
struct Case {
    name: &'static str,
    at: SocketAddr,
    live: Sink,
    dead: Sink,
    senders: Option<Senders>,
}

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let dead_for = trial.pick(Duration::from_secs(3), Duration::from_secs(20));
    // Somewhat longer than one exporter is dead.
    let total = RATE * (dead_for.as_secs() + 2);
    let mut cases = Vec::new();
    for (name, ..) in CASES {
        let record = || Record::timed(total, PER_REQUEST);
        cases.push(Case {
            name,
            at: ports::free(),
            live: Sink::start(record(), kind()).await?,
            dead: Sink::closed(record(), kind()),
            senders: None,
        });
    }
    let mut lives = Lifetimes::with_config(trial, config(&cases), &[])?;
    lives.start().await?;
    for case in &mut cases {
        case.senders = Some(Senders::start(&Plan {
            protocol: Protocol::Grpc,
            address: case.at,
            numbers: 0..total,
            per_request: PER_REQUEST,
            connections: 2,
            in_flight: 2,
            deadline: Duration::from_secs(10),
            rate: Some(RATE),
        })?);
    }
    tokio::time::sleep(dead_for).await;
    let mut verdict = Verdict::new(NAME);
    verdict.rounds = cases.len() as u64;
    for case in &mut cases {
        case.dead.up().await?;
    }
    for case in &mut cases {
        let done = case.senders.as_mut().ok_or("no senders")?.finish(LIMIT).await;
        verdict.promise(done, format!("{}: everything is acknowledged in the end", case.name));
    }
    let books = lives.judge_books(&mut verdict, &[]).await?.ok_or("no books")?;
    for case in &cases {
        judge(&mut verdict, &books, case, total)?;
    }
    Ok(lives.close(verdict))
}

fn judge(verdict: &mut Verdict, books: &Books, case: &Case, total: u64) -> Result<()> {
    let Case { name, live, dead, senders, .. } = case;
    let sent = &senders.as_ref().ok_or("no senders")?.sent;
    let receiver = format!("otlp/{name}");
    let of_live = format!("{name}, live");
    let flow = Flow {
        name: &of_live,
        sent,
        record: &live.record,
        receiver: &receiver,
        exporter: &format!("otlp/{name}_live"),
    };
    verdict.nothing_lost(&flow);
    verdict.all_settled(&flow, total);
    verdict.edges_agree(books, &flow);

    let exporter = format!("otlp/{name}_dead");
    let missing = Numbers::new(total);
    missing.extend(sent.acknowledged.iter().filter(|number| !dead.record.accepted.contains(*number)));
    let accounts = books.accounts();
    let dropped = accounts
        .iter()
        .filter(|(node, _)| node.is_one_of(&[&exporter]))
        .flat_map(|(_, account)| account.dropped.values())
        .sum::<u64>();
    verdict.promise(
        dropped == missing.len(),
        format!("{name}: {dropped} are counted as dropped, {} are missing", missing.len()),
    );
    let of_dead = format!("{name}, dead for a while");
    let flow = Flow { name: &of_dead, sent, record: &dead.record, receiver: &receiver, exporter: &exporter };
    verdict.nothing_lost_but(&flow, &missing);
    if *name == "refuse" {
        let refused = books.sum("otelcol_receiver_refused_log_records", "receiver", &receiver);
        verdict.promise(refused > 0, "refuse: senders were turned away, and it is counted");
        verdict.promise(missing.is_empty(), "refuse: nothing is dropped");
    } else {
        verdict.promise(!missing.is_empty(), format!("{name}: the limit has passed for some"));
        verdict.promise(missing.len() < total, format!("{name}: what is within the limit arrives"));
    }
    Ok(())
}

fn config(cases: &[Case]) -> String {
    let (mut receivers, mut exporters, mut pipelines) = (String::new(), String::new(), String::new());
    for (case, (name, queue, retry)) in cases.iter().zip(CASES) {
        receivers.push_str(&format!("  otlp/{name}: {{protocols: {{grpc: {{endpoint: '{}'}}}}}}\n", case.at));
        for (which, sink, queue, retry) in [("live", &case.live, "", ""), ("dead", &case.dead, queue, retry)]
        {
            let comma = if queue.is_empty() { "" } else { ", " };
            exporters.push_str(&format!(
                "  otlp/{name}_{which}: {{endpoint: 'http://{}', tls: {{insecure: true}}, \
                 sending_queue: {{storage: file_storage{comma}{queue}}}, \
                 retry_on_failure: {{initial_interval: 50ms, max_interval: 200ms{retry}}}}}\n",
                sink.address
            ));
        }
        pipelines.push_str(&format!(
            "    logs/{name}: {{receivers: [otlp/{name}], exporters: [otlp/{name}_live, otlp/{name}_dead]}}\n"
        ));
    }
    format!(
        "extensions:\n  file_storage: {{directory: ./{STORE}}}\n\
         receivers:\n{receivers}exporters:\n{exporters}service:\n  pipelines:\n{pipelines}"
    )
}
