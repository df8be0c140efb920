//! What it costs to make fields of a line.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::ValueView;
use tidewatch_parse::json;

/// 300 bytes, 8 fields.
const JSON: &str = r#"{"timestamp": "2025-09-05T16:45:26.191702Z", "level": "ERROR", "service": "checkout", "message": "upstream answered late, the order is tried again in a moment by the worker that holds it", "status": 504, "duration_ms": 1995.25, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "tags": {"region": "eu-1"}}"#;

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

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = lines
}
criterion_main!(benches);
