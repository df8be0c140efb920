//! Whole processors over real requests.

// A configuration written in place reads better without a reference to it.
#![allow(clippy::needless_pass_by_value)]

mod apilogs;
mod fuzz;
mod metrics;
mod mistakes;
mod observio;
mod records;
mod refusals;
mod rename;

use super::{Normalize, NormalizeConfig};
use crate::testing;
use serde_json::{Value as Json, json};
use std::{path::Path, pin::pin, sync::Arc, task};
use tidewatch_component::{
    Batch, BuildContext, Context, Out, Outcome, Payload, Processor, ProcessorFactory, Receipt, Verdict,
    data_type,
};
use tidewatch_otlp::{
    Request, Signal,
    write::{Attributes, LogRecord, LogsWriter, Map, Value},
};
use tidewatch_telemetry::{Books, NodeKind};

/// A processor and its books.
struct Bench {
    processor: Arc<dyn Processor>,
    context: BuildContext,
}

/// What has become of a batch.
struct Out1 {
    requests: Vec<Request>,
    verdict: Verdict,
}

impl Bench {
    fn new(config: Json) -> Self {
        Self::with(config, testing::context("normalize"))
    }

    fn with(config: Json, context: BuildContext) -> Self {
        let config: NormalizeConfig = serde_json::from_value(config).unwrap();
        let processor = Normalize::build(config, &context).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        Self { processor, context }
    }

    /// One entry of `records`.
    fn records(entry: Json) -> Self {
        Self::new(json!({ "records": [entry] }))
    }

    fn take(&self, request: Request) -> Out1 {
        let books = Books::open(&self.context.metrics, NodeKind::Processor, "main", "normalize");
        let context = Arc::new(Context::of_receiver("file_log"));
        let mut out = Out::new(&books, &context);
        let (receipt, ticket) = Receipt::new(request.items());
        let (signal, items) = (data_type(request.signal()), request.items());
        self.processor.process(Batch::new(Payload::Telemetry(request), context.clone(), ticket), &mut out);
        assert_eq!(out.lost(signal, items), 0, "every item is out, or dropped for a reason");
        let batches = out.finish().0;
        let requests: Vec<_> = batches.iter().map(|batch| batch.telemetry().unwrap().clone()).collect();
        requests.iter().for_each(check);
        batches.into_iter().for_each(|batch| batch.end(&Outcome::Delivered));
        let task::Poll::Ready(verdict) =
            pin!(receipt).poll(&mut task::Context::from_waker(task::Waker::noop()))
        else {
            panic!("a part has not ended")
        };
        Out1 { requests, verdict }
    }

    /// The records that come of texts, each as JSON.
    fn lines(&self, texts: &[&str]) -> Vec<Json> {
        self.take(lines(texts)).records()
    }

    /// The counters whose lines begin so, without those that are zero.
    fn metrics(&self, name: &str) -> Vec<String> {
        let text = self.context.metrics.render();
        let own = text.lines().filter(|line| line.starts_with(name) && !line.ends_with(" 0"));
        own.map(|line| {
            line.replace(r#"pipeline="main","#, "")
                .replace(r#"processor="normalize","#, "")
                .replace(r#",processor="normalize""#, "")
        })
        .collect()
    }
}

impl Out1 {
    fn records(&self) -> Vec<Json> {
        let logs = self.requests.iter().filter(|request| request.signal() == Signal::Logs);
        logs.flat_map(records).collect()
    }
}

use std::future::Future;

/// It is what others would take.
fn check(request: &Request) {
    let checked = Request::check(request.signal(), request.bytes().clone()).unwrap();
    assert_eq!(&checked.request, request);
    assert!(checked.rejected.is_none());
}

/// Records with these texts as bodies.
fn lines(texts: &[&str]) -> Request {
    let mut logs = LogsWriter::default();
    let resource = Attributes::new(&Map::from_iter([("service.name", Value::from("shop"))]));
    let group = logs.group(&resource, "scope");
    let attributes = Map::from_iter([("log.file.name", Value::from("events.jsonl"))]);
    for text in texts {
        let body = Value::from(*text);
        let record =
            LogRecord { body: &body, attributes: &attributes, observed_time: 7, ..LogRecord::default() };
        logs.push(group, &record);
    }
    logs.finish().unwrap()
}

/// Time, severity, attributes, body and resource of each record.
fn records(request: &Request) -> Vec<Json> {
    let canonical = request.canonical();
    let mut all = Vec::new();
    for resource in canonical.resources() {
        for record in resource.scopes().flat_map(|scope| scope.records()) {
            all.push(json!({
                "time": record.time_unix_nano(),
                "observed": record.observed_time_unix_nano(),
                "severity": [record.severity_number(), record.severity_text()],
                "attributes": record.attributes().to_json(),
                "body": record.body().map(|body| body.to_json()),
                "resource": resource.attributes().to_json(),
            }));
        }
    }
    all
}

/// A file of `tests/data`.
fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a file of `tests/data` as JSON.
fn json_lines(name: &str) -> Vec<Json> {
    data(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
