//! Where telemetry and alerts go.

use crate::{Batch, Rejection, StartError};
use async_trait::async_trait;
use std::time::Duration;

/// Writes batches to one destination. Queueing, retry, timeouts and splitting are done around it.
#[async_trait]
pub trait Exporter: Send + Sync {
    /// Opens what is local (files, ports, certificates). A remote that is away is no error: the first
    /// export finds out, and is retried.
    ///
    /// # Errors
    /// What is wrong locally; it ends a first start.
    async fn start(&self) -> Result<(), StartError> {
        Ok(())
    }

    /// Sends one batch. May be called for several at once, unless [`Exporter::order`] forbids it.
    ///
    /// # Errors
    /// Says whether a further try makes sense.
    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError>;

    /// The order it keeps among its batches.
    fn order(&self) -> Order {
        Order::None
    }

    /// The most bytes of telemetry it sends in one request; 0: unlimited.
    fn max_request_bytes(&self) -> usize {
        0
    }

    /// Flushes and closes; called after the last export. What cannot be flushed is tried again: the time
    /// for it is bounded around it, and the call is dropped when that is up.
    async fn stop(&self) {}

    /// Items of batches that it took as exported, and still holds itself. What is there after
    /// [`Exporter::stop`] is lost, and reported as not delivered.
    fn untold(&self) -> usize {
        0
    }
}

/// The order an exporter keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// None: several requests are under way at once.
    None,
    /// Total: one request at a time, in the order of arrival.
    Total,
}

/// A batch that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct Exported {
    /// Items of it that the destination refused for good (OTLP's partial success).
    pub rejected: Option<Rejection>,
}

/// A batch that did not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// A further try makes sense.
    #[error("{reason}")]
    Retryable {
        /// What happened.
        reason: String,
        /// When the destination wants to be asked again, where it said so.
        after: Option<Duration>,
        /// True when the destination said no; false when it may have taken the batch unheard.
        refused: bool,
    },
    /// No further try makes sense.
    #[error("{reason}")]
    Permanent {
        /// What happened.
        reason: String,
        /// True when single items may be at fault, or too many in one request: smaller parts of the
        /// batch may be welcome (`INVALID_ARGUMENT`, 400, 413).
        divisible: bool,
    },
}

impl ExportError {
    /// Worth another try; whether anything arrived is not known.
    pub fn retryable(reason: impl Into<String>) -> Self {
        Self::Retryable { reason: reason.into(), after: None, refused: false }
    }

    /// Refused for good, as a whole.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent { reason: reason.into(), divisible: false }
    }
}
