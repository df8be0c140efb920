//! Another configuration while the agent runs: by signal, by request, by a changed file, and under load.

mod backend;
mod common;

use backend::Backend;
use bytes::Bytes;
use common::{Agent, File, get, post, request_with, tidewatch};
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, StatusCode, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use prost::Message;
use serde_json::Value;
use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tidewatch_net::{
    grpc::{Channel, ChannelOptions},
    stream::Address,
};
use tidewatch_otlp::{
    Signal,
    proto::{
        collector::logs::v1::ExportLogsServiceRequest,
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    },
};

fn free() -> String {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string()
}

/// An agent whose file can be changed.
struct Bench {
    agent: Agent,
    file: File,
    yaml: String,
    admin: String,
}

const QUIET: &str = "
receivers:
  generator: {rate: 20, seed: 1}
exporters:
  debug:
  file: {path: /dev/null}
extensions:
  health_check: {endpoint: '127.0.0.1:0'}
service:
  extensions: [health_check]
  admin: {endpoint: 'ADMIN'}
  telemetry:
    metrics: {address: '127.0.0.1:0'}
  pipelines:
    main: {receivers: [generator], exporters: [debug]}
";

impl Bench {
    fn start(yaml: &str) -> Self {
        let admin = free();
        let yaml = yaml.replace("ADMIN", &admin);
        let file = File::new(&yaml);
        let agent = Agent::spawn(&mut tidewatch(&["--config", file.as_str()]));
        Self { agent, file, yaml, admin }
    }

    /// Puts the first configuration into the file again, with this in place of that.
    fn write(&self, from: &str, to: &str) {
        assert!(self.yaml.contains(from), "{from}");
        std::fs::write(&self.file.path, self.yaml.replace(from, to)).expect("written");
    }

    /// Reloads by request.
    fn reload(&self) -> (u16, Value) {
        let (status, body) = post(&self.admin, "/-/reload", "", "");
        (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("not JSON: {body}")))
    }

    fn metric(&self, series: &str) -> String {
        let (_, metrics) = get(&self.agent.metrics(), "/metrics");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{series} ")));
        line.unwrap_or_else(|| panic!("no {series}: {metrics}")).to_owned()
    }
}

fn names(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name")).collect()
}

#[test]
fn a_request_reloads_and_tells_what_has_changed() {
    let bench = Bench::start(QUIET);
    let (status, body) = bench.reload();
    assert_eq!((status, names(&body["changed"]["changed"]).len()), (200, 0), "{body}");

    bench.write("exporters: [debug]", "exporters: [debug, file]");
    let (status, body) = bench.reload();
    let changed = &body["changed"];
    assert_eq!(status, 200, "{body}");
    assert_eq!(names(&changed["added"]), ["exporters::file"]);
    assert_eq!(names(&changed["changed"]), ["service::pipelines::main"]);
    assert_eq!(
        names(&changed["kept"]),
        ["exporters::debug", "extensions::health_check", "receivers::generator"]
    );

    bench.write("rate: 20", "rate: 30");
    let (status, body) = bench.reload();
    assert_eq!(status, 200, "{body}");
    assert_eq!(names(&body["changed"]["removed"]), ["exporters::file"]);
    assert_eq!(names(&body["changed"]["changed"]), ["receivers::generator", "service::pipelines::main"]);

    assert_eq!(bench.metric("tidewatch_config_reloads_total{result=\"success\"}"), "3");
    assert_eq!(bench.metric("tidewatch_config_last_reload_success"), "1");
    bench.agent.signal("TERM");
    assert_eq!(bench.agent.wait().0.code(), Some(0));
}

