use std::ops::Deref;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use crate::check::{self, Findings, Malformed};
use crate::ids::{self, Rejected};
use crate::{Signal, messages};

/// An `Export{Trace,Metrics,Logs}ServiceRequest` in its wire bytes, known to be well formed.
///
/// Cloning is cheap: clones share the bytes. Reading starts at [`Request::canonical`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    signal: Signal,
    bytes: Bytes,
    items: usize,
    canonical: bool,
}

/// What [`Request::check`] made of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The request, without the items that were rejected.
    pub request: Request,
    /// The items that a strict receiver would refuse.
    pub rejected: Rejected,
}

impl Request {
    /// Checks bytes that came from outside, in one walk: structure, UTF-8, nesting.
    ///
    /// The same walk counts the items. Items with a trace or span id of the wrong length are taken out, which
    /// rewrites the request; any other request keeps the very bytes it was given. No bytes are a request, too.
    ///
    /// # Errors
    ///
    /// If the bytes are not protobuf, break the schema of OTLP, hold text that is not UTF-8, use groups, or nest
    /// messages deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    pub fn check(signal: Signal, bytes: Bytes) -> Result<Checked, Malformed> {
        let Findings { items, canonical, ids } = check::check(signal, &bytes)?;
        let request = Self { signal, bytes, items, canonical };
        if canonical && ids {
            return Ok(Checked { request, rejected: Rejected::default() });
        }
        Ok(request.sieve())
    }

    /// A request from parts of others that have been checked.
    pub(crate) fn trusted(signal: Signal, bytes: Bytes, items: usize, canonical: bool) -> Self {
        Self { signal, bytes, items, canonical }
    }

    /// Looks at the request as protobuf means it, where the last value of a field wins: the walk has seen all of them.
    fn sieve(self) -> Checked {
        match self.signal {
            Signal::Traces => self.sieve_with(Self::decode_traces, ids::sieve_traces, Self::encode_traces),
            Signal::Metrics => {
                self.sieve_with(Self::decode_metrics, ids::sieve_metrics, Self::encode_metrics)
            }
            Signal::Logs => self.sieve_with(Self::decode_logs, ids::sieve_logs, Self::encode_logs),
        }
    }

    fn sieve_with<M>(
        self,
        decode: fn(&Self) -> M,
        sieve: fn(&mut M) -> Rejected,
        encode: fn(&M) -> Self,
    ) -> Checked {
        let mut message = decode(&self);
        let rejected = sieve(&mut message);
        let rewritten = encode(&message);
        let request = if rejected.is_none() { Self { items: rewritten.items, ..self } } else { rewritten };
        Checked { request, rejected }
    }

    /// The signal it carries.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// The request's wire bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The request's wire bytes, without a copy.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// How many spans, data points or log records it holds.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Whether it holds no items; it may still hold resources and scopes.
    pub fn is_empty(&self) -> bool {
        self.items == 0
    }

    /// Whether every field that may occur once does. If not, readers that take the first or the last value
    /// see different data, so views are given on [`canonical`](Self::canonical) requests only.
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }

    /// Bytes of memory this request is accounted for: its wire bytes and a fixed overhead.
    pub fn memory(&self) -> usize {
        // The handle itself, the shared buffer's head, and what the allocator rounds up.
        const OVERHEAD: usize = size_of::<Request>() + 64;
        self.bytes.len() + OVERHEAD
    }

    /// The request for reading: as it is, or (rarely) written anew with repeated singular fields merged
    /// as protobuf prescribes. Views start here.
    ///
    /// ```
    /// # let request = tidewatch_otlp::Request::check(tidewatch_otlp::Signal::Logs, bytes::Bytes::new()).unwrap().request;
    /// for resource in request.canonical().resources() {
    ///     let service = resource.attributes().get("service.name");
    ///     for record in resource.scopes().flat_map(|scope| scope.records()) {
    ///         println!("{service:?}: {:?}", record.body());
    ///     }
    /// }
    /// ```
    pub fn canonical(&self) -> Canonical {
        if self.canonical {
            return Canonical(self.clone());
        }
        Canonical(match self.signal {
            Signal::Traces => Self::encode_traces(&self.decode_traces()),
            Signal::Metrics => Self::encode_metrics(&self.decode_metrics()),
            Signal::Logs => Self::encode_logs(&self.decode_logs()),
        })
    }

    /// Decodes a traces request.
    ///
    /// # Panics
    ///
    /// If it is of another signal.
    pub fn decode_traces(&self) -> ExportTraceServiceRequest {
        self.decode(Signal::Traces)
    }

    /// Decodes a metrics request.
    ///
    /// # Panics
    ///
    /// If it is of another signal.
    pub fn decode_metrics(&self) -> ExportMetricsServiceRequest {
        self.decode(Signal::Metrics)
    }

    /// Decodes a logs request.
    ///
    /// # Panics
    ///
    /// If it is of another signal.
    pub fn decode_logs(&self) -> ExportLogsServiceRequest {
        self.decode(Signal::Logs)
    }

    fn decode<M: Message + Default>(&self, signal: Signal) -> M {
        assert_eq!(self.signal, signal, "the request carries {}", self.signal);
        M::decode(&self.bytes[..]).expect("a checked request decodes")
    }

    /// Encodes a message made by this process. It is taken at its word: lengths of ids and the nesting of
    /// values are not checked. A message from outside goes through [`check`](Self::check) in its wire bytes.
    pub fn encode_traces(message: &ExportTraceServiceRequest) -> Self {
        Self::encode(Signal::Traces, message, messages::count_spans(message))
    }

    /// Encodes a message made by this process; see [`encode_traces`](Self::encode_traces).
    pub fn encode_metrics(message: &ExportMetricsServiceRequest) -> Self {
        Self::encode(Signal::Metrics, message, messages::count_points(message))
    }

    /// Encodes a message made by this process; see [`encode_traces`](Self::encode_traces).
    pub fn encode_logs(message: &ExportLogsServiceRequest) -> Self {
        Self::encode(Signal::Logs, message, messages::count_records(message))
    }

    fn encode(signal: Signal, message: &impl Message, items: usize) -> Self {
        Self { signal, bytes: message.encode_to_vec().into(), items, canonical: true }
    }
}

impl From<&ExportTraceServiceRequest> for Request {
    fn from(message: &ExportTraceServiceRequest) -> Self {
        Self::encode_traces(message)
    }
}

impl From<&ExportMetricsServiceRequest> for Request {
    fn from(message: &ExportMetricsServiceRequest) -> Self {
        Self::encode_metrics(message)
    }
}

impl From<&ExportLogsServiceRequest> for Request {
    fn from(message: &ExportLogsServiceRequest) -> Self {
        Self::encode_logs(message)
    }
}

/// A request in which no singular field occurs twice, so that views read it as any protobuf decoder would.
/// Obtained from [`Request::canonical`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical(Request);

impl Canonical {
    /// The request itself.
    pub fn into_request(self) -> Request {
        self.0
    }
}

impl Deref for Canonical {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.0
    }
}
