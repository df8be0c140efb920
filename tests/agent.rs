//! A running agent: how it starts, what it tells, how it stops.

mod common;

use common::{Agent, File, get, run, tidewatch, wait_for_the_end};
use std::{net::TcpListener, process::Stdio};

/// What it says when a signal came.
const STOPPING: &str = "stopping; a second signal ends it at once";

/// Generated telemetry to the debug exporter, every port chosen by the system.
const QUIET: &str = "
receivers:
  generator: {rate: 20}
exporters:
  debug:
extensions:
  health_check: {endpoint: '127.0.0.1:0'}
service:
  extensions: [health_check]
  telemetry:
    metrics: {address: '127.0.0.1:0'}
  pipelines:
    main: {receivers: [generator], exporters: [debug]}
";

/// The same, but nobody listens where it goes.
fn undeliverable() -> String {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let exporter = format!("otlp:\n    endpoint: {free}\n    tls: {{insecure: true}}");
    QUIET.replace("debug:", &exporter).replace("[debug]", "[otlp]")
}

#[test]
fn it_tells_its_metrics_and_its_health_and_stops_on_sigterm() {
    let agent = Agent::start(QUIET);
    let (status, metrics) = get(&agent.metrics(), "/metrics");
    assert_eq!(status, 200);
    for name in ["otelcol_process_uptime ", "otelcol_process_memory_rss ", "otelcol_exporter_queue_size{"] {
        assert!(metrics.contains(&format!("\n{name}")), "{name}: {metrics}");
    }
    let health = agent.line(|line| line["message"] == "listening" && line["extension"] == "health_check");
    let (status, body) = get(health["endpoint"].as_str().expect("an address"), "/");
    assert_eq!(status, 200);
    assert!(body.contains("\"Server available\""), "{body}");

    agent.signal("TERM");
    let (status, lines) = agent.wait();
    assert_eq!(status.code(), Some(0));
    let last = lines.last().expect("a line");
    assert_eq!(last["message"], "stopped: nothing is left undelivered");
    for line in &lines {
        assert_eq!(line["service"], "tidewatch", "{line}");
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    assert_eq!(lines.iter().filter(|line| line["message"] == "ready").count(), 1);
}

#[test]
fn ctrl_c_stops_it_too() {
    let agent = Agent::start(QUIET);
    agent.signal("INT");
    let (status, lines) = agent.wait();
    assert_eq!(status.code(), Some(0));
    assert!(lines.iter().any(|line| line["message"] == STOPPING && line["signal"] == "SIGINT"));
}

/// Waits until something is queued for the exporter.
fn wait_for_a_queue(agent: &Agent) {
    for _ in 0..600 {
        let (_, metrics) = get(&agent.metrics(), "/metrics");
        let size = metrics
            .lines()
            .find_map(|line| line.strip_prefix("otelcol_exporter_queue_size{exporter=\"otlp\"} "));
        if size.is_some_and(|size| size != "0") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("nothing was queued");
}

#[test]
fn a_stop_with_items_undelivered_says_so() {
    let config = undeliverable().replace("service:", "service:\n  shutdown_timeout: 200ms");
    let agent = Agent::start(&config);
    wait_for_a_queue(&agent);
    agent.signal("TERM");
    let (status, lines) = agent.wait();
    assert_eq!(status.code(), Some(3));
    let last = lines.last().and_then(|line| line["message"].as_str()).expect("a message").to_owned();
    assert!(last.starts_with("stopped: ") && last.ends_with(" items not delivered to `otlp`"), "{last}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let config = undeliverable().replace("service:", "service:\n  shutdown_timeout: 1h");
    let mut agent = Agent::start(&config);
    wait_for_a_queue(&agent);
    agent.signal("TERM");
    agent.wait_for(STOPPING);
    agent.signal("TERM");
    let (status, _) = agent.wait();
    assert_eq!(status.code(), Some(143));
}

#[test]
fn a_port_in_use_ends_the_start_and_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let receiver = format!(
        "{{receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{address}'}}}}}}}}, \
         service: {{pipelines: {{main: {{receivers: [otlp]}}}}}}}}"
    );
    let file = File::new(QUIET);
    for more in [
        format!("yaml:service::telemetry::metrics::address: '{address}'"),
        format!("yaml:extensions::health_check::endpoint: '{address}'"),
        format!("yaml:{receiver}"),
    ] {
        let ended = run(&["--config", file.as_str(), "--config", &more]);
        assert_eq!(ended.code, Some(1), "{more}: {}", ended.stderr);
        let says = format!("cannot listen on {address}");
        assert!(ended.stderr.contains("cannot start: ") && ended.stderr.contains(&says), "{}", ended.stderr);
    }

    let more = format!("yaml:service::telemetry::metrics::address: '{address}'");
    let elsewhere = "service::telemetry::logs::output_paths=[stdout]";
    let ended = run(&["--config", file.as_str(), "--config", &more, "--set", elsewhere]);
    assert!(ended.stderr.contains("error: cannot start: "), "also on the terminal: {}", ended.stderr);
    let set = "--set service::telemetry::metrics::address=";
    assert!(ended.stderr.contains("service.telemetry.metrics.address"), "{}", ended.stderr);
    assert!(ended.stderr.contains(set), "{}", ended.stderr);
}

#[test]
fn no_metrics_port_is_opened_at_level_none() {
    let agent = Agent::start(&QUIET.replace("metrics: {", "metrics: {level: none, "));
    assert_eq!(agent.metrics(), "");
}

#[test]
fn mistakes_end_the_start() {
    let file = File::new(QUIET);
    let ended = run(&["run", "--config", file.as_str(), "--set", "exporters::debug::verbosty=normal"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("--set:1:"), "{}", ended.stderr);
    let lost = run(&["--config", "/nowhere/agent.yaml"]);
    assert_eq!(lost.code, Some(1));
    assert!(lost.stderr.contains("cannot read /nowhere/agent.yaml: "), "{}", lost.stderr);
    let log = "service::telemetry::logs::output_paths=[/nowhere/agent.log]";
    let unwritable = run(&["--config", file.as_str(), "--set", log]);
    assert_eq!(unwritable.code, Some(1));
    assert!(
        unwritable.stderr.contains("cannot open the log file /nowhere/agent.log: "),
        "{}",
        unwritable.stderr
    );
}

#[test]
fn telemetry_is_moved_by_as_many_threads_as_told() {
    let threads = |told: usize| {
        let service = format!("service:\n  threads: {told}");
        Agent::start(&undeliverable().replace("service:", &service)).threads()
    };
    assert_eq!(threads(5), threads(1) + 4);
}

#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let address =
        TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string();
    let config = QUIET
        .replace("rate: 20", "rate: 2000")
        .replace(
            "debug:",
            "debug: {verbosity: detailed, use_internal_logger: true, sampling_initial: 1000000}",
        )
        .replace("metrics: {address: '127.0.0.1:0'}", &format!("metrics: {{address: '{address}'}}"))
        .replace("telemetry:", "telemetry:\n    logs: {level: debug}");
    let file = File::new(&config);
    let mut command = tidewatch(&["--config", file.as_str()]);
    let mut agent = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let lost = || {
        std::net::TcpStream::connect(&address).ok()?;
        let (_, metrics) = get(&address, "/metrics");
        let mut lines = metrics.lines();
        let lost =
            lines.find_map(|line| line.strip_prefix("tidewatch_log_lost_lines{output=\"stderr\"} "))?;
        Some(lost.to_owned())
    };
    // The pipe is full, and so is what waits for it.
    let full = (0..1200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        lost().is_some_and(|lost| lost != "0")
    });
    // Told to reload what is wrong, it says so at length.
    std::fs::write(&file.path, "servce:").expect("written");
    common::signal(&agent, "HUP");
    let answers = lost().is_some();
    common::signal(&agent, "TERM");
    let status = wait_for_the_end(&mut agent);
    assert!(full && answers);
    assert_eq!(status.code(), Some(0));
}