#[test]
fn a_broken_configuration_changes_nothing() {
    let bench = Bench::start(QUIET);
    bench.write("exporters: [debug]", "exporters: [debag]");
    let (status, body) = bench.reload();
    assert_eq!(status, 400, "{body}");
    let mistake = body["mistakes"][0].as_str().expect("a mistake");
    assert!(mistake.contains("agent.yaml:15:") && mistake.contains("`debag`"), "{mistake}");
    assert!(body["text"].as_str().expect("a text").contains("^^^^^"), "{body}");
    assert_eq!(get(&bench.admin, "/-/ready").0, 200);
    assert!(get(&bench.admin, "/-/config").1.contains("exporters: [debug]"));
    assert_eq!(bench.metric("tidewatch_config_reloads_total{result=\"failure\"}"), "1");
    assert_eq!(bench.metric("tidewatch_config_last_reload_success"), "0");

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    bench.write(
        "  generator:",
        &format!("  otlp: {{protocols: {{http: {{endpoint: '{address}'}}}}}}\n  generator:"),
    );
    let text = std::fs::read_to_string(&bench.file.path).expect("the file");
    std::fs::write(&bench.file.path, text.replace("[generator]", "[generator, otlp]")).expect("written");
    let (status, body) = bench.reload();
    assert_eq!(status, 400, "{body}");
    let says = format!("cannot start: receiver `otlp`: cannot listen on {address}");
    assert!(body["mistakes"][0].as_str().is_some_and(|mistake| mistake.contains(&says)), "{body}");
    drop(taken);
    assert_eq!(bench.reload().0, 200, "the port is free now");
}

#[test]
fn a_pipe_in_place_of_the_file_is_not_waited_for() {
    let bench = Bench::start(QUIET);
    std::fs::remove_file(&bench.file.path).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&bench.file.path).status().expect("mkfifo runs");
    assert!(made.success());
    let (status, body) = bench.reload();
    assert_eq!(status, 400, "{body}");
    let mistake = body["mistakes"][0].as_str().expect("a mistake");
    assert!(mistake.contains("agent.yaml: it is not a regular file"), "{mistake}");
    assert!(get(&bench.admin, "/-/config").1.contains("exporters: [debug]"));
    bench.agent.signal("TERM");
    assert_eq!(bench.agent.wait().0.code(), Some(0));
}

#[test]
fn what_takes_a_restart_is_refused_by_its_key() {
    let bench = Bench::start(QUIET);
    bench.write("  telemetry:", "  threads: 3\n  telemetry:");
    let (status, body) = bench.reload();
    assert_eq!(status, 400);
    let mistake = body["mistakes"][0].as_str().expect("a mistake");
    assert!(mistake.contains("agent.yaml:12:12: `service.threads` takes a restart"), "{mistake}");
}

#[test]
fn sighup_reloads() {
    let mut bench = Bench::start(QUIET);
    bench.write("exporters: [debug]", "exporters: [file]");
    bench.agent.signal("HUP");
    bench.agent.wait_for(
        "reloaded: added exporters::file; removed exporters::debug; changed service::pipelines::main; kept 2",
    );
    bench.write("exporters: [debug]", "exporters: []");
    bench.agent.signal("HUP");
    let line = bench.agent.wait_for("cannot reload: nothing has changed");
    assert!(line["mistakes"].as_str().is_some_and(|text| text.contains("agent.yaml:15")), "{line}");
    bench.agent.signal("TERM");
    assert_eq!(bench.agent.wait().0.code(), Some(0));
}

#[test]
fn a_changed_file_reloads_where_that_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let rate = folder.path().join("rate");
    std::fs::write(&rate, "20").expect("written");
    let included = format!("rate: '${{file:{}}}'", rate.display());
    let yaml = QUIET
        .replace("rate: 20", &included)
        .replace("  telemetry:", "  reload_on_change: true\n  telemetry:");
    let mut bench = Bench::start(&yaml);
    bench.write("exporters: [debug]", "exporters: [debug, file]");
    bench.agent.wait_for("reloaded: added exporters::file; changed service::pipelines::main; kept 3");
    std::fs::write(&rate, "25").expect("written");
    bench.agent.wait_for("reloaded: changed receivers::generator; kept 4");
    bench.write("service:", "servce:");
    bench.agent.wait_for("cannot reload: nothing has changed");
    assert_eq!(get(&bench.admin, "/-/ready").0, 200);
}

