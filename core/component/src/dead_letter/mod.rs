//! Data that nobody takes, kept with the reason: `service.dead_letter`.

mod record;
mod sink;

pub use record::EVENT_NAME;
pub use sink::{DeadLetters, Office, Unsent};

use crate::{Alert, Batch, Context, DataType, Payload, data_type};
use bytes::Bytes;
use std::sync::Arc;
use tidewatch_otlp::{Request, proto::collector::logs::v1::ExportLogsServiceRequest};

/// The most of an original that a letter keeps, in bytes: with all that stands beside it, it stays below the 4 MiB
/// that OTLP servers take.
pub const MAX_ORIGINAL: usize = (4 << 20) - (64 << 10);

/// Characters of a reason, at the most.
const MAX_REASON: usize = 1_000;

/// Data that is not delivered, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// What was wrong with it.
    pub kind: DeadLetterKind,
    /// What exactly, in words.
    pub reason: String,
    /// What the original is, or should have been.
    pub signal: DataType,
    /// Spans, points, records or alerts in the original; 0: nobody knows.
    pub items: usize,
    /// Id of the exporter that could not deliver it; none where it did not get that far.
    pub exporter: Option<String>,
    /// What the original is written in: one of the constants here, or a type of the source's own.
    pub content_type: String,
    /// The bytes, at most [`MAX_ORIGINAL`].
    pub original: Bytes,
    /// How many bytes there were: more than `original` has where it was cut.
    pub size: usize,
    /// Where it came from.
    pub context: Arc<Context>,
}

/// What was wrong with a dead letter's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterKind {
    /// It could not be read.
    Undecodable,
    /// It could be read, but not used: a processor needs what is not in it.
    Unusable,
    /// Its destination refused it for good.
    Refused,
}

impl DeadLetterKind {
    /// As it is written in `dead_letter.kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::Unusable => "unusable",
            Self::Refused => "refused",
        }
    }
}

/// An OTLP export request in protobuf.
pub const PROTOBUF: &str = "application/x-protobuf";
/// An OTLP export request in JSON.
pub const JSON: &str = "application/json";
/// Text, such as a line of a file.
pub const TEXT: &str = "text/plain";

impl DeadLetter {
    /// For an exporter's lane: a batch that its destination has refused for good. A large one makes several letters,
    /// cut between its items. Alerts are kept as the log records that carry them over OTLP.
    pub fn refused(batch: &Batch, exporter: &str, reason: &str) -> Vec<Self> {
        let letter = |items, original| Self {
            items,
            exporter: Some(exporter.to_owned()),
            ..Self::new(
                DeadLetterKind::Refused,
                batch.data_type(),
                PROTOBUF,
                original,
                reason,
                &batch.context,
            )
        };
        match &batch.payload {
            Payload::Telemetry(request) => {
                let parts = request.clone().split(0, MAX_ORIGINAL);
                parts.into_iter().map(|part| letter(part.items(), part.into_bytes())).collect()
            }
            Payload::Alerts(alerts) => {
                vec![letter(alerts.len(), Alert::to_otlp(alerts).into_bytes())]
            }
        }
    }

    /// For a source: bytes that cannot be read as `signal`, with where they stood. How many items are in them is not
    /// known.
    pub fn undecodable(
        signal: DataType,
        content_type: &str,
        original: Bytes,
        reason: &str,
        context: &Arc<Context>,
    ) -> Self {
        Self::new(DeadLetterKind::Undecodable, signal, content_type, original, reason, context)
    }

    /// For a processor: items that it can make no use of, to be sent again when that has changed.
    pub fn unusable(original: Request, reason: &str, context: &Arc<Context>) -> Self {
        let (signal, items) = (data_type(original.signal()), original.items());
        let kind = DeadLetterKind::Unusable;
        Self { items, ..Self::new(kind, signal, PROTOBUF, original.into_bytes(), reason, context) }
    }

    fn new(
        kind: DeadLetterKind,
        signal: DataType,
        content_type: &str,
        mut original: Bytes,
        reason: &str,
        context: &Arc<Context>,
    ) -> Self {
        let size = original.len();
        original.truncate(MAX_ORIGINAL);
        Self {
            kind,
            reason: reason.chars().take(MAX_REASON).collect(),
            signal,
            items: 0,
            exporter: None,
            content_type: content_type.to_owned(),
            original,
            size,
            context: context.clone(),
        }
    }

    /// Whether the end of the original is missing.
    pub fn is_cut(&self) -> bool {
        self.size > self.original.len()
    }

    /// The letter as the logs request of one record that goes to the exporter.
    pub fn to_request(&self) -> Request {
        Request::encode_logs(&ExportLogsServiceRequest { resource_logs: vec![record::resource_of(self)] })
    }
}
