//! SIGTERM under load: the agent ends in time, and nothing acknowledged is lost. Its successor takes over
//! what the senders were not told about.

use crate::{
    Result, ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    sink::{Record, Sink, slow},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::time::Duration;

pub(super) const NAME: &str = "sigterm";

const PER_REQUEST: u64 = 50;
const EXIT_WITHIN: Duration = Duration::from_secs(35);

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let total = trial.pick(40_000, 400_000);
    let sink = Sink::start(Record::new(total, PER_REQUEST), slow(Duration::from_millis(20))).await?;
    let address = ports::free();
    let config = format!(
        "
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: '{address}'}}}}}}
exporters:
  otlp: {{endpoint: 'http://{to}', tls: {{insecure: true}}, sending_queue: {{num_consumers: 2}}}}
service:
  pipelines:
    logs: {{receivers: [otlp], exporters: [otlp]}}
",
        to = sink.address,
    );
    let mut agent = trial.agent(&config).await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..total,
        per_request: PER_REQUEST,
        connections: 8,
        in_flight: 4,
        deadline: Duration::from_secs(30),
        rate: None,
    })?;
    tokio::time::sleep(trial.pick(Duration::from_millis(300), Duration::from_secs(2))).await;
    let ended = agent.terminate(EXIT_WITHIN).await?;
    let mut verdict = Verdict::new(NAME);
    verdict.promise(ended.status.success(), format!("the agent ends with success: {}", ended.status));
    verdict.fact("from SIGTERM to the end", format!("{:?}", ended.took));
    verdict.fact("its last words", ended.log.lines().last().unwrap_or_default());
    let under_load = senders.sent.acknowledged.len();
    verdict.promise(
        (1..total).contains(&under_load),
        format!("it ended under load: {under_load} of {total} were acknowledged"),
    );
    let sent = senders.sent.clone();
    let flow = |name| Flow { name, sent: &sent, record: &sink.record, receiver: "otlp", exporter: "otlp" };
    verdict.nothing_lost(&flow("at its end"));

    let successor = trial.agent(&config).await?;
    let limit = Duration::from_secs(120);
    let done = senders.finish(limit).await;
    verdict.promise(done, format!("its successor takes over within {limit:?}"));
    let flow = flow("with its successor");
    verdict.nothing_lost(&flow);
    verdict.all_settled(&flow, total);
    drop(successor);
    Ok(trial.close(verdict, agent))
}