#[test]
fn the_port_is_for_local_programs() {
    let secret = QUIET
        .replace("debug:\n", "debug:\n  otlp: {endpoint: 'a:1', headers: {authorization: hidden-token}}\n");
    let bench = Bench::start(&secret);
    let ask = |head: &str| request_with(&bench.admin, &head.replace("HERE", &bench.admin)).0;
    assert_eq!(ask("GET /-/config HTTP/1.1\r\nhost: HERE\r\n"), 200);
    assert_eq!(ask("GET /-/config HTTP/1.1\r\nhost: evil.example\r\n"), 403);
    assert_eq!(
        ask("POST /-/reload HTTP/1.1\r\nhost: HERE\r\norigin: http://evil.example\r\ncontent-length: 0\r\n"),
        403
    );
    assert_eq!(ask("GET /-/reload HTTP/1.1\r\nhost: HERE\r\n"), 405);
    assert_eq!(post(&bench.admin, "/-/reload", "", &"x".repeat(5_000)).0, 413);
    assert_eq!(ask("GET /metrics HTTP/1.1\r\nhost: HERE\r\n"), 404);
    let (_, config) = get(&bench.admin, "/-/config");
    assert!(config.contains("authorization: \"[REDACTED]\"") && !config.contains("hidden-token"), "{config}");
    let (_, ready) = get(&bench.admin, "/-/ready");
    let ready: Value = serde_json::from_str(&ready).expect("JSON");
    assert_eq!((&ready["ready"], ready["degraded"].as_array().map(Vec::len)), (&true.into(), Some(0)));
    assert_eq!(bench.metric("tidewatch_config_reloads_total{result=\"success\"}"), "0");
}

#[test]
fn who_is_stopped_while_he_reloads_stops_in_peace() {
    // The old receiver has to be stopped first, and waits for an answer that does not come.
    let yaml = QUIET.replace(
        "debug:\n",
        &format!("debug:\n  otlp: {{endpoint: '{}', tls: {{insecure: true}}}}\n", free()),
    );
    let mut bench = Bench::start(&yaml.replace("exporters: [debug]", "exporters: [otlp]"));
    bench.write("rate: 20", "rate: 30");
    bench.agent.wait_for("not delivered");
    bench.agent.signal("HUP");
    bench.agent.wait_for("reloading");
    bench.agent.signal("TERM");
    let (status, lines) = bench.agent.wait();
    assert!(matches!(status.code(), Some(0 | 3)), "{status}: {lines:#?}");
    assert!(
        lines.last().expect("a line")["message"].as_str().is_some_and(|last| last.starts_with("stopped: "))
    );
}

/// A request with records of these numbers.
fn numbered(numbers: std::ops::Range<u64>) -> Bytes {
    let log_records =
        numbers.map(|number| LogRecord { time_unix_nano: number, ..Default::default() }).collect();
    let scope_logs = vec![ScopeLogs { log_records, ..Default::default() }];
    let resource_logs = vec![ResourceLogs { scope_logs, ..Default::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
}

type Http = Client<HttpConnector, Full<Bytes>>;

/// A sender's connection.
enum Sender {
    /// Tidewatch's own client.
    Grpc(Channel),
    /// Another one.
    GrpcOnHyper(Http, String),
    Http(Http, String),
}

/// Status and trailers of the answer to a POST request.
async fn send(
    client: &Http,
    url: String,
    content_type: &str,
    body: Bytes,
) -> Result<(StatusCode, HeaderMap), String> {
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, content_type)
        .header(header::TE, "trailers")
        .body(Full::new(body))
        .expect("a request");
    let response = client.request(request).await.map_err(|error| format!("{error:?}"))?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| format!("{error:?}"))?;
    Ok((status, body.trailers().cloned().unwrap_or_default()))
}

impl Sender {
    async fn send(&self, message: Bytes) -> Result<(), String> {
        match self {
            Self::Grpc(channel) => {
                let path = Signal::Logs.grpc_path().parse().expect("a path");
                let called = channel.call(&path, &HeaderMap::new(), message, None).await;
                called.map(drop).map_err(|status| format!("{status:?}"))
            }
            Self::GrpcOnHyper(client, address) => {
                let mut framed = vec![0];
                framed.extend(u32::try_from(message.len()).expect("short").to_be_bytes());
                framed.extend(&message);
                let url = format!("http://{address}{}", Signal::Logs.grpc_path());
                let (_, trailers) = send(client, url, "application/grpc", framed.into()).await?;
                let taken = trailers.get("grpc-status").is_some_and(|code| code == "0");
                if taken { Ok(()) } else { Err(format!("{trailers:?}")) }
            }
            Self::Http(client, address) => {
                let url = format!("http://{address}/v1/logs");
                let (status, _) = send(client, url, "application/x-protobuf", message).await?;
                if status == StatusCode::OK { Ok(()) } else { Err(status.to_string()) }
            }
        }
    }
}

