//! Takes items with a trace or span id of the wrong length out of a request.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, metric::Data};
use opentelemetry_proto::tonic::trace::v1::Span;

/// What [`Request::check`](crate::Request::check) took out of a request, to be told in a partial success.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many spans, data points or log records were taken out.
    pub items: usize,
    /// What was wrong with the first of them, by its place in the request counted from 0.
    pub reason: Option<String>,
}

impl Rejected {
    /// Whether everything was accepted.
    pub fn is_none(&self) -> bool {
        self.items == 0
    }
}

/// Goes through the items of one request in order.
#[derive(Default)]
struct Sieve {
    seen: usize,
    rejected: Rejected,
}

impl Sieve {
    /// Whether the item stays.
    fn keep(&mut self, item: &str, complaint: Option<String>) -> bool {
        let index = self.seen;
        self.seen += 1;
        let Some(complaint) = complaint else { return true };
        self.rejected.items += 1;
        self.rejected.reason.get_or_insert_with(|| format!("{item} {index}: {complaint}"));
        false
    }
}

pub(crate) fn sieve_logs(request: &mut ExportLogsServiceRequest) -> Rejected {
    let mut sieve = Sieve::default();
    for scope in request.resource_logs.iter_mut().flat_map(|resource| &mut resource.scope_logs) {
        scope.log_records.retain(|record| sieve.keep("log record", complain_of_record(record)));
    }
    sieve.rejected
}

pub(crate) fn sieve_traces(request: &mut ExportTraceServiceRequest) -> Rejected {
    let mut sieve = Sieve::default();
    for scope in request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans) {
        scope.spans.retain(|span| sieve.keep("span", complain_of_span(span)));
    }
    sieve.rejected
}

pub(crate) fn sieve_metrics(request: &mut ExportMetricsServiceRequest) -> Rejected {
    let mut sieve = Sieve::default();
    let mut keep = |exemplars: &[Exemplar]| sieve.keep("data point", complain_of_exemplars(exemplars));
    let scopes = request.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics);
    for metric in scopes.flat_map(|scope| &mut scope.metrics) {
        match &mut metric.data {
            Some(Data::Gauge(data)) => data.data_points.retain(|point| keep(&point.exemplars)),
            Some(Data::Sum(data)) => data.data_points.retain(|point| keep(&point.exemplars)),
            Some(Data::Histogram(data)) => data.data_points.retain(|point| keep(&point.exemplars)),
            Some(Data::ExponentialHistogram(data)) => data.data_points.retain(|point| keep(&point.exemplars)),
            // Summaries have no exemplars, but they count.
            Some(Data::Summary(data)) => data.data_points.retain(|_| keep(&[])),
            None => {}
        }
    }
    sieve.rejected
}

fn complain_of_record(record: &LogRecord) -> Option<String> {
    optional("trace_id", &record.trace_id, 16).or_else(|| optional("span_id", &record.span_id, 8))
}

fn complain_of_span(span: &Span) -> Option<String> {
    required("trace_id", &span.trace_id, 16)
        .or_else(|| required("span_id", &span.span_id, 8))
        .or_else(|| optional("parent_span_id", &span.parent_span_id, 8))
        .or_else(|| {
            span.links.iter().find_map(|link| {
                optional("link trace_id", &link.trace_id, 16)
                    .or_else(|| optional("link span_id", &link.span_id, 8))
            })
        })
}

fn complain_of_exemplars(exemplars: &[Exemplar]) -> Option<String> {
    exemplars.iter().find_map(|exemplar| {
        optional("exemplar trace_id", &exemplar.trace_id, 16)
            .or_else(|| optional("exemplar span_id", &exemplar.span_id, 8))
    })
}

fn required(name: &str, id: &[u8], length: usize) -> Option<String> {
    (id.len() != length).then(|| match id.len() {
        1 => format!("{name} has 1 byte, not {length}"),
        wrong => format!("{name} has {wrong} bytes, not {length}"),
    })
}

fn optional(name: &str, id: &[u8], length: usize) -> Option<String> {
    if id.is_empty() { None } else { required(name, id, length) }
}
