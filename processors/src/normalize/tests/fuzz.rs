//! Arbitrary bytes as records: nothing panics, and every record is out, or counted with a reason.
//!
//! Runs for a moment with every test run, and longer on demand:
//! `BOLERO_RANDOM_ITERATIONS=1000000000 BOLERO_RANDOM_TEST_TIME_MS=60000 cargo test -p tidewatch-processors fuzz_normalize`

use super::*;
use bolero::check;
use std::sync::LazyLock;

const ITERATIONS: usize = 2_000;

/// Entries that use everything there is.
fn benches() -> Vec<Bench> {
    let forms = [
        json!("json"),
        json!("logfmt"),
        json!("key_value"),
        json!("csv"),
        json!({"csv": {"columns": ["a", "b", "n"], "delimiter": "|"}}),
        json!({"key_value": {"delimiter": ":", "pair_delimiter": ","}}),
        json!({"regex": r"(?<a>\w+)[ =:]*(?<b>.*?)(?<n>-?[0-9.e]*)$"}),
    ];
    let bench = |(index, form): (usize, Json)| {
        let cast = ["double", "int", "bool", "string"][index % 4];
        let on_error = ["dead_letter", "drop", "keep"][index % 3];
        let (invalid, default) = if index % 2 == 0 { ("error", json!("now")) } else { ("x", Json::Null) };
        let entry = json!({
            "parse": form,
            "fields": {
                "n": {"from": ["n", "value", "2", "b.n"], "as": cast, "invalid": 1, "default": 0},
                "a": {"from": ["a", "1", "metric"], "one_of": ["a", 1, true, "x"], "invalid": invalid},
                "needed": {"from": ["b", "a", "1"], "required": index % 3 == 0},
            },
            "compute": [
                r#"set(fields["m"], 100 / fields["n"]) where fields["n"] != nil"#,
                r#"set(fields["t"], [fields["a"], fields["b"]]) where fields["b"] != nil"#,
            ],
            "time": {"from": ["t", "ts", "n"], "formats": ["rfc3339", "iso8601", "unix", "unix_ns", "%d-%m-%Y %H:%M:%S%.f", "%b %e %T"], "zone": "Europe/Berlin", "default": default},
            "severity": {"from": ["level", "a"]},
            "resource": {"host.name": "b", "tenant.id": "needed"},
            "into": if index % 2 == 0 { "attributes" } else { "body" },
            "on_error": on_error,
        });
        let mut metric = entry.clone();
        metric["into"] = json!("body");
        metric["metric"] =
            json!({"value": "n", "name": "a", "unit": "b", "attributes": ["m", "tags", "level"]});
        metric["when"] = json!(r#"IsMatch(body, "[0-9]")"#);
        let config = json!({"records": [metric, entry], "units": {"ms": "s", "percent": "1"},
            "rename": {"level": "severity", "semantic_conventions": true}});
        Bench::new(config)
    };
    forms.into_iter().enumerate().map(bench).collect()
}

/// Texts to start from.
const SEEDS: [&str; 8] = [
    r#"{"metric": "cpu", "value": 92, "unit": "percent", "ts": "2025-10-21T10:00:00Z", "tags": {"env": "prod"}, "b": {"n": 1}}"#,
    r#"{"a": "x", "n": 1e308, "t": "05-09-2025 16:45:26.191702", "level": "warn", "b": [1, {"c": null}]}"#,
    r#"level=info msg="it \"works\"" n=1 t=2025-10-21T10:00:00Z"#,
    r#"a:x, b: 'y, z', n:-0"#,
    r#"a|"b ""c"""|9223372036854775808"#,
    "Oct 21 10:00:00 host app[1]: text 1.5",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}}}}}}}}}}}}"#,
];

/// The first bytes choose how the rest becomes text: as it is, spliced into a text that makes sense, or repeated.
fn text(input: &[u8]) -> String {
    let Some((&[kind, at], rest)) = input.split_first_chunk::<2>() else { return String::new() };
    let rest = String::from_utf8_lossy(rest);
    match kind % 4 {
        0 => rest.into_owned(),
        1 | 2 => {
            let seed = SEEDS[usize::from(kind / 4) % SEEDS.len()];
            let start = seed.floor_char_boundary(usize::from(at) % seed.len());
            let end = if kind % 4 == 1 {
                start
            } else {
                seed.floor_char_boundary((start + rest.len()).min(seed.len()))
            };
            format!("{}{rest}{}", &seed[..start], &seed[end..])
        }
        _ => {
            let piece: String = rest.chars().take(8).collect();
            piece.repeat(usize::from(at) * 8)
        }
    }
}

fn holds(bench: &Bench, request: Request) {
    let items = request.items();
    let out = bench.take(request);
    let left: usize = out.requests.iter().map(Request::items).sum();
    assert_eq!(left + out.verdict.rejected.map_or(0, |rejected| rejected.items), items);
}

#[test]
fn most_texts_to_start_from_make_sense() {
    let benches = benches();
    let makes_sense =
        |seed: &&&str| benches.iter().any(|bench| bench.take(lines(&[seed])).verdict.rejected.is_none());
    assert!(SEEDS.iter().filter(makes_sense).count() >= 6);
}

#[test]
fn fuzz_normalize() {
    static BENCHES: LazyLock<Vec<Bench>> = LazyLock::new(benches);
    check!().with_iterations(ITERATIONS).for_each(|input| {
        let Some((&head, rest)) = input.split_first() else { return };
        let bench = &BENCHES[usize::from(head) % BENCHES.len()];
        if head < 128 {
            let texts: Vec<_> = rest.chunks(64.max(rest.len() / 3)).map(text).collect();
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            if !texts.is_empty() {
                holds(bench, lines(&texts));
            }
        } else if let Ok(checked) = Request::check(Signal::Logs, rest.to_vec().into()) {
            holds(bench, checked.request);
        } else {
            // As the body of a record, in bytes.
            let body = Value::Bytes(rest.into());
            let mut logs = LogsWriter::default();
            let group = logs.group(&Attributes::default(), "");
            logs.push(group, &LogRecord { body: &body, ..LogRecord::default() });
            holds(bench, logs.finish().unwrap());
        }
    });
}