/// Guarantee: whoever sends while the receiver itself is replaced again and again, and broken files are refused in
/// between, has every request taken at its first try, and each item arrives once.
#[test]
fn nothing_is_refused_lost_or_doubled_while_receivers_are_replaced() {
    const ROUNDS: usize = 60;
    const PER_REQUEST: u64 = 50;
    let backend = Backend::start();
    let (grpc, http) = (free(), free());
    let yaml = format!(
        "
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: '{grpc}', max_recv_msg_size_mib: 20}}
      http: {{endpoint: '{http}', max_request_body_size: 20MiB}}
processors:
  batch: {{timeout: 10ms}}
exporters:
  otlp: {{endpoint: '{}', tls: {{insecure: true}}}}
extensions:
  health_check: {{endpoint: '127.0.0.1:0'}}
service:
  extensions: [health_check]
  admin: {{endpoint: 'ADMIN'}}
  telemetry:
    metrics: {{address: '127.0.0.1:0'}}
  pipelines:
    main: {{receivers: [otlp], processors: [batch], exporters: [otlp]}}
",
        backend.address
    );
    let bench = Bench::start(&yaml);
    let changes: [(&str, &str); 6] = [
        ("size_mib: 20", "size_mib: 21"),
        ("processors: [batch]", "processors: [botch]"),
        ("body_size: 20MiB", "body_size: 21MiB"),
        ("insecure: true}", "insecure: true}, sending_queue: {num_consumers: 3}"),
        ("[health_check]", "[]"),
        ("receivers: [otlp]", "receivers: []"),
    ];
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let senders: Vec<_> = (0..6)
        .map(|sender| {
            let http_client = |http2| Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
            let sender = match sender % 3 {
                0 => {
                    let address = Address::Tcp(grpc.clone());
                    Sender::Grpc(Channel::new(&address, ChannelOptions::default()).expect("a channel"))
                }
                1 => Sender::GrpcOnHyper(http_client(true), grpc.clone()),
                _ => Sender::Http(http_client(false), http.clone()),
            };
            let (stop, next) = (stop.clone(), next.clone());
            runtime.spawn(async move {
                while !stop.load(Relaxed) {
                    let first = next.fetch_add(PER_REQUEST, Relaxed);
                    sender.send(numbered(first..first + PER_REQUEST)).await?;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    for round in 0..ROUNDS {
        let (from, to) = changes[round % changes.len()];
        bench.write(from, to);
        let (status, body) = bench.reload();
        let broken = to.contains("botch") || to == "receivers: []";
        assert_eq!(status, if broken { 400 } else { 200 }, "round {round}: {body}");
        std::thread::sleep(Duration::from_millis(30));
    }
    stop.store(true, Relaxed);
    for sender in senders {
        runtime.block_on(sender).expect("no panic").expect("every request is taken at once");
    }
    let sent = next.load(Relaxed);
    assert!(sent > 60 * PER_REQUEST, "{sent} items");
    let mut arrived: HashMap<u64, usize> = HashMap::new();
    let resources = backend.received().logs.into_iter().flat_map(|request| request.resource_logs);
    for record in resources.flat_map(|resource| resource.scope_logs).flat_map(|scope| scope.log_records) {
        *arrived.entry(record.time_unix_nano).or_default() += 1;
    }
    assert_eq!(arrived.len() as u64, sent, "every item");
    assert!(arrived.values().all(|times| *times == 1), "once");
    assert_eq!(get(&bench.admin, "/-/ready").0, 200);
    bench.agent.signal("TERM");
    assert_eq!(bench.agent.wait().0.code(), Some(0));
}

/// A gauge point at a second since 2023, as OTLP/JSON.
fn load_at(second: u64, value: f64) -> String {
    let nanos = (1_700_000_000 + second) * 1_000_000_000;
    serde_json::json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{
        "name": "cpu_load",
        "gauge": {"dataPoints": [{"asDouble": value, "timeUnixNano": nanos.to_string()}]},
    }]}]}]})
    .to_string()
}

