//! What it costs to make records of events: JSON of about 200 bytes with 8 fields.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use tidewatch_component::{Batch, BuildContext, Context, Out, Payload, Processor, ProcessorFactory};
use tidewatch_config::ComponentId;
use tidewatch_otlp::{
    Request,
    testing::realistic_metrics,
    write::{Attributes, LogRecord, LogsWriter, Map, Value},
};
use tidewatch_processors::normalize::Normalize;
use tidewatch_telemetry::{Books, Metrics, NodeKind};

const RECORDS: usize = 1_000;

/// Events of twenty hosts.
fn events() -> Request {
    let mut logs = LogsWriter::default();
    let group = logs.group(&Attributes::default(), "");
    let attributes = Map::from_iter([("log.file.name", Value::from("events.jsonl"))]);
    for number in 0..RECORDS {
        let body = Value::from(format!(
            r#"{{"tenant_id": "acme", "host": "host-{}", "metric": "cpu_load", "value": {}.5, "ts_event": "2025-10-21T10:00:{:02}Z", "unit": "percent", "level": "info", "tags": {{"env": "prod", "rack": "r7"}}}}"#,
            number % 20,
            number % 100,
            number % 60
        ));
        logs.push(
            group,
            &LogRecord { body: &body, attributes: &attributes, observed_time: 1, ..LogRecord::default() },
        );
    }
    logs.finish().expect("records")
}

fn normalize(criterion: &mut Criterion) {
    let mapped = json!({
        "parse": "json",
        "fields": {
            "tenant_id": {"from": ["tenant_id", "tenant"], "default": "default"},
            "source_id": {"from": ["host", "source_id"], "default": "unknown"},
            "metric": {"default": "unknown"},
            "value": {"as": "double", "default": 0},
            "unit": {"default": ""},
            "tags": {"default": {}},
        },
        "time": {"from": "ts_event", "default": "now"},
        "severity": {"from": "level"},
        "resource": {"tenant.id": "tenant_id", "host.name": "source_id"},
    });
    let mut computed = mapped.clone();
    computed["compute"] =
        json!([r#"set(fields["ratio"], fields["value"] / 100) where fields["unit"] == "percent""#]);
    let mut points = mapped.clone();
    points["metric"] = json!({"name": "metric", "value": "value", "unit": "unit", "attributes": "tags"});
    let events = events();
    let mut group = criterion.benchmark_group("normalize");
    group.throughput(Throughput::Elements(RECORDS as u64));
    for (name, entry) in
        [("parse", json!({"parse": "json"})), ("map", mapped), ("compute", computed), ("points", points)]
    {
        let processor = processor(json!({"records": [entry]}));
        group.bench_function(name, |bencher| bencher.iter(|| process(&*processor, &events)));
    }
    let metrics = Request::encode_metrics(&realistic_metrics(RECORDS));
    group.throughput(Throughput::Elements(metrics.items() as u64));
    for (name, config) in [
        ("units", json!({"units": {"ms": "s", "MiB": "By"}})),
        ("semantic conventions", json!({"rename": {"semantic_conventions": true}})),
    ] {
        let processor = processor(config);
        group.bench_function(name, |bencher| bencher.iter(|| process(&*processor, &metrics)));
    }
    group.finish();
}

fn processor(config: Json) -> Arc<dyn Processor> {
    let context = BuildContext::new(ComponentId::new("normalize"), &Metrics::default());
    Normalize::build(serde_json::from_value(config).expect("keys"), &context).expect("no mistakes")
}

fn process(processor: &dyn Processor, request: &Request) -> Vec<Batch> {
    let context = Arc::new(Context::of_receiver("file_log"));
    let books = Books::open(&Metrics::default(), NodeKind::Processor, "main", "normalize");
    let mut out = Out::new(&books, &context);
    processor.process(Batch::unattended(Payload::Telemetry(request.clone()), context.clone()), &mut out);
    out.finish().0
}

criterion_group!(benches, normalize);
criterion_main!(benches);
