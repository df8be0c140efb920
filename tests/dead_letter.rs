//! What a destination refuses for good after its sender had an answer goes to a file, and from there back in.

mod backend;
mod common;

use backend::{Backend, Received};
use common::{Agent, Ended, File, post, run};
use prost::Message;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tidewatch_component::{DeadLetter, dead_letter::DeadLetterKind};
use tidewatch_otlp::{
    Request, Signal, json,
    proto::{collector::logs::v1::ExportLogsServiceRequest, common::v1::any_value::Value as Any},
};

/// A pipeline whose destination refuses records with `poison` in them, and a file for these.
struct Scene {
    backend: Backend,
    agent: Agent,
    folder: TempDir,
}

impl Scene {
    fn start() -> Self {
        let backend = Backend::start();
        backend.refuse(Some("poison"));
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "
receivers:
  otlp:
    acknowledge: queued
    protocols: {{http: {{endpoint: '127.0.0.1:0'}}}}
exporters:
  otlp_http: {{endpoint: 'http://{}'}}
  file/dead: {{path: '{}', fsync: true}}
service:
  dead_letter: file/dead
  telemetry:
    metrics: {{address: '127.0.0.1:0'}}
  pipelines:
    main: {{receivers: [otlp], exporters: [otlp_http]}}
",
            backend.address,
            folder.path().join("dead.jsonl").display()
        );
        Self { backend, agent: Agent::start(&config), folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn send(&self, bodies: &[&str]) {
        let records: Vec<_> =
            bodies.iter().map(|body| format!(r#"{{"body":{{"stringValue":"{body}"}}}}"#)).collect();
        let request =
            format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#, records.join(","));
        let listening = self.agent.line(|line| line["message"] == "listening" && line["receiver"] == "otlp");
        let (status, body) =
            post(listening["address"].as_str().expect("an address"), "/v1/logs", "", &request);
        assert_eq!((status, body.as_str()), (200, "{}"), "taken before anybody has refused it");
    }
}

/// The bodies of all log records that arrived, sorted.
fn bodies(received: &Received) -> Vec<String> {
    let records = received.logs.iter().flat_map(records_of);
    let mut bodies: Vec<String> = records.collect();
    bodies.sort();
    bodies
}

fn records_of(request: &ExportLogsServiceRequest) -> Vec<String> {
    let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    let values = scopes.flat_map(|scope| &scope.log_records).map(|record| record.body.clone());
    values
        .map(|body| match body.and_then(|body| body.value) {
            Some(Any::StringValue(text)) => text,
            other => panic!("no text: {other:?}"),
        })
        .collect()
}

/// The letters in a file; none if there is no file yet.
fn letters(path: &Path) -> Vec<DeadLetter> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let requests = whole.map(|line| {
        let wire = json::decode(Signal::Logs, line.as_bytes()).expect("OTLP/JSON");
        Request::check(Signal::Logs, wire.into()).expect("OTLP").request.decode_logs()
    });
    let scopes = requests.flat_map(|request| request.resource_logs).flat_map(|resource| resource.scope_logs);
    let records = scopes.flat_map(|scope| scope.log_records);
    records.map(|record| DeadLetter::from_record(&record).expect("a letter").expect("a whole one")).collect()
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1200 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never happened: {what}");
}

fn replay(file: &Path, to: &str, more: &[&str]) -> Ended {
    let endpoint = format!("http://{to}");
    let file = file.to_str().expect("UTF-8");
    run(&[&["replay", file, "--endpoint", &endpoint], more].concat())
}

#[test]
fn what_is_refused_is_kept_with_its_bytes_and_arrives_once_the_destination_is_mended() {
    let scene = Scene::start();
    scene.send(&["one", "poison two", "three"]);
    scene.send(&["poison four"]);
    scene.send(&["five"]);
    let dead = scene.file("dead.jsonl");
    eventually("both are in the file", || letters(&dead).len() == 2);
    eventually("the others arrive", || bodies(&scene.backend.received()) == ["five", "one", "three"]);

    let mut originals = Vec::new();
    for letter in letters(&dead) {
        assert_eq!((letter.kind, letter.items), (DeadLetterKind::Refused, 1));
        assert_eq!(letter.exporter.as_deref(), Some("otlp_http"));
        assert!(letter.reason.contains("it is poisoned"), "{}", letter.reason);
        assert_eq!(&*letter.context.origins[0].receiver, "otlp");
        let request = ExportLogsServiceRequest::decode(letter.original.as_ref()).expect("the original");
        originals.extend(records_of(&request));
    }
    originals.sort();
    assert_eq!(originals, ["poison four", "poison two"]);

    let backend = scene.backend.address.to_string();
    let dry = replay(&dead, &backend, &["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert!(dry.stdout.ends_with("2 letters (2 items) would be fed in\n"), "{}", dry.stdout);

    // Not mended yet: refused again, and kept for later.
    let rest = scene.file("rest.jsonl");
    let again = replay(&dead, &backend, &["--rest", rest.to_str().expect("UTF-8")]);
    assert_eq!(again.code, Some(1));
    assert!(again.stdout.contains("2 letters (2 items) refused again"), "{}", again.stdout);
    assert!(again.stderr.contains("dead.jsonl:1: logs, 1 item, refused"), "{}", again.stderr);
    assert_eq!(letters(&rest), letters(&dead));

    scene.backend.refuse(None);
    // Through the agent, as its senders do.
    let listening = scene.agent.line(|line| line["message"] == "listening" && line["receiver"] == "otlp");
    let fed = replay(&rest, listening["address"].as_str().expect("an address"), &[]);
    assert_eq!((fed.code, fed.stdout.as_str()), (Some(0), "2 letters (2 items) fed in\n"), "{}", fed.stderr);
    let all = ["five", "one", "poison four", "poison two", "three"];
    eventually("all arrive", || bodies(&scene.backend.received()).len() >= all.len());
    scene.agent.signal("TERM");
    assert_eq!(scene.agent.wait().0.code(), Some(0));
    assert_eq!(bodies(&scene.backend.received()), all, "each once");
    assert_eq!(letters(&dead).len(), 2, "nothing was refused any more");
}

#[test]
fn letters_are_chosen_and_what_is_none_is_said() {
    let scene = Scene::start();
    scene.send(&["poison"]);
    let dead = scene.file("dead.jsonl");
    eventually("it is in the file", || letters(&dead).len() == 1);
    scene.backend.refuse(None);
    let backend = scene.backend.address.to_string();
    for other in [["--exporter", "otlp/2"], ["--reason", "too old"]] {
        let ended = replay(&dead, &backend, &other);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), "0 letters (0 items) fed in, 1 letter left out\n")
        );
    }

    // Packed, as logrotate leaves it, with half a line of a crash.
    let packed = scene.file("dead.jsonl.gz");
    let mut gzip = flate2::write::GzEncoder::new(
        fs::File::create(&packed).expect("a file"),
        flate2::Compression::default(),
    );
    gzip.write_all(b"{\"resourceLogs\":[{\"sco\n").expect("written");
    gzip.write_all(&fs::read(&dead).expect("a file")).expect("written");
    gzip.finish().expect("written");
    let chosen = ["--exporter", "otlp_http", "--reason", "it is poisoned"];
    let ended = replay(&packed, &backend, &chosen);
    assert_eq!(ended.code, Some(1), "a line could not be read");
    assert_eq!(ended.stdout, "1 letter (1 item) fed in, 1 letter unusable\n");
    assert!(ended.stderr.contains("dead.jsonl.gz:1: no line of OTLP/JSON"), "{}", ended.stderr);
    assert_eq!(bodies(&scene.backend.received()), ["poison"]);
}

#[test]
fn a_receiver_that_is_away_is_tried_and_given_up() {
    let scene = Scene::start();
    scene.send(&["poison one", "poison two"]);
    let dead = scene.file("dead.jsonl");
    eventually("both are in the file", || letters(&dead).len() == 2);
    let rest = scene.file("rest.jsonl");
    let more = ["--patience", "1s", "--rest", rest.to_str().expect("UTF-8")];
    let ended = replay(&dead, "127.0.0.1:9", &more);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("2 letters (2 items) not delivered"), "{}", ended.stdout);
    assert!(ended.stderr.contains("given up, with all that come after it"), "{}", ended.stderr);
    assert_eq!(letters(&rest).len(), 2);
    let overwritten = replay(&dead, "127.0.0.1:9", &more);
    assert!(overwritten.stderr.contains("cannot make "), "{}", overwritten.stderr);
}

#[test]
fn letters_need_an_exporter_that_takes_logs() {
    let config = "
receivers: {otlp: {protocols: {http: }}}
exporters:
  debug:
  file: {path: /tmp/alerts.jsonl, body: '{{ name }}'}
service:
  dead_letter: file
  pipelines: {main: {receivers: [otlp], exporters: [debug]}}
";
    let file = File::new(config);
    let ended = run(&["validate", "--config", file.as_str()]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("dead letters are logs, but this exporter takes only alerts"),
        "{}",
        ended.stderr
    );
}
