//! What it costs to make fields of a line.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::ValueView;
use tidewatch_parse::severity::Severities;
use tidewatch_parse::time::{Format, zone};
use tidewatch_parse::{Csv, Groups, KeyValue, json, logfmt};

/// 300 bytes, 8 fields.
const JSON: &str = r#"{"timestamp": "2025-09-05T16:45:26.191702Z", "level": "ERROR", "service": "checkout", "message": "upstream answered late, the order is tried again in a moment by the worker that holds it", "status": 504, "duration_ms": 1995.25, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "tags": {"region": "eu-1"}}"#;

const PAIRS: &str = r#"timestamp=2025-09-05T16:45:26.191702Z level=ERROR service=checkout message="upstream answered late" status=504 duration_ms=1995.25"#;

const ROW: &str = r#"2025-09-05T16:45:26.191702Z,ERROR,checkout,"upstream answered late",504,1995.25"#;

fn lines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fields");
    let mut arena = Arena::new();
    group.throughput(Throughput::Bytes(JSON.len() as u64));
    group.bench_function("json", |bencher| {
        bencher.iter(|| {
            black_box(json::object(black_box(JSON), json::Numbers::AsWritten, &arena).is_ok());
            arena.reset();
        });
    });
    group.throughput(Throughput::Bytes(PAIRS.len() as u64));
    group.bench_function("logfmt", |bencher| {
        bencher.iter(|| {
            black_box(logfmt::fields(black_box(PAIRS), &arena).is_ok());
            arena.reset();
        });
    });
    let pairs = KeyValue::default();
    group.bench_function("key_value", |bencher| {
        bencher.iter(|| {
            black_box(pairs.fields(black_box(PAIRS), &arena).is_ok());
            arena.reset();
        });
    });
    group.throughput(Throughput::Bytes(ROW.len() as u64));
    let csv = Csv::default();
    group.bench_function("csv", |bencher| {
        bencher.iter(|| {
            let header = ["time", "level", "service", "message", "status", "duration_ms"];
            black_box(csv.fields(header, black_box(ROW), &arena).is_ok());
            arena.reset();
        });
    });
    let groups = Groups::compile(r#"^(?P<time>[^,]*),(?P<level>\w+),(?P<service>\w+),"(?P<message>[^"]*)""#)
        .expect("an expression of our own");
    group.bench_function("regex", |bencher| {
        bencher.iter(|| {
            black_box(groups.fields(black_box(ROW), &arena).is_ok());
            arena.reset();
        });
    });
    group.finish();

    let fields = json::object(JSON, json::Numbers::AsWritten, &arena).expect("it is JSON");
    let mut out = Vec::new();
    criterion.bench_function("fields to json", |bencher| {
        bencher.iter(|| {
            out.clear();
            ValueView::from(black_box(fields)).write_json(&mut out);
            black_box(out.len());
        });
    });
}

fn times(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("time");
    for (name, text) in [
        ("rfc3339", "2025-09-05T16:45:26.191702Z"),
        ("unix_ms", "1757090726191"),
        ("%d-%m-%Y %H:%M:%S%.f", "05-09-2025 16:45:26.191702"),
    ] {
        let format =
            Format::new(name, zone("Europe/Berlin").expect("it exists")).expect("a format of our own");
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(format.parse(black_box(text), 0).is_ok()));
        });
        let mut out = String::new();
        group.bench_function(format!("{name}, written"), |bencher| {
            bencher.iter(|| {
                out.clear();
                format.write(black_box(1_757_090_726_191_702_000), &mut out);
                black_box(out.len());
            });
        });
    }
    group.finish();
    let severities = Severities::common();
    criterion.bench_function("severity", |bencher| {
        bencher.iter(|| black_box(severities.find(black_box("ERROR"))));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = lines, times
}
criterion_main!(benches);
