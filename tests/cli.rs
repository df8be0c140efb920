//! The commands that print something and end, on the real binary.

mod common;

use common::{File, ended, run, tidewatch};
use serde_json::Value;

const GOOD: &str = "
receivers:
  otlp:
    protocols:
      grpc: {endpoint: 'localhost:0'}
exporters:
  debug:
  otlp:
    endpoint: localhost:4317
    headers: {x-api-key: hunter2}
    sending_queue: {when_full: drop_newest}
service:
  pipelines:
    main: {receivers: [otlp], exporters: [debug, otlp]}
";

#[test]
fn help_and_version() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for word in ["--config", "validate", "print-schema", "quickstart.yaml", "Exit codes:"] {
        assert!(help.stdout.contains(word), "{word}: {}", help.stdout);
    }
    let version = run(&["--version"]);
    let expected = format!("tidewatch {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.code, version.stdout), (Some(0), expected));
}

#[test]
fn without_a_configuration_there_is_advice() {
    for arguments in [&[][..], &["run"], &["validate"], &["print-config"]] {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(ended.stderr.starts_with("error: no configuration is given\n"), "{}", ended.stderr);
        assert!(ended.stderr.contains("tidewatch --config configs/quickstart.yaml"), "{}", ended.stderr);
    }
}

#[test]
fn validate_says_what_an_acknowledgement_survives() {
    let file = File::new(GOOD);
    let ended = run(&["validate", "--config", file.as_str()]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let expected = "The configuration is valid.

receiver otlp: acknowledge: auto = delivered
  An answer means that every exporter's destination has taken the data.
  Not for `otlp`: what its queue has no room for is dropped and counted.
";
    assert_eq!(ended.stdout, expected);

    let queued =
        run(&["validate", "--config", file.as_str(), "--set", "receivers::otlp::acknowledge=queued"]);
    assert_eq!(queued.code, Some(0));
    assert!(queued.stdout.contains("acknowledge: queued\n"), "{}", queued.stdout);
    assert!(queued.stdout.contains("lost if the agent dies"), "{}", queued.stdout);
}

#[test]
fn validate_says_which_answers_stand_for_the_disk() {
    let yaml = "extensions: {file_storage: {directory: /nowhere}}
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  otlp/disk: {endpoint: localhost:1, sending_queue: {storage: file_storage}}
  otlp/memory: {endpoint: localhost:2}
service:
  extensions: [file_storage]
  pipelines: {main: {receivers: [otlp], exporters: [EXPORTERS]}}
";
    let meaning = |exporters: &str, acknowledge: &str| {
        let file = File::new(&yaml.replace("EXPORTERS", exporters));
        let set = format!("receivers::otlp::acknowledge={acknowledge}");
        let ended = run(&["validate", "--config", file.as_str(), "--set", &set]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout
    };
    let on_disk =
        "An answer means that the data is on disk; it is delivered from there whatever becomes of the agent.";
    let all = meaning("otlp/disk", "auto");
    assert!(all.contains("acknowledge: auto = durable\n") && all.contains(on_disk), "{all}");
    assert!(!all.contains("given up"), "{all}");
    let limited = File::new(&yaml.replace("EXPORTERS", "otlp/disk"));
    let set = "exporters::otlp/disk::retry_on_failure::max_elapsed_time=300s";
    let ended = run(&["validate", "--config", limited.as_str(), "--set", set]);
    let limit = "For `otlp/disk` only as far as `retry_on_failure.max_elapsed_time: 5m` allows";
    assert!(ended.stdout.contains(limit), "{}", ended.stdout);
    let mixed = meaning("otlp/disk, otlp/memory", "auto");
    assert!(mixed.contains("acknowledge: auto = delivered\n"), "{mixed}");
    let mixed = meaning("otlp/disk, otlp/memory", "durable");
    assert!(mixed.contains("The destination of `otlp/memory` has taken it"), "{mixed}");
    let none = meaning("otlp/memory", "durable");
    assert!(
        none.contains("acknowledge: durable = delivered\n") && none.contains("No queue is on disk."),
        "{none}"
    );
}

#[test]
fn a_storage_that_is_not_there_is_shown_at_its_line() {
    let yaml = "extensions: {file_storage/queues: {directory: /nowhere}}
receivers: {otlp: {protocols: {grpc: }}}
exporters: {otlp: {endpoint: localhost:1, sending_queue: {storage: file_storage}}}
service:
  extensions: [file_storage/queues]
  pipelines: {main: {receivers: [otlp], exporters: [otlp]}}
";
    let file = File::new(yaml);
    let ended = run(&["validate", "--config", file.as_str()]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("did you mean `file_storage/queues`?"), "{}", ended.stderr);
    assert!(ended.stderr.contains(":3:"), "{}", ended.stderr);
}

#[test]
fn validate_shows_all_mistakes_at_their_lines() {
    let bad = "receivers:
  otlp:
    protocols:
      grpc: {endpont: 'localhost:0'}
exporters:
  debug:
    verbosity: loud
service:
  pipelines:
    main: {receivers: [otlp], exporters: [debug, nowhere]}
";
    let file = File::new(bad);
    let ended = run(&["validate", "--config", file.as_str()]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    for spot in ["agent.yaml:4:14", "agent.yaml:7:16", "agent.yaml:10:50"] {
        assert!(ended.stderr.contains(spot), "{spot}: {}", ended.stderr);
    }
    assert!(ended.stderr.contains("`endpoint`"), "the nearest key is named: {}", ended.stderr);
    assert!(ended.stderr.ends_with("\n3 errors\n"), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\x1b'), "no colours where nobody sees them");
}

#[test]
fn validate_shows_what_components_find() {
    let file = File::new(GOOD);
    let set = "exporters::otlp::sending_queue::queue_size=0";
    let ended = run(&["validate", "--config", file.as_str(), "--set", set]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("a queue needs room for at least 1"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--set:1:"), "{}", ended.stderr);
}

#[test]
fn validate_binds_no_port() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let file = File::new(GOOD);
    let set = format!("receivers::otlp::protocols::grpc::endpoint={address}");
    assert_eq!(run(&["validate", "--config", file.as_str(), "--set", &set]).code, Some(0));
}

#[test]
fn sources_are_files_variables_and_text_in_any_place() {
    let file = File::new(GOOD);
    let mut command = tidewatch(&["--config", &format!("file:{}", file.as_str()), "print-config"]);
    command.args(["--config", "env:MORE", "-c", "yaml:exporters::debug::verbosity: detailed"]);
    let ended = ended(command.env("MORE", "service: {shutdown_timeout: 7s}").output().expect("it runs"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("verbosity: detailed\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("shutdown_timeout: 7s\n"), "{}", ended.stdout);
}

#[test]
fn print_config_expands_and_hides_secrets() {
    let file = File::new(GOOD);
    let set = "exporters::otlp::endpoint=${env:BACKEND:-backend:4317}";
    let ended = run(&["print-config", "--config", file.as_str(), "--set", set]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("endpoint: backend:4317\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("x-api-key: \"[REDACTED]\"\n"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("hunter2"), "{}", ended.stdout);
}

#[test]
fn components_are_listed_for_people_and_programs() {
    let table = run(&["components"]);
    assert_eq!(table.code, Some(0));
    assert!(table.stdout.starts_with("KIND "), "{}", table.stdout);
    let json = run(&["components", "--json"]);
    let list: Vec<Value> = serde_json::from_str(&json.stdout).expect("JSON");
    let find = |kind: &str, name: &str| {
        let found = list.iter().find(|component| component["kind"] == kind && component["type"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}"))
    };
    assert_eq!(find("receiver", "otlp")["signals"], serde_json::json!(["traces", "metrics", "logs"]));
    assert_eq!(find("exporter", "otlp_http")["aliases"], serde_json::json!(["otlphttp"]));
    assert_eq!(find("extension", "pprof")["note"], "does nothing yet");
    assert_eq!(table.stdout.lines().count(), list.len() + 1);
}

#[test]
fn print_schema_prints_a_schema() {
    let ended = run(&["print-schema"]);
    let schema: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["service"].is_object());
}

#[test]
fn known_but_idle_extensions_are_warned_of() {
    let file = File::new(GOOD);
    let extensions = "yaml:{extensions: {pprof: {endpoint: 'localhost:1777'}, zpages: {any: [key]}}, \
                      service: {extensions: [pprof, zpages]}}";
    let ended = run(&["validate", "--config", file.as_str(), "--config", extensions]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("warning: `pprof` does nothing yet"), "{}", ended.stderr);
    assert!(ended.stderr.contains("warning: `zpages` does nothing yet"), "{}", ended.stderr);
}