/// Guarantee: a rule that has been over its limit for 40 of its 60 seconds needs 20 more after a reload.
#[test]
fn a_rule_goes_on_counting_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let alerts = folder.path().join("alerts.jsonl");
    let address = free();
    let yaml = format!(
        "
receivers:
  otlp: {{protocols: {{http: {{endpoint: '{address}'}}}}}}
processors:
  threshold:
    rules: [{{alert: CpuLoadHigh, metric: cpu_load, levels: {{critical: '>= 90'}}, for: 1m}}]
  memory_limiter: {{limit_mib: 10000}}
exporters:
  file: {{path: '{}', signals: [alerts], flush_interval: 1s}}
service:
  admin: {{endpoint: 'ADMIN'}}
  telemetry: {{metrics: {{address: '127.0.0.1:0'}}}}
  pipelines:
    main: {{receivers: [otlp], processors: [threshold], exporters: [file, debug]}}
",
        alerts.display()
    )
    .replace("exporters:\n  file", "exporters:\n  debug:\n  file");
    let bench = Bench::start(&yaml);
    let send = |second, value| {
        let (status, body) = post(&address, "/v1/metrics", "", &load_at(second, value));
        assert_eq!(status, 200, "{body}");
    };
    send(0, 95.0);
    send(40, 95.0);
    // Everything around it changes, and a broken file comes between.
    bench.write("processors: [threshold]", "processors: [memory_limiter, treshold]");
    assert_eq!(bench.reload().0, 400);
    bench.write("for: 1m}]", "for: 1m}]\n  batch:");
    let text = std::fs::read_to_string(&bench.file.path).expect("the file");
    let text = text
        .replace("[threshold]", "[memory_limiter, threshold, batch]")
        .replace("flush_interval: 1s", "flush_interval: 2s")
        .replace("http: {", "http: {max_connections: 99, ");
    std::fs::write(&bench.file.path, text).expect("written");
    let (status, body) = bench.reload();
    assert_eq!(status, 200, "{body}");
    assert_eq!(names(&body["changed"]["kept"]), ["exporters::debug", "processors::threshold"]);
    assert_eq!(
        names(&body["changed"]["changed"]),
        ["exporters::file", "receivers::otlp", "service::pipelines::main"]
    );
    send(60, 95.0);
    bench.agent.signal("TERM");
    assert_eq!(bench.agent.wait().0.code(), Some(0));
    let alerts = std::fs::read_to_string(&alerts).expect("alerts");
    let alert: Value = serde_json::from_str(&alerts).unwrap_or_else(|_| panic!("one alert: {alerts:?}"));
    assert_eq!((&alert["name"], &alert["status"]), (&"CpuLoadHigh".into(), &"firing".into()));
}

#[test]
fn servers_keep_their_port_whatever_else_changes() {
    let (otlp, health) = (free(), free());
    let port = otlp.rsplit_once(':').expect("a port").1.to_owned();
    let yaml = QUIET
        .replace(
            "  generator:",
            &format!("  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}\n  generator:"),
        )
        .replace("[generator]", "[generator, otlp]")
        .replace("{endpoint: '127.0.0.1:0'}", &format!("{{endpoint: '{health}', path: /one}}"));
    let bench = Bench::start(&yaml);
    assert_eq!((get(&health, "/one").0, get(&health, "/two").0), (200, 404));
    bench.write("path: /one", "path: /two");
    let (status, body) = bench.reload();
    assert_eq!(
        (status, names(&body["changed"]["changed"])),
        (200, vec!["extensions::health_check"]),
        "{body}"
    );
    assert_eq!((get(&health, "/one").0, get(&health, "/two").0), (404, 200));
    // All addresses and one of them exclude each other: the old one has to go first.
    for endpoint in [format!("0.0.0.0:{port}"), otlp.clone()] {
        bench.write(&format!("http: {{endpoint: '{otlp}'"), &format!("http: {{endpoint: '{endpoint}'"));
        let (status, body) = bench.reload();
        assert_eq!(status, 200, "{body}");
        assert!(names(&body["changed"]["changed"]).contains(&"receivers::otlp"), "{body}");
        assert_eq!(post(&otlp, "/v1/logs", "", "{}").0, 200);
    }
}
