//! No function makes a value of more than 16 MiB, however often it is called.

mod common;

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};
use tidewatch_expr::{Context, Statement};
use tidewatch_otlp::Request;

/// What the statements do on a record, the first failure of them.
fn failure(statements: &[String]) -> Option<String> {
    let scope = ScopeLogs { log_records: vec![LogRecord::default()], ..ScopeLogs::default() };
    let resource = ResourceLogs { scope_logs: vec![scope], ..ResourceLogs::default() };
    let request = Request::encode_logs(&ExportLogsServiceRequest { resource_logs: vec![resource] });
    let statements: Vec<_> =
        statements.iter().map(|text| Statement::parse(text, Context::Log).unwrap()).collect();
    let (_, outcomes) = common::run(&statements, Context::Log, &request);
    outcomes.into_iter().find_map(|outcome| outcome.err().map(|failure| failure.to_string()))
}

/// Statements that put a text of 16 bytes, doubled so often, into the cache.
fn text(doublings: usize) -> Vec<String> {
    let mut statements = vec![r#"set(cache["x"], "0123456789abcdef")"#.to_owned()];
    statements.extend(
        (0..doublings).map(|_| r#"set(cache["x"], Concat([cache["x"], cache["x"]], ""))"#.to_owned()),
    );
    statements
}

const TOO_LARGE: &str = "the value would have more than 16 MiB";

#[test]
fn a_text_grows_up_to_the_limit() {
    assert_eq!(failure(&text(20)), None);
    assert_eq!(failure(&text(21)).as_deref(), Some(TOO_LARGE));
}

#[test]
fn what_makes_more_of_a_large_text_fails() {
    for more in [
        r#"set(cache["y"], Hex(cache["x"]))"#,
        r#"set(cache["y"], Base64Encode(cache["x"]))"#,
        r#"set(cache["y"], Split(cache["x"], ""))"#,
        r#"set(cache["y"], Format("%s%s", [cache["x"], cache["x"]]))"#,
        r#"set(cache["y"], ToUpperCase(cache["x"]))"#,
        r#"replace_pattern(cache["x"], "0", "0000000000000000000000")"#,
        r#"replace_all_patterns(cache, "value", "0", "0000000000000000000000")"#,
        r#"merge_maps(cache, {"y": cache["x"], "z": 1}, "upsert")"#,
        r#"stringify_all(cache)"#,
    ] {
        let mut statements = text(20);
        statements.push(more.to_owned());
        assert_eq!(failure(&statements).as_deref(), Some(TOO_LARGE), "{more}");
    }
}
