//! Execution logs of API calls, against the records that a stack of services makes of them.

use super::*;

const FINE: &str = "Tout roule, pas de stress!";

fn config() -> Json {
    let renamed = |from: &str| json!({"from": from, "required": true});
    let text = |from: &str| json!({"from": from, "as": "string", "default": ""});
    let number = |from: &str, as_: &str| json!({"from": from, "as": as_, "default": 0, "invalid": 0});
    json!({
        "parse": "json",
        "fields": {
            "sequence_id": renamed("No_Sequence"),
            "date": text("Date_Sequence"),
            "hour": text("Heure_Sequence"),
            "minute": text("Minute_Sequence"),
            "company": renamed("Entreprise"),
            "zone": renamed("Zone"),
            "source": renamed("Source"),
            "object_id": {"from": "Objet_Id", "as": "int", "required": true},
            "object_type": renamed("Objet"),
            "transformation": renamed("Transformation"),
            "status": {"from": "Etat", "required": true, "one_of": ["SUCCESS", "FAILED"]},
            "start": renamed("Debut"),
            "end": renamed("Fin"),
            "duration_seconds": {"from": "Duree secondes", "as": "double", "required": true},
            "description": text("Description"),
            "cpu_time_seconds": number("cpu_time (sec)", "double"),
            "memory_used_bytes": number("memory_used (bytes)", "int"),
        },
        "others": "drop",
        "compute": [
            r#"set(fields["timestamp"], Concat([fields["date"], "T", fields["hour"], ":", fields["minute"], ":00"], ""))"#,
            r#"set(fields["start_time"], FormatTime(Time(fields["start"], "%d-%m-%Y %H:%M:%S.%f"), "%Y-%m-%dT%H:%M:%S.%f")) where IsMatch(fields["start"], "\\.")"#,
            r#"set(fields["start_time"], FormatTime(Time(fields["start"], "%d-%m-%Y %H:%M:%S"), "%Y-%m-%dT%H:%M:%S")) where not IsMatch(fields["start"], "\\.")"#,
            r#"set(fields["end_time"], FormatTime(Time(fields["end"], "%d-%m-%Y %H:%M:%S.%f"), "%Y-%m-%dT%H:%M:%S.%f")) where IsMatch(fields["end"], "\\.")"#,
            r#"set(fields["end_time"], FormatTime(Time(fields["end"], "%d-%m-%Y %H:%M:%S"), "%Y-%m-%dT%H:%M:%S")) where not IsMatch(fields["end"], "\\.")"#,
            r#"set(fields["error_message"], fields["description"]) where fields["status"] == "FAILED""#,
            format!(r#"set(fields["error_message"], "Unknown error") where fields["status"] == "FAILED" and fields["description"] == "{FINE}""#),
            r#"set(fields["efficiency_score"], Clamp((Max(0.0, 100 - 5 * fields["duration_seconds"]) + Max(0.0, 100 - fields["memory_used_bytes"] / 200000.0)) / 2, 0.0, 100.0))"#,
            r#"set(fields["throughput_objects_per_minute"], 0.0)"#,
            r#"set(fields["throughput_objects_per_minute"], 60 / fields["duration_seconds"]) where fields["duration_seconds"] > 0"#,
            r#"set(fields["resource_utilization"], 0.0)"#,
            r#"set(fields["resource_utilization"], Min(100.0, 100 * fields["cpu_time_seconds"] / fields["duration_seconds"])) where fields["duration_seconds"] > 0"#,
            r#"delete_matching_keys(fields, "^(date|hour|minute|start|end)$")"#,
        ],
    })
}

fn lines_of(name: &str) -> Request {
    let text = data(name);
    lines(&text.lines().collect::<Vec<_>>())
}

/// Whether both are the same; numbers within a millionth.
fn same(left: &Json, right: &Json) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => (left - right).abs() <= 1e-6,
        _ => left == right,
    }
}

fn compare(made: &Json, expected: &Json) {
    for (key, value) in expected.as_object().unwrap().iter().filter(|(key, _)| !key.starts_with('_')) {
        // What is null there is absent here.
        assert!(same(made.get(key).unwrap_or(&Json::Null), value), "{key}: {made} instead of {expected}");
    }
}

#[test]
fn logs_become_the_records_that_are_expected() {
    let bench = Bench::records(config());
    let out = bench.take(lines_of("apilogs/logs_sample.jsonl"));
    let made = out.records();
    let expected = json_lines("apilogs/expected_standardized.jsonl");
    assert_eq!((made.len(), out.verdict.rejected), (15, None));
    for (made, expected) in made.iter().zip(&expected) {
        compare(&made["body"], expected);
        // Nothing beside these sixteen fields and the three that are computed.
        let others = made["body"].as_object().unwrap().keys().filter(|key| expected.get(key).is_none());
        assert_eq!(others.count(), 3, "{made}");
    }
    assert_eq!(
        made[13]["attributes"]["tidewatch.data_quality"],
        json!(["cpu_time_seconds", "memory_used_bytes"])
    );
    assert!(
        made.iter()
            .enumerate()
            .all(|(index, made)| index == 13 || made["attributes"].as_object().unwrap().len() == 1)
    );
    assert_eq!(
        bench.metrics("tidewatch_normalize_replaced_values"),
        [
            r#"tidewatch_normalize_replaced_values{field="cpu_time_seconds"} 1"#,
            r#"tidewatch_normalize_replaced_values{field="memory_used_bytes"} 1"#,
        ]
    );
}

#[test]
fn scores_are_computed_as_configured() {
    let bench = Bench::records(config());
    let made = bench.take(lines_of("apilogs/logs_sample.jsonl")).records();
    let expected = json_lines("apilogs/expected_processed.jsonl");
    for (made, expected) in made.iter().zip(&expected) {
        let own = ["efficiency_score", "throughput_objects_per_minute", "resource_utilization"];
        for key in own {
            assert!(same(&made["body"][key], &expected[key]), "{key}: {made} instead of {expected}");
        }
    }
    let made = bench.take(lines_of("apilogs/logs_quirk_efficiency_over_100.jsonl")).records();
    assert_eq!(made[0]["body"]["efficiency_score"], json!(100.0), "never above");
}

#[test]
fn bad_logs_are_told_by_line_and_field() {
    let bench = Bench::records(config());
    let out = bench.take(lines_of("apilogs/logs_bad.jsonl"));
    assert!(out.requests.is_empty());
    let rejected = out.verdict.rejected.unwrap();
    let told: Vec<_> = rejected
        .faults
        .iter()
        .map(|fault| (fault.index, fault.field.as_deref(), fault.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(0), Some("Etat"), "is missing"),
            (Some(1), Some("Etat"), "is none of SUCCESS, FAILED"),
            (Some(2), Some("Duree secondes"), "is not a number"),
            (Some(3), None, "expected ident at line 1, column 2"),
        ]
    );
    assert_eq!((rejected.items, out.verdict.delivered_parts), (4, 0));
}
