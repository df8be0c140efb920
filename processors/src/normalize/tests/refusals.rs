//! Records that cannot be brought into their form.

use super::*;
use futures_util::future::BoxFuture;
use std::sync::{Mutex, PoisonError};
use tidewatch_component::{DeadLetter, dead_letter::Office};

fn entry(on_error: &str) -> Json {
    json!({"parse": "json", "on_error": on_error, "fields": {"state": {"required": true}, "n": {"as": "double"}}})
}

const TEXTS: [&str; 4] = [r#"{"n": 1}"#, r#"{"state": "up"}"#, "no json", r#"{"state": 1, "n": "x"}"#];

/// An exporter that takes dead letters, as long as there is room.
#[derive(Default)]
struct Letters {
    room: usize,
    held: Mutex<Vec<Request>>,
}

impl Office for Letters {
    fn exporter(&self) -> &str {
        "file/dead"
    }

    fn post(&self, letter: Batch) -> Result<(), Batch> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() == self.room {
            return Err(letter);
        }
        held.extend(letter.telemetry().cloned());
        letter.end(&Outcome::Delivered);
        Ok(())
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn who_sent_them_is_told_which_and_why() {
    for on_error in ["dead_letter", "drop"] {
        let bench = Bench::records(entry(on_error));
        let out = bench.take(lines(&TEXTS));
        assert_eq!(out.records().len(), 1);
        let rejected = out.verdict.rejected.unwrap();
        let told: Vec<_> =
            rejected.faults.iter().map(|fault| (fault.index.unwrap(), fault.to_string())).collect();
        assert_eq!(
            told,
            [
                (0, "`state`: is missing".to_owned()),
                (2, "expected ident at line 1, column 2".to_owned()),
                (3, "`n`: is not a number".to_owned()),
            ]
        );
        let refused = bench.metrics("tidewatch_normalize_refused_records");
        assert_eq!(refused.len(), 3, "{refused:?}");
        let dropped = bench.metrics("tidewatch_dropped_items");
        assert!(dropped[0].contains(r#"reason="rejected""#) && dropped[0].ends_with(" 3"), "{dropped:?}");
    }
}

#[test]
fn they_are_kept_as_dead_letters_one_by_one() {
    let context = testing::context("normalize");
    let office = Arc::new(Letters { room: 2, ..Letters::default() });
    context.dead_letters.connect(Some(office.clone()));
    let bench = Bench::with(json!({"records": [entry("dead_letter")]}), context);
    let out = bench.take(lines(&TEXTS));
    assert_eq!(out.verdict.rejected.unwrap().items, 3);
    let letters = office.held.lock().unwrap();
    let told: Vec<_> = letters
        .iter()
        .map(|letter| {
            let record = &letter.decode_logs().resource_logs[0].scope_logs[0].log_records[0];
            let letter = DeadLetter::from_record(record).unwrap().unwrap();
            let original = Request::check(Signal::Logs, letter.original.clone()).unwrap().request;
            let [record] = records(&original).try_into().unwrap();
            assert_eq!(record["resource"], json!({"service.name": "shop"}));
            (letter.kind.name(), letter.items, letter.reason.clone(), record["body"].clone())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("unusable", 1, "`state`: is missing".to_owned(), json!(TEXTS[0])),
            ("unusable", 1, "expected ident at line 1, column 2".to_owned(), json!(TEXTS[2])),
        ]
    );
    let dropped = bench.metrics("tidewatch_dropped_items");
    let count = |reason: &str| {
        dropped.iter().find(|line| line.contains(reason)).and_then(|line| line.rsplit(' ').next())
    };
    assert_eq!((count("dead_letter"), count("rejected")), (Some("2"), Some("1")), "{dropped:?}");
}

#[test]
fn they_may_go_on_with_what_is_wrong() {
    let bench = Bench::records(entry("keep"));
    let out = bench.take(lines(&TEXTS));
    let made = out.records();
    assert_eq!((made.len(), out.verdict.rejected), (4, None));
    assert_eq!(made[0]["body"], json!(TEXTS[0]), "as it came");
    assert_eq!(made[0]["attributes"]["tidewatch.error"], "`state`: is missing");
    assert_eq!(made[1]["attributes"].get("tidewatch.error"), None);
    assert_eq!(bench.metrics("tidewatch_normalize_refused_records").len(), 3, "counted all the same");
}

#[test]
fn each_reason_has_its_name() {
    for (entry, text, reason, told) in [
        (json!({}), "{}", "unparsable", "the body is not a map"),
        (json!({"parse": "json"}), "[]", "unparsable", "this is no JSON object at line 1, column 1"),
        (
            json!({"parse": {"regex": "(?<a>x)"}}),
            "y",
            "unparsable",
            "the regular expression does not match at line 1, column 1",
        ),
        (
            json!({"fields": {"a": {"required": true, "from": ["x", "y"]}}}),
            "{}",
            "missing_field",
            "`x`: is missing",
        ),
        (
            json!({"fields": {"a": {"as": "int"}}}),
            r#"{"a": 1.5}"#,
            "not_a_number",
            "`a`: is not a whole number",
        ),
        (json!({"fields": {"a": {"as": "bool"}}}), r#"{"a": "?"}"#, "not_a_boolean", "`a`: is not a boolean"),
        (
            json!({"fields": {"a": {"one_of": [1, "b"]}}}),
            r#"{"a": 2}"#,
            "not_allowed",
            "`a`: is none of 1, b",
        ),
        (json!({"time": {"from": "a"}}), r#"{"a": "now"}"#, "no_time", "`a`: is not a time as configured"),
        (
            json!({"time": {"from": "a"}}),
            r#"{"a": "1969-12-31T00:00:00Z"}"#,
            "no_time",
            "`a`: is not a time as configured",
        ),
        (json!({"metric": {"value": "a"}}), "{}", "missing_field", "`a`: is missing"),
        (json!({"metric": {"value": "a"}}), r#"{"a": "b"}"#, "not_a_number", "`a`: is not a number"),
        (json!({"metric": {"value": "a", "name": "b"}}), r#"{"a": 1}"#, "missing_field", "`b`: is missing"),
    ] {
        let mut entry = entry;
        if entry != json!({}) && entry.get("parse").is_none() {
            entry["parse"] = json!("json");
        }
        let bench = Bench::records(entry.clone());
        let rejected = bench.take(lines(&[text])).verdict.rejected.unwrap();
        assert_eq!(rejected.reason, told, "{entry} of {text}");
        let refused = bench.metrics("tidewatch_normalize_refused_records");
        assert_eq!(refused, [format!(r#"tidewatch_normalize_refused_records{{reason="{reason}"}} 1"#)]);
    }
}

#[test]
fn a_statement_that_fails_refuses_the_record() {
    let bench = Bench::records(json!({"parse": "json", "compute": [
        r#"set(fields["b"], 1)"#,
        r#"set(fields["c"], 1 / fields["a"])"#,
    ]}));
    let out = bench.take(lines(&[r#"{"a": 2}"#, r#"{"a": 0}"#]));
    assert_eq!(out.records().len(), 1);
    let rejected = out.verdict.rejected.unwrap();
    assert_eq!((rejected.items, rejected.reason.as_str()), (1, "`compute[1]`: division by zero"));
}
