//! `tidewatch run`, and `tidewatch` without a command

use crate::{
    panics,
    reload::{Admin, Reloader},
    shutdown::{Signals, Termination},
    sources::Sources,
    terminal,
};
use std::{pin::pin, process::ExitCode, time::Duration};
use tidewatch_component::Registry;
use tidewatch_config::{Config, PipelineId};
use tidewatch_net::served::Served;
use tidewatch_pipeline::{Agent, Running};
use tidewatch_telemetry::{Metrics, logs, process, server};
use tokio::runtime::{self, Runtime};

/// Stopped, but not everything was delivered.
const UNDELIVERED: u8 = 3;

/// How long threads may take to end when everything else has.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

/// Runs until a signal ends it.
pub(crate) fn run(sources: &Sources, registry: &Registry) -> ExitCode {
    let loaded = match sources.load(registry) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    terminal::show(&loaded.diagnostics);
    let Some(config) = loaded.config.clone() else { return ExitCode::FAILURE };
    let metrics = Metrics::default();
    let agent = match Agent::build(&config, registry, &metrics) {
        Ok(agent) => agent,
        Err(mistakes) => {
            terminal::show(&mistakes);
            return ExitCode::FAILURE;
        }
    };
    // Dropped last: what is said at the end is written, too.
    let log = match logs::install(&config.service.telemetry.logs, &metrics) {
        Ok(log) => log,
        Err(error) => {
            terminal::fail(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    panics::log();
    process::register(&metrics);
    let runtime = match runtime(config.service.threads) {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start the threads");
            return ExitCode::FAILURE;
        }
    };
    let reloader = Reloader::new(sources, registry, &loaded, config, &metrics, &log);
    let code = runtime.block_on(serve(agent, reloader, &metrics));
    runtime.shutdown_timeout(LAST_MOMENTS);
    code
}

/// The threads that move telemetry. Half of the cores is cheapest per item: with a thread for each, they
/// spend more on waking each other than on the work (docs/decisions/0001-transport.md).
fn runtime(threads: Option<usize>) -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.unwrap_or(cores / 2).max(1);
    runtime::Builder::new_multi_thread().worker_threads(threads).thread_name("tidewatch").enable_all().build()
}

/// Keeps the next timer near. A request sets timeouts of seconds; were one of them the next to expire, setting
/// it would wake the thread that waits for the network, at the cost of a system call for each.
async fn pulse() {
    let mut beat = tokio::time::interval(Duration::from_millis(500));
    loop {
        beat.tick().await;
    }
}

async fn serve(agent: Agent, mut reloader: Reloader<'_>, metrics: &Metrics) -> ExitCode {
    tokio::spawn(pulse());
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(%error, "cannot listen for signals");
            return ExitCode::FAILURE;
        }
    };
    let started = tokio::select! {
        started = start(agent, &reloader, metrics) => started,
        signal = signals.termination() => {
            tracing::warn!(signal = signal.name(), "stopped before it was ready");
            return signal.exit_code().into();
        }
    };
    let mut started = match started {
        Ok(started) => started,
        Err(error) => return cannot_start(reloader.config(), &error),
    };
    announce(reloader.config(), &started.servers);
    let signal = match run_until_told(&mut started, &mut reloader, &mut signals).await {
        Ok(signal) => signal,
        Err(second) => return at_once(second),
    };
    let timeout = reloader.config().service.shutdown_timeout;
    tracing::info!(signal = signal.name(), %timeout, "stopping; a second signal ends it at once");
    tokio::select! {
        code = stop(started) => code,
        signal = signals.termination() => at_once(signal),
    }
}

