//! The only sink goes away under full load, and comes back: senders are turned away in a way that lets them
//! come again, memory stays at its bound, and a batch that was turned away was seen by no detector.

use crate::{
    Result,
    agent::Agent,
    books::Books,
    items::{ATTEMPT, NUMBER},
    ports,
    protocol::Protocol,
    sender::{Plan, Senders, Sent},
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::{
    collections::HashSet,
    sync::{PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

pub(super) const NAME: &str = "sink_gone";

const PER_REQUEST: u64 = 50;
/// Room for alerts on their way into the file.
const ALERTS: u64 = 8 << 20;
/// What an agent needs without a queue: code, connections, requests on their way in.
const BASE: u64 = 96 << 20;
/// More than are sent in any run.
const LIMIT: u64 = 20_000_000;

/// Answers that let a sender come again: `UNAVAILABLE`, `DEADLINE_EXCEEDED`, `RESOURCE_EXHAUSTED` with a pause.
const HARMLESS: [&str; 6] =
    ["acknowledged", "deadline passed", "Grpc 14", "Grpc 14 with a pause", "Grpc 4", "Grpc 8 with a pause"];

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    // More is under way than the queue has room for, so that senders are turned away, too.
    let (connections, queue) = trial.pick((8, 256 << 10), (64, 4 << 20));
    let mut sink = Sink::start(Record::new(LIMIT, PER_REQUEST), kind()).await?;
    let address = ports::free();
    let agent = trial
        .agent(&format!(
            "
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: '{address}'}}}}}}
processors:
  threshold:
    rules:
      - alert: Seen
        signal: logs
        value: 'attributes[\"{NUMBER}\"]'
        levels: {{seen: '>= 0'}}
        mode: event
exporters:
  otlp:
    endpoint: 'http://{to}'
    tls: {{insecure: true}}
    sending_queue: {{max_bytes: {queue}}}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 500ms}}
  file:
    path: ./alerts.txt
    signals: [alerts]
    sending_queue: {{max_bytes: {ALERTS}}}
    body: '{{{{ labels[\"{NUMBER}\"] }}}} {{{{ labels[\"{ATTEMPT}\"] }}}}'
service:
  pipelines:
    main: {{receivers: [otlp], processors: [threshold], exporters: [otlp, file]}}
",
            to = sink.address,
        ))
        .await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..LIMIT,
        per_request: PER_REQUEST,
        connections,
        in_flight: 8,
        deadline: trial.pick(Duration::from_secs(1), Duration::from_millis(500)),
        rate: None,
    })?;
    let sent = senders.sent.clone();
    let mut verdict = Verdict::new(NAME);

    verdict.promise(more(&sent).await, "it flows before the sink goes away");
    sink.down().await;
    tokio::time::sleep(trial.pick(Duration::from_secs(5), Duration::from_secs(60))).await;
    verdict.memory_below(agent.memory()?, BASE + queue + ALERTS);
    sink.up().await?;
    verdict.promise(more(&sent).await, "it flows again by itself after the sink is back");
    senders.stop().await;

    let books = Books::at_rest(&agent, &[]).await?;
    let flow = Flow { name: "gRPC", sent: &sent, record: &sink.record, receiver: "otlp", exporter: "otlp" };
    verdict.nothing_lost(&flow);
    verdict.edges_agree(&books, &flow);
    verdict.books_exact(&books, &[]);
    let harmful: Vec<String> =
        sent.answers().into_keys().filter(|answer| !HARMLESS.contains(&answer.as_str())).collect();
    verdict.promise(harmful.is_empty(), format!("every refusal lets the sender come again: {harmful:?}"));
    seen_only_when_admitted(&mut verdict, &agent, &books, &flow)?;
    Ok(trial.close(verdict, agent))
}

/// Waits for more acknowledgements. False when none comes for a while.
async fn more(sent: &Sent) -> bool {
    let before = sent.acknowledged_items.load(Relaxed);
    for _ in 0..300 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if sent.acknowledged_items.load(Relaxed) > before + 20 * PER_REQUEST {
            return true;
        }
    }
    false
}

/// The detector raised one alert for each record it saw: the file says which, and at which try.
fn seen_only_when_admitted(
    verdict: &mut Verdict,
    agent: &Agent,
    books: &Books,
    flow: &Flow<'_>,
) -> Result<()> {
    let file = std::fs::read_to_string(agent.folder().join("alerts.txt"))?;
    let seen: Vec<(u64, u64)> = file.lines().filter_map(number_and_attempt).collect();
    verdict.promise(seen.len() == file.lines().count(), "every alert names its record");
    let once: HashSet<(u64, u64)> = seen.iter().copied().collect();
    verdict.promise(once.len() == seen.len(), "no record is seen twice at the same try");

    let turned_away = flow.sent.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
    let wrongly = turned_away.iter().filter(|(first, attempt)| once.contains(&(*first, *attempt))).count();
    verdict.promise(!turned_away.is_empty(), "the queue was full, and senders were turned away");
    verdict
        .promise(wrongly == 0, format!("no request that was turned away was seen by a detector: {wrongly}"));
    let numbers: HashSet<u64> = seen.iter().map(|(number, _)| *number).collect();
    let unseen = flow.record.accepted.iter().filter(|number| !numbers.contains(number)).count();
    verdict
        .promise(unseen == 0, format!("every delivered record was seen by the detector: {unseen} were not"));

    let accounts = books.accounts();
    let total = |signal: &str, column: fn(&crate::books::Account) -> u64| -> u64 {
        let of_detector = accounts.iter().filter(|(node, _)| node.0[0] == "processor" && node.0[3] == signal);
        of_detector.map(|(_, account)| column(account)).sum()
    };
    let (records, alerts) =
        (total("logs", |account| account.came_in), total("alerts", |account| account.created));
    verdict.promise(records == alerts, format!("{records} records made {alerts} alerts"));
    verdict.fact("seen by the detector", format!("{} tries of {} records", seen.len(), numbers.len()));
    verdict.fact("requests turned away", turned_away.len());
    Ok(())
}

fn number_and_attempt(line: &str) -> Option<(u64, u64)> {
    let (number, attempt) = line.trim().split_once(' ')?;
    Some((number.parse().ok()?, attempt.parse().ok()?))
}
