//! What entries of `records` make of log records.

use super::*;
use tidewatch_otlp::proto::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, KeyValue, KeyValueList, any_value::Value as Any},
    logs::v1::{LogRecord as Message, ResourceLogs, ScopeLogs},
};

/// The body that `entry` makes of a text.
fn body(entry: Json, text: &str) -> Json {
    Bench::records(entry).lines(&[text])[0]["body"].clone()
}

#[test]
fn texts_are_read_in_many_forms() {
    for (parse, text, fields) in [
        (json!("json"), r#"{"level": "info", "n": 1}"#, json!({"level": "info", "n": 1})),
        (
            json!("logfmt"),
            r#"level=info msg="it works" n=1"#,
            json!({"level": "info", "msg": "it works", "n": "1"}),
        ),
        (json!("key_value"), "level=info user='jane doe'", json!({"level": "info", "user": "jane doe"})),
        (
            json!({"key_value": {"delimiter": ":", "pair_delimiter": ","}}),
            "level:info, user:jane",
            json!({"level": "info", "user": "jane"}),
        ),
        (json!("csv"), r#"info,"a,b",3"#, json!({"1": "info", "2": "a,b", "3": "3"})),
        (
            json!({"csv": {"columns": ["level", "n"], "delimiter": ";"}}),
            "info;3",
            json!({"level": "info", "n": "3"}),
        ),
        (
            json!({"regex": r"^(?<level>\w+): (?P<text>.*)$"}),
            "info: it works",
            json!({"level": "info", "text": "it works"}),
        ),
    ] {
        assert_eq!(body(json!({"parse": parse}), text), fields, "{parse} of {text}");
    }
}

#[test]
fn fields_are_renamed_made_into_others_and_completed() {
    let entry = json!({"parse": "json", "fields": {
        "first": {"from": ["a", "b"]},
        "number": {"from": "n", "as": "double"},
        "whole": {"from": "w", "as": "int"},
        "yes": {"from": "y", "as": "bool"},
        "text": {"from": "t", "as": "string"},
        "nested": {"from": "deep.down.key"},
        "exact": {"from": "with.dot"},
        "absent": {"from": "nowhere"},
        "default": {"from": "nowhere", "default": {"a": [1, null]}},
        "same": {"as": "int"},
    }});
    let text = r#"{"a": null, "b": 2, "n": "85.5", "w": "7", "y": "on", "t": 1.5, "same": 3.0, "other": [1],
        "deep": {"down": {"key": "found"}}, "with.dot": 1}"#;
    assert_eq!(
        body(entry.clone(), text),
        json!({"first": 2, "number": 85.5, "whole": 7, "yes": true, "text": "1.5", "nested": "found", "exact": 1,
            "default": {"a": [1, null]}, "same": 3, "other": [1], "deep": {"down": {"key": "found"}}})
    );
    let mut alone = entry;
    alone["others"] = json!("drop");
    let alone = body(alone, text);
    assert!(alone.get("other").is_none() && alone["first"] == 2, "{alone}");
}

#[test]
fn values_that_are_not_valid_are_replaced_and_noted() {
    let bench = Bench::records(json!({"parse": "json", "fields": {
        "n": {"as": "int", "default": 1, "invalid": -1},
        "state": {"one_of": ["up", "down", 3], "invalid": "unknown"},
    }}));
    let made = bench.lines(&[
        r#"{"n": "x", "state": "sideways"}"#,
        r#"{"n": null, "state": "up"}"#,
        r#"{"n": 5, "state": 3.0}"#,
    ]);
    let told: Vec<_> =
        made.iter().map(|made| (&made["body"], made["attributes"].get("tidewatch.data_quality"))).collect();
    assert_eq!(told[0], (&json!({"n": -1, "state": "unknown"}), Some(&json!(["n", "state"]))));
    assert_eq!(told[1], (&json!({"n": 1, "state": "up"}), None));
    assert_eq!(told[2], (&json!({"n": 5, "state": 3.0}), None));
    assert_eq!(
        bench.metrics("tidewatch_normalize_replaced_values"),
        [
            r#"tidewatch_normalize_replaced_values{field="n"} 1"#,
            r#"tidewatch_normalize_replaced_values{field="state"} 1"#,
        ]
    );
}

#[test]
fn the_first_entry_that_is_for_a_record_is_used() {
    let bench = Bench::new(json!({"records": [
        {"when": r#"IsMatch(body, "^a")"#, "parse": {"regex": "(?<first>.)"}},
        {"when": r#"attributes["log.file.name"] == "events.jsonl" and IsMatch(body, "^[ab]")"#, "parse": {"regex": "(?<second>.)"}},
    ]}));
    let bodies: Vec<_> = bench.lines(&["a", "b", "c"]).into_iter().map(|made| made["body"].clone()).collect();
    assert_eq!(bodies, [json!({"first": "a"}), json!({"second": "b"}), json!("c")]);
    let untouched = lines(&["c"]);
    let out = bench.take(untouched.clone());
    assert_eq!(out.requests, [untouched], "byte for byte");
}

#[test]
fn statements_compute_over_the_fields() {
    let entry = json!({"parse": "json", "compute": [
        r#"set(fields["rate"], 60 / fields["duration"]) where fields["duration"] > 0"#,
        r#"set(fields["file"], attributes["log.file.name"])"#,
        r#"set(attributes["seen"], true)"#,
        r#"set(resource.attributes["host.name"], fields["host"])"#,
        r#"delete_key(fields, "host")"#,
    ]});
    let made = Bench::records(entry).lines(&[r#"{"duration": 1.5, "host": "a"}"#, r#"{"duration": 0}"#]);
    assert_eq!(made[0]["body"], json!({"duration": 1.5, "rate": 40.0, "file": "events.jsonl"}));
    assert_eq!(made[0]["attributes"], json!({"log.file.name": "events.jsonl", "seen": true}));
    assert_eq!(made[0]["resource"], json!({"service.name": "shop", "host.name": "a"}));
    assert_eq!(made[1]["body"], json!({"duration": 0, "file": "events.jsonl"}));
    assert_eq!(made[1]["resource"], json!({"service.name": "shop"}));
}

#[test]
fn times_are_read_as_people_write_them() {
    let nanos = 1_757_090_726_191_702_000u64;
    for (time, field) in [
        (json!({"from": "t"}), json!("2025-09-05T16:45:26.191702Z")),
        (
            json!({"from": ["ts", "t"], "formats": ["unix_ms", "rfc3339"]}),
            json!("2025-09-05T18:45:26.191702+02:00"),
        ),
        (json!({"from": "t", "formats": "%d-%m-%Y %H:%M:%S%.f"}), json!("05-09-2025 16:45:26.191702")),
        (
            json!({"from": "t", "formats": "%d-%m-%Y %H:%M:%S%.f", "zone": "Europe/Berlin"}),
            json!(" 05-09-2025 18:45:26.191702"),
        ),
        (json!({"from": "t", "formats": ["unix_us"]}), json!(1_757_090_726_191_702u64)),
        (json!({"from": "t", "formats": ["unix_ns"]}), json!(nanos.to_string())),
        (json!({"from": "meta.t"}), json!({"t": "2025-09-05T16:45:26.191702Z"})),
    ] {
        let name = if field.is_object() { "meta" } else { "t" };
        let text = json!({name: field, "x": 1}).to_string();
        let made = Bench::records(json!({"parse": "json", "time": time})).lines(&[&text]);
        assert_eq!((&made[0]["time"], &made[0]["observed"]), (&json!(nanos), &json!(7)), "{time} of {text}");
        if name == "t" {
            assert_eq!(made[0]["body"], json!({"x": 1}), "the time moved");
        }
    }
    let made =
        Bench::records(json!({"parse": "json", "time": {"from": "t", "formats": "%d-%m-%Y %H:%M:%S%.f"}}))
            .lines(&[r#"{"t": "05-09-2025 16:45:26"}"#, r#"{"t": "05-09-2025 16:45:26.5"}"#, "{}"]);
    let times: Vec<_> = made.iter().map(|made| made["time"].as_u64().unwrap() % 60_000_000_000).collect();
    assert_eq!(times, [26_000_000_000, 26_500_000_000, 0], "without a fraction, and without a time");
}

#[test]
fn a_time_that_cannot_be_read_is_now_if_that_is_wanted() {
    let made = Bench::records(json!({"parse": "json", "time": {"from": "t", "default": "now"}}))
        .lines(&[r#"{"t": "yesterday"}"#, "{}"]);
    let now = tidewatch_component::timestamp::now();
    assert!(made.iter().all(|made| now - made["time"].as_u64().unwrap() < 60_000_000_000));
    assert_eq!(made[0]["body"], json!({"t": "yesterday"}), "what could not be read stays");
    assert_eq!(made[0]["attributes"]["tidewatch.data_quality"], json!(["t"]));
    assert_eq!(made[1]["attributes"].get("tidewatch.data_quality"), None);
}

#[test]
fn times_in_fields_are_written_in_one_way() {
    let entry = |write: Json| {
        json!({"parse": "json", "fields": {
            "start": {"from": "Debut", "as": "time", "formats": ["%d-%m-%Y %H:%M:%S%.f", "unix"], "zone": "Europe/Berlin",
                "write": write, "invalid": "now"},
            "end": {"from": "Fin", "as": "time", "default": "2025-09-05T16:45:27Z"},
        }})
    };
    let text = r#"{"Debut": "05-09-2025 18:45:26.191702", "Fin": "2025-09-05T18:45:28+02:00"}"#;
    for (write, start) in [
        (json!("iso8601"), "2025-09-05T18:45:26.191702"),
        (json!("%d.%m.%Y %H:%M"), "05.09.2025 18:45"),
        (json!("unix_ms"), "1757090726191.702"),
        (Json::Null, "2025-09-05T16:45:26.191702Z"),
    ] {
        assert_eq!(body(entry(write), text), json!({"start": start, "end": "2025-09-05T16:45:28Z"}));
    }
    let bench = Bench::records(entry(json!("iso8601")));
    let made = bench.lines(&[r#"{"Debut": 1757090726}"#, r#"{"Debut": "yesterday"}"#]);
    assert_eq!(made[0]["body"], json!({"start": "2025-09-05T18:45:26", "end": "2025-09-05T16:45:27Z"}));
    assert_eq!(made[1]["attributes"]["tidewatch.data_quality"], json!(["start"]));
    let now = made[1]["body"]["start"].as_str().unwrap();
    assert!(now.len() >= 19 && now.starts_with("20"), "{now}");
    let out = bench.take(lines(&[r#"{"Fin": "yesterday"}"#]));
    assert_eq!(out.verdict.rejected.unwrap().reason, "`Fin`: is not a time as configured");
}

#[test]
fn severities_move_to_their_place() {
    let made = Bench::records(json!({"parse": "json", "severity": {"from": ["lvl", "level"]}})).lines(&[
        r#"{"level": "Warning", "x": 1}"#,
        r#"{"lvl": 17}"#,
        r#"{"level": "loud"}"#,
        "{}",
    ]);
    let told: Vec<_> = made.iter().map(|made| made["severity"].clone()).collect();
    assert_eq!(told, [json!([13, "Warning"]), json!([17, "17"]), json!([0, "loud"]), json!([0, ""])]);
    assert_eq!(made[0]["body"], json!({"x": 1}));
}

#[test]
fn fields_move_to_resources_and_records_with_them() {
    let entry = json!({"parse": "json", "resource": {"service.name": "service", "tenant.id": "tenant"}});
    let made = Bench::records(entry).take(lines(&[
        r#"{"tenant": "a", "n": 1}"#,
        r#"{"tenant": "b", "n": 2}"#,
        r#"{"tenant": "a", "n": 3}"#,
        r#"{"tenant": "a", "service": "pay", "n": 4}"#,
    ]));
    let told: Vec<_> =
        made.records().iter().map(|made| (made["resource"].clone(), made["body"]["n"].clone())).collect();
    let shop = |tenant: &str| json!({"service.name": "shop", "tenant.id": tenant});
    assert_eq!(
        told,
        [
            (shop("a"), json!(1)),
            (shop("a"), json!(3)),
            (shop("b"), json!(2)),
            (json!({"service.name": "pay", "tenant.id": "a"}), json!(4)),
        ]
    );
    assert_eq!(made.requests[0].canonical().resources().count(), 3);
}

#[test]
fn fields_may_become_attributes() {
    let entry = json!({"parse": "json", "into": "attributes"});
    let made = Bench::records(entry).lines(&[r#"{"log.file.name": "mine", "n": {"a": 1}}"#]);
    assert_eq!(made[0]["attributes"], json!({"log.file.name": "mine", "n": {"a": 1}}));
    assert_eq!(made[0]["body"], Json::Null);
}

#[test]
fn maps_need_no_parsing_and_bytes_are_text() {
    let text = |text: &str| Some(AnyValue { value: Some(Any::StringValue(text.into())) });
    let entry = KeyValue { key: "level".into(), value: text("info"), ..KeyValue::default() };
    let map = AnyValue { value: Some(Any::KvlistValue(KeyValueList { values: vec![entry] })) };
    let bytes = AnyValue { value: Some(Any::BytesValue(br#"{"level": "warn"}"#.to_vec())) };
    let records = [map, bytes].map(|body| Message { body: Some(body), ..Message::default() });
    let scope_logs = vec![ScopeLogs { log_records: records.to_vec(), ..ScopeLogs::default() }];
    let request = Request::encode_logs(&ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }],
    });
    let entry = json!({"parse": "json", "severity": {"from": "level"}});
    let made = Bench::records(entry).take(request).records();
    assert_eq!(made.iter().map(|made| made["severity"][0].clone()).collect::<Vec<_>>(), [9, 13]);
}

#[test]
fn fields_become_attributes() {
    let entry =
        json!({"parse": "json", "attributes": {"*": "tags", "host.name": "host", "absent": "nowhere"}});
    let made =
        Bench::records(entry).lines(&[r#"{"host": "a", "tags": {"env": "prod", "host.name": "b"}, "n": 1}"#]);
    let expected = json!({"log.file.name": "events.jsonl", "host.name": "a", "env": "prod"});
    assert_eq!(made[0]["attributes"], expected);
    assert_eq!(made[0]["body"], json!({"n": 1}));
    // What is no map has no entries.
    let entry = json!({"parse": "json", "attributes": {"*": "tags"}});
    let made = Bench::records(entry).lines(&[r#"{"tags": "prod"}"#]);
    assert_eq!(made[0]["body"], json!({"tags": "prod"}));
}

#[test]
fn what_is_empty_is_no_number_and_no_time() {
    let entry = json!({"parse": {"csv": {"columns": ["a", "n", "t"]}}, "fields": {
        "n": {"as": "int", "default": 7},
        "t": {"as": "string"},
    }});
    assert_eq!(body(entry, "x,,"), json!({"n": 7, "t": "", "a": "x"}));
}

#[test]
fn a_field_that_is_a_time_can_be_the_record_s() {
    let entry = json!({"parse": "json", "time": {"from": "start"}, "fields": {
        "start": {"as": "time", "formats": "%d-%m-%Y %H:%M", "zone": "Europe/Berlin", "write": "iso8601"},
    }});
    let made = Bench::records(entry).lines(&[r#"{"start": "05-09-2025 16:45"}"#]);
    assert_eq!(made[0]["time"], json!(1_757_083_500_000_000_000_u64), "{made:?}");
}
