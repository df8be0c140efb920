//! What prost says about a request.

use prost::Message;
use prost::encoding::encode_varint;
use tidewatch_otlp::proto::collector::logs::v1::ExportLogsServiceRequest;
use tidewatch_otlp::proto::collector::metrics::v1::ExportMetricsServiceRequest;
use tidewatch_otlp::proto::collector::trace::v1::ExportTraceServiceRequest;
use tidewatch_otlp::proto::metrics::v1::metric::Data;
use tidewatch_otlp::{MAX_DEPTH, Malformed, Signal};

/// A message around a request, so that prost's own limit of 100 nested messages falls where ours is.
#[derive(Clone, PartialEq, Message)]
struct Wrap {
    #[prost(message, optional, boxed, tag = "1")]
    inner: Option<Box<Wrap>>,
    #[prost(message, optional, tag = "2")]
    traces: Option<ExportTraceServiceRequest>,
    #[prost(message, optional, tag = "3")]
    metrics: Option<ExportMetricsServiceRequest>,
    #[prost(message, optional, tag = "4")]
    logs: Option<ExportLogsServiceRequest>,
}

const PROST_LIMIT: usize = 100;

/// Whether prost decodes these bytes as a request with at most [`MAX_DEPTH`] nested messages.
pub(crate) fn accepts(signal: Signal, bytes: &[u8]) -> bool {
    let tag = match signal {
        Signal::Traces => 2,
        Signal::Metrics => 3,
        Signal::Logs => 4,
    };
    let mut wrapped = block(tag, bytes);
    for _ in 1..PROST_LIMIT - MAX_DEPTH {
        wrapped = block(1, &wrapped);
    }
    Wrap::decode(&wrapped[..]).is_ok()
}

/// A field that holds these bytes.
pub(crate) fn block(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 12);
    encode_varint(u64::from(number << 3 | 2), &mut out);
    encode_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

/// Whether the check refused a group, which prost would have skipped.
pub(crate) fn is_group(malformed: &Malformed, bytes: &[u8]) -> bool {
    malformed.what.contains("groups") && matches!(bytes[malformed.offset] & 7, 3 | 4)
}

/// The request as prost writes it after reading it: merged, without unknown fields.
pub(crate) fn reencoded(signal: Signal, bytes: &[u8]) -> Vec<u8> {
    match signal {
        Signal::Traces => ExportTraceServiceRequest::decode(bytes).unwrap().encode_to_vec(),
        Signal::Metrics => ExportMetricsServiceRequest::decode(bytes).unwrap().encode_to_vec(),
        Signal::Logs => ExportLogsServiceRequest::decode(bytes).unwrap().encode_to_vec(),
    }
}

/// How many items prost finds, and how many of them have an id of the wrong length.
pub(crate) fn count(signal: Signal, bytes: &[u8]) -> (usize, usize) {
    let bad: Vec<bool> = match signal {
        Signal::Traces => bad_spans(&ExportTraceServiceRequest::decode(bytes).unwrap()),
        Signal::Metrics => bad_points(&ExportMetricsServiceRequest::decode(bytes).unwrap()),
        Signal::Logs => bad_records(&ExportLogsServiceRequest::decode(bytes).unwrap()),
    };
    (bad.len(), bad.into_iter().filter(|bad| *bad).count())
}

fn is_trace(id: &[u8]) -> bool {
    id.is_empty() || id.len() == 16
}

fn is_span(id: &[u8]) -> bool {
    id.is_empty() || id.len() == 8
}

fn bad_spans(request: &ExportTraceServiceRequest) -> Vec<bool> {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes
        .flat_map(|scope| &scope.spans)
        .map(|span| {
            let links = span.links.iter().all(|link| is_trace(&link.trace_id) && is_span(&link.span_id));
            let own = span.trace_id.len() == 16 && span.span_id.len() == 8;
            !(own && links && is_span(&span.parent_span_id))
        })
        .collect()
}

fn bad_records(request: &ExportLogsServiceRequest) -> Vec<bool> {
    let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    let records = scopes.flat_map(|scope| &scope.log_records);
    records.map(|record| !(is_trace(&record.trace_id) && is_span(&record.span_id))).collect()
}

fn bad_points(request: &ExportMetricsServiceRequest) -> Vec<bool> {
    let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let mut bad = Vec::new();
    for metric in scopes.flat_map(|scope| &scope.metrics) {
        let exemplars: Vec<_> = match &metric.data {
            Some(Data::Gauge(data)) => data.data_points.iter().map(|point| &point.exemplars[..]).collect(),
            Some(Data::Sum(data)) => data.data_points.iter().map(|point| &point.exemplars[..]).collect(),
            Some(Data::Histogram(data)) => {
                data.data_points.iter().map(|point| &point.exemplars[..]).collect()
            }
            Some(Data::ExponentialHistogram(data)) => {
                data.data_points.iter().map(|point| &point.exemplars[..]).collect()
            }
            Some(Data::Summary(data)) => vec![&[]; data.data_points.len()],
            None => Vec::new(),
        };
        bad.extend(exemplars.into_iter().map(|exemplars| {
            !exemplars.iter().all(|exemplar| is_trace(&exemplar.trace_id) && is_span(&exemplar.span_id))
        }));
    }
    bad
}