/// Reloads whenever somebody wants it. Returns the signal that ends the agent.
///
/// # Errors
/// A second signal, during a reload.
async fn run_until_told(
    started: &mut Started,
    reloader: &mut Reloader<'_>,
    signals: &mut Signals,
) -> Result<Termination, Termination> {
    loop {
        let Started { running, admin, .. } = started;
        let (why, request) = tokio::select! {
            signal = signals.next() => match signal {
                Some(termination) => return Ok(termination),
                None => ("SIGHUP", None),
            },
            request = admin.next() => ("POST /-/reload", Some(request)),
            () = reloader.files_changed() => ("a changed file", None),
        };
        let turn = admin.turn();
        let hurry = running.hurry();
        let (outcome, termination) = {
            let mut reload = pin!(reloader.reload(running, why));
            tokio::select! {
                outcome = &mut reload => (outcome, None),
                first = signals.termination() => {
                    // What it has begun it ends, but nobody is waited for.
                    hurry.call();
                    tokio::select! {
                        outcome = reload => (outcome, Some(first)),
                        second = signals.termination() => return Err(second),
                    }
                }
            }
        };
        admin.show(reloader.printed());
        drop(turn);
        if let Some(request) = request {
            request.reply(outcome);
        }
        if let Some(termination) = termination {
            return Ok(termination);
        }
    }
}

/// What was started.
struct Started {
    running: Running,
    servers: Vec<Served>,
    admin: Admin,
}

/// Starts everything.
///
/// # Errors
/// What is wrong locally, such as a port in use.
async fn start(agent: Agent, reloader: &Reloader<'_>, metrics: &Metrics) -> Result<Started, String> {
    let config = reloader.config();
    let mut servers = Vec::new();
    for address in config.service.telemetry.metrics.listen() {
        let started = server::start(&address, metrics).await;
        servers.push(started.map_err(|error| {
            let key = "service.telemetry.metrics.address";
            let set = "--set service::telemetry::metrics::address=localhost:8889";
            let change = match config.service.telemetry.metrics.readers {
                None => format!("`{key}` says where, e.g. `{set}`"),
                Some(_) => "`service.telemetry.metrics.readers` says where".to_owned(),
            };
            format!("the agent's own metrics: {error}; {change}")
        })?);
    }
    let running = agent.start().await.map_err(|failure| failure.to_string())?;
    let keys = config.service.admin.as_ref();
    match Admin::start(keys, running.host(), reloader.printed()).await {
        Ok(admin) => Ok(Started { running, servers, admin }),
        Err(error) => {
            running.stop().await;
            Err(format!("administration: {error}; `service.admin.endpoint` says where"))
        }
    }
}

/// Says so in the log, and on the terminal where the log goes elsewhere.
fn cannot_start(config: &Config, error: &str) -> ExitCode {
    tracing::error!("cannot start: {error}");
    let outputs = &config.service.telemetry.logs.output_paths;
    if !outputs.iter().any(|output| output == "stderr") {
        terminal::fail(&format!("cannot start: {error}"));
    }
    ExitCode::FAILURE
}

/// Says once that everything is up. The components have said where they listen.
fn announce(config: &Config, servers: &[Served]) {
    let pipelines: Vec<&str> = config.service.pipelines.keys().map(PipelineId::as_str).collect();
    let metrics: Vec<String> =
        servers.iter().filter_map(Served::address).map(|address| address.to_string()).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        pipelines = pipelines.join(", "),
        metrics = metrics.join(", "),
        "ready"
    );
}

/// Lets go of everything in order. Metrics can be read to the end.
async fn stop(started: Started) -> ExitCode {
    let Started { running, servers, admin } = started;
    let report = running.stop().await;
    admin.stop().await;
    for server in servers {
        server.stop().await;
    }
    if report.undelivered.is_empty() {
        tracing::info!("stopped: {report}");
        ExitCode::SUCCESS
    } else {
        tracing::warn!("stopped: {report}");
        ExitCode::from(UNDELIVERED)
    }
}

fn at_once(signal: Termination) -> ExitCode {
    tracing::warn!(signal = signal.name(), "stopped at once: what was queued is not delivered");
    signal.exit_code().into()
}
