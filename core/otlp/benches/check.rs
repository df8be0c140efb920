//! What the check costs beside decoding with prost. Prints one ratio per signal.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prost::Message;
use tidewatch_otlp::proto::collector::logs::v1::ExportLogsServiceRequest;
use tidewatch_otlp::proto::collector::metrics::v1::ExportMetricsServiceRequest;
use tidewatch_otlp::proto::collector::trace::v1::ExportTraceServiceRequest;
use tidewatch_otlp::testing::{realistic_logs, realistic_metrics, realistic_traces};
use tidewatch_otlp::{Request, Signal};

fn signals(criterion: &mut Criterion) {
    let logs = Request::encode_logs(&realistic_logs(1_000));
    let traces = Request::encode_traces(&realistic_traces(1_000));
    let metrics = Request::encode_metrics(&realistic_metrics(100));
    compare::<ExportLogsServiceRequest>(criterion, &logs);
    compare::<ExportTraceServiceRequest>(criterion, &traces);
    compare::<ExportMetricsServiceRequest>(criterion, &metrics);
    read(criterion, &logs);
    split(criterion, &logs);
}

fn compare<M: Message + Default>(criterion: &mut Criterion, request: &Request) {
    let (signal, bytes) = (request.signal(), request.bytes());
    let mut group = criterion.benchmark_group(signal.as_str());
    group.throughput(Throughput::Elements(request.items() as u64));
    group.bench_function("check", |bencher| bencher.iter(|| check(signal, bytes)));
    group.bench_function("decode", |bencher| bencher.iter(|| decode::<M>(bytes)));
    group.finish();
    ratio::<M>(request);
}

/// Times both in turn, so that a busy machine slows both, and takes the median of each.
fn ratio<M: Message + Default>(request: &Request) {
    let (signal, bytes) = (request.signal(), request.bytes());
    let mut checks = Vec::new();
    let mut decodes = Vec::new();
    for _ in 0..200 {
        checks.push(time(|| check(signal, bytes)));
        decodes.push(time(|| decode::<M>(bytes)));
    }
    let items = request.items() as f64;
    let (check, decode) = (median(checks).as_nanos() as f64, median(decodes).as_nanos() as f64);
    println!(
        "{signal}: {} bytes an item, check {:.0} ns, decode {:.0} ns an item: ratio 1/{:.1}",
        bytes.len() / request.items(),
        check / items,
        decode / items,
        decode / check,
    );
}

fn read(criterion: &mut Criterion, logs: &Request) {
    let mut group = criterion.benchmark_group("views");
    group.throughput(Throughput::Elements(logs.items() as u64));
    group.bench_function("two attributes of every log record", |bencher| {
        bencher.iter(|| {
            let request = logs.canonical();
            let scopes = request.resources().flat_map(|resource| resource.scopes());
            for record in scopes.flat_map(|scope| scope.records()) {
                black_box(record.attributes().get("http.route"));
                black_box(record.attributes().get("duration_us"));
            }
        });
    });
    group.finish();
}

fn split(criterion: &mut Criterion, logs: &Request) {
    let mut group = criterion.benchmark_group("split");
    group.throughput(Throughput::Elements(logs.items() as u64));
    group.bench_function("one resource into ten parts", |bencher| {
        bencher.iter(|| black_box(logs.clone().split(100, 0)));
    });
    group.finish();
}

fn check(signal: Signal, bytes: &Bytes) {
    black_box(Request::check(signal, black_box(bytes.clone())).is_ok());
}

fn decode<M: Message + Default>(bytes: &Bytes) {
    black_box(M::decode(black_box(&bytes[..])).is_ok());
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = signals
}
criterion_main!(benches);
