//! What actions on attributes cost per log record of about 250 bytes with 8 attributes.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use tidewatch_component::{Batch, BuildContext, Context, Out, Payload, Processor, ProcessorFactory};
use tidewatch_config::ComponentId;
use tidewatch_otlp::{Request, testing::realistic_logs};
use tidewatch_processors::attributes::Attributes;
use tidewatch_telemetry::{Books, Metrics, NodeKind};

const RECORDS: usize = 1_000;

fn attributes(criterion: &mut Criterion) {
    let logs = Request::encode_logs(&realistic_logs(RECORDS));
    let mut group = criterion.benchmark_group("attributes");
    group.throughput(Throughput::Elements(RECORDS as u64));
    for (name, actions) in [
        ("delete none", json!([{"key": "none", "action": "delete"}])),
        ("delete", json!([{"key": "user.id", "action": "delete"}])),
        ("insert", json!([{"key": "team", "action": "insert", "value": "core"}])),
        (
            "rename",
            json!([
                {"key": "http.request.method", "action": "upsert", "from_attribute": "http.method"},
                {"key": "http.method", "action": "delete"},
            ]),
        ),
        (
            "rename three",
            json!([
                {"key": "http.request.method", "action": "upsert", "from_attribute": "http.method"},
                {"key": "http.method", "action": "delete"},
                {"key": "http.response.status_code", "action": "upsert", "from_attribute": "http.status"},
                {"key": "http.status", "action": "delete"},
                {"key": "cloud.region", "action": "upsert", "from_attribute": "region"},
                {"key": "region", "action": "delete"},
            ]),
        ),
        ("hash", json!([{"key": "user.id", "action": "hash"}])),
        ("delete by pattern", json!([{"pattern": "^user", "action": "delete"}])),
        ("extract", json!([{"key": "http.route", "action": "extract", "pattern": "^/(?<first>[a-z]+)"}])),
    ] {
        let processor = processor(&actions);
        group.bench_function(name, |bencher| bencher.iter(|| process(&*processor, &logs)));
    }
    group.finish();
}

fn processor(actions: &Json) -> Arc<dyn Processor> {
    let context = BuildContext::new(ComponentId::new("attributes"), &Metrics::default());
    let config = serde_json::from_value(json!({"actions": actions})).expect("keys");
    Attributes::build(config, &context).expect("actions")
}

fn process(processor: &dyn Processor, request: &Request) -> Vec<Batch> {
    let context = Arc::new(Context::of_receiver("otlp"));
    let books = Books::open(&Metrics::default(), NodeKind::Processor, "main", "attributes");
    let mut out = Out::new(&books, &context);
    processor.process(Batch::unattended(Payload::Telemetry(request.clone()), context.clone()), &mut out);
    out.finish().0
}

criterion_group!(benches, attributes);
criterion_main!(benches);
