use super::*;
use serde_json::Value;

/// Logs what `write` does, to its end.
fn log_to(config: &Logs, write: impl FnOnce()) {
    let (subscriber, _installed) = subscriber(config, &Metrics::default()).expect("a log");
    tracing::subscriber::with_default(subscriber, write);
}

/// What `write` logs under this configuration, as the file that it went to.
fn logged(config: &str, write: impl FnOnce()) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("agent.log");
    let mut config: Logs = serde_json::from_str(config).expect("a configuration");
    config.output_paths = vec![path.display().to_string()];
    log_to(&config, write);
    std::fs::read_to_string(path).expect("the log")
}

#[test]
fn json_lines_carry_flat_fields() {
    let text = logged(r#"{"encoding": "json", "initial_fields": {"site": "eu"}}"#, || {
        tracing::warn!(receiver = "otlp", items = 3, ratio = f64::NAN, level = "mine", "refused \"a\"\nb");
    });
    assert_eq!(text.lines().count(), 1);
    let line: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(line["level"], "warn");
    assert_eq!(line["message"], "refused \"a\"\nb");
    assert_eq!(line["service"], "tidewatch");
    assert_eq!(line["site"], "eu");
    assert_eq!(line["receiver"], "otlp");
    assert_eq!(line["items"], 3);
    assert_eq!(line["ratio"], "NaN");
    assert_eq!(line["field.level"], "mine");
    assert!(line["timestamp"].as_str().is_some_and(|time| time.parse::<jiff::Timestamp>().is_ok()));
    assert!(line["caller"].as_str().is_some_and(|caller| caller.contains("logs/tests.rs:")));
}

#[test]
fn console_lines_are_for_people_and_cannot_be_forged() {
    let text = logged(r#"{"disable_caller": true, "initial_fields": {"site": "eu"}}"#, || {
        tracing::info!(path = "a b", error = %"x\ny", "from\n\x1b[31moutside");
    });
    let (time, rest) = text.split_once(' ').expect("a time");
    assert!(time.parse::<jiff::Timestamp>().is_ok());
    assert_eq!(rest, "INFO  from\\n\\u{1b}[31moutside site=eu path=\"a b\" error=x\\ny\n");
}

#[test]
fn the_level_decides_and_libraries_are_quiet() {
    let write = || {
        tracing::debug!("a debug");
        tracing::debug!(target: "h2::codec", "a frame");
        tracing::info!(target: "rustls::client", "a handshake");
        tracing::warn!(target: "hyper::proto", "a trouble");
        tracing::error!("an error");
    };
    let messages = |text: String| {
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let debug = messages(logged(r#"{"encoding": "json", "level": "debug"}"#, write));
    assert_eq!(debug, ["a debug", "a trouble", "an error"]);
    let error = messages(logged(r#"{"encoding": "json", "level": "error"}"#, write));
    assert_eq!(error, ["an error"]);
}

#[test]
fn stack_traces_are_for_development() {
    let write = || {
        tracing::info!("fine");
        tracing::error!("bad");
    };
    let traces = |config: &str| {
        let text = logged(config, write);
        text.lines().filter(|line| line.contains("stacktrace")).count()
    };
    assert_eq!(traces(r#"{"encoding": "json"}"#), 0);
    assert_eq!(traces(r#"{"encoding": "json", "development": true}"#), 1);
    assert_eq!(traces(r#"{"encoding": "json", "development": true, "disable_stacktrace": true}"#), 0);
    assert!(logged(r#"{"development": true}"#, write).lines().count() > 3);
}

#[test]
fn repeated_lines_are_thinned_out_where_asked() {
    let repeat = || (0..50).for_each(|number| tracing::info!(number, "again"));
    let sampled = logged(r#"{"sampling": {"tick": "1h", "initial": 5, "thereafter": 10}}"#, repeat);
    assert_eq!(sampled.lines().count(), 5 + 4);
    assert_eq!(logged(r#"{"sampling": {"enabled": false}}"#, repeat).lines().count(), 50);
}

#[test]
fn trouble_with_an_output_is_said_once_at_the_error_outputs() {
    let folder = tempfile::tempdir().expect("a folder");
    let errors = folder.path().join("errors");
    let config = Logs {
        output_paths: vec!["/dev/full".to_owned()],
        error_output_paths: vec![errors.display().to_string()],
        ..Logs::default()
    };
    log_to(&config, || (0..3).for_each(|_| tracing::error!("lost")));
    let said = std::fs::read_to_string(errors).expect("the error output");
    assert_eq!(said.lines().count(), 1);
    assert!(said.starts_with("the log cannot be written to /dev/full: "), "{said}");
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let config = Logs { output_paths: vec!["/nowhere/agent.log".to_owned()], ..Logs::default() };
    let error = subscriber(&config, &Metrics::default()).err().expect("an error").to_string();
    assert!(error.starts_with("cannot open the log file /nowhere/agent.log: "), "{error}");
}
