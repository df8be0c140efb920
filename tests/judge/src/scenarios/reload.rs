//! The configuration is changed or broken every second and read again, by SIGHUP and by the admin API in turns, under
//! load: no connection is refused, nobody is asked to come again, nothing is lost or arrives twice.

use crate::{
    Result,
    agent::Agent,
    lifetimes::Lifetimes,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    setup::STORE,
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use rustix::process::Signal;
use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

pub(super) const NAME: &str = "reload";

const PER_REQUEST: u64 = 50;
const RATE: u64 = 20_000;
const LIMIT: u64 = 4_000_000;

/// Ports of one trial.
struct Ports {
    receiver: SocketAddr,
    other: SocketAddr,
    admin: SocketAddr,
    sink: SocketAddr,
}

/// What a configuration says, and whether it may be taken.
struct Version {
    what: &'static str,
    yaml: String,
    is_good: bool,
}

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let rounds = trial.pick(12, 60);
    let pause = trial.pick(Duration::from_millis(400), Duration::from_secs(1));
    let sink = Sink::start(Record::timed(LIMIT, PER_REQUEST), kind()).await?;
    let ports =
        Ports { receiver: ports::free(), other: ports::free(), admin: ports::free(), sink: sink.address };
    let versions = versions(&ports);
    let mut lives = Lifetimes::with_config(trial, versions[0].yaml.clone(), &[&sink.record])?;
    lives.start().await?;
    let mut senders = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address: ports.receiver,
        numbers: 0..LIMIT,
        per_request: PER_REQUEST,
        connections: 4,
        in_flight: 4,
        deadline: Duration::from_secs(30),
        rate: Some(RATE),
    })?;
    let sent = senders.sent.clone();
    let mut verdict = Verdict::new(NAME);
    verdict.rounds = rounds;
    // What the agent says that it runs, for each version that it has taken.
    let mut texts = HashMap::from([(versions[0].yaml.clone(), running(lives.agent()?, &ports).await?)]);
    let mut current = versions[0].yaml.clone();
    for round in 0..rounds {
        tokio::time::sleep(pause).await;
        let Version { what, yaml, is_good } = &versions[(round as usize + 1) % versions.len()];
        std::fs::write(lives.home().path().join("scenario.yaml"), yaml)?;
        let agent = lives.agent()?;
        // Each version comes both ways: there is an odd number of them.
        if round % 2 == 0 {
            agent.signal(Signal::HUP)?;
        } else {
            let reply = agent.post(ports.admin, "/-/reload").await?;
            let text = String::from_utf8_lossy(&reply.body);
            let told = format!("round {round}: {what}: {} {text}", reply.status);
            verdict.promise(reply.status.is_success() == *is_good, told);
        }
        let before = texts[&current].clone();
        let now = settled(agent, &ports, &before, *is_good && *yaml != current).await?;
        if *is_good {
            current.clone_from(yaml);
        }
        let expected = texts.entry(current.clone()).or_insert_with(|| now.clone());
        let is_taken = now == *expected && (now == before) == (before == *expected);
        verdict.promise(is_taken, format!("round {round}: {what}: it runs what it should:\n{now}"));
        // New connections are made all the time, too.
        let connected = tokio::net::TcpStream::connect(ports.receiver).await;
        verdict.promise(connected.is_ok(), format!("round {round}: {what}: the port is open: {connected:?}"));
        verdict.promise(agent.is_running()?, format!("round {round}: {what}: the agent runs"));
    }
    let distinct: HashSet<&String> = texts.values().collect();
    verdict.fact("configurations taken", distinct.len());
    verdict.promise(distinct.len() == texts.len(), "every changed configuration changes what runs");
    tokio::time::sleep(pause).await;
    senders.stop().await;
    lives.arrived(&sent.acknowledged, &sink.record).await;
    let flow = Flow { name: "gRPC", sent: &sent, record: &sink.record, receiver: "otlp", exporter: "otlp" };
    verdict.nothing_lost(&flow);
    let answers: Vec<String> = sent.answers().into_keys().filter(|answer| answer != "acknowledged").collect();
    verdict
        .promise(answers.is_empty(), format!("every request is acknowledged at its first try: {answers:?}"));
    let twice = sink.record.repeated.len();
    verdict.promise(twice == 0, format!("nothing arrives twice: {twice}"));
    lives.judge_books(&mut verdict, &[]).await?;
    Ok(lives.close(verdict))
}

/// What runs, as the agent says.
async fn running(agent: &Agent, ports: &Ports) -> Result<String> {
    agent.get(ports.admin, "/-/config").await
}

/// The same after a change has been asked for, or after some time in which it should not come.
async fn settled(agent: &Agent, ports: &Ports, before: &str, is_to_change: bool) -> Result<String> {
    let patience = Duration::from_secs(if is_to_change { 20 } else { 0 });
    let asked = Instant::now();
    loop {
        let now = running(agent, ports).await?;
        if now != before || asked.elapsed() >= patience {
            return Ok(now);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn versions(ports: &Ports) -> Vec<Version> {
    let Ports { other, receiver, .. } = ports;
    let good = |what, yaml| Version { what, yaml, is_good: true };
    let broken = |what, yaml| Version { what, yaml, is_good: false };
    let base = |queue: &str, receivers: &str, processors: &str, pipelines: &str| {
        config(ports, queue, receivers, processors, pipelines)
    };
    let plain = base("", "", "", "");
    vec![
        good("as at the start", plain.clone()),
        broken("no YAML", plain.replace("receivers:", "receivers: ]")),
        good("another queue and another pause", base(", max_bytes: 512MiB, num_consumers: 3", "", "", "")),
        broken("a key that does not exist", plain.replace("endpoint:", "endpiont:")),
        good(
            "another receiver and a pipeline",
            base(
                "",
                &format!("\n  otlp/other: {{protocols: {{grpc: {{endpoint: '{other}'}}}}}}"),
                "",
                "\n    logs/other: {receivers: [otlp/other], exporters: [otlp]}",
            ),
        ),
        broken(
            "a port that is in use",
            base(
                "",
                &format!("\n  otlp/other: {{protocols: {{grpc: {{endpoint: '{receiver}'}}}}}}"),
                "",
                "\n    logs/other: {receivers: [otlp/other], exporters: [otlp]}",
            ),
        ),
        good("a processor", base("", "", "batch", "")),
        broken("a component that is missing", base("", "", "batch, filter/none", "")),
        good("without it again", plain),
    ]
}

fn config(ports: &Ports, queue: &str, receivers: &str, processors: &str, pipelines: &str) -> String {
    let Ports { receiver, admin, sink, .. } = ports;
    format!(
        "
extensions:
  file_storage: {{directory: ./{STORE}}}
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: '{receiver}'}}}}}}{receivers}
processors:
  batch: {{timeout: 10ms}}
exporters:
  otlp:
    endpoint: 'http://{sink}'
    tls: {{insecure: true}}
    sending_queue: {{storage: file_storage{queue}}}
service:
  admin: {{endpoint: '{admin}'}}
  pipelines:
    logs: {{receivers: [otlp], processors: [{processors}], exporters: [otlp]}}{pipelines}
"
    )
}
