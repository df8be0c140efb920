//! What happens to a request once its bytes are here, whatever it came over.

use crate::server::{RefusedRequests, metadata};
use bytes::Bytes;
use http::HeaderMap;
use std::{sync::Arc, time::Duration};
use tidewatch_component::{Context, Failure, Intake, Payload, Refusal, data_type};
use tidewatch_net::grpc::Code;
use tidewatch_otlp::{Request, Signal};
use tidewatch_telemetry::Metrics;

/// The way into the pipelines for one transport.
pub(super) struct Acceptor {
    intake: Intake,
    context: Arc<Context>,
    include_metadata: bool,
    refused: RefusedRequests,
}

/// A request that was taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    /// Items of it that were not, and why.
    pub(super) rejected: usize,
    pub(super) reason: String,
}

/// A request that was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Declined {
    /// The sender may come back after a while.
    Retryable { reason: String, after: Duration },
    /// It must not be sent again.
    Permanent { reason: String },
}

/// When to come back if nobody knows better.
const COME_BACK: Duration = Duration::from_secs(1);

impl Acceptor {
    pub(super) fn new(
        intake: &Intake,
        transport: &'static str,
        include_metadata: bool,
        metrics: &Metrics,
    ) -> Self {
        let intake = intake.over(transport);
        let context = Arc::new(Context::of_receiver(intake.receiver()));
        let refused = RefusedRequests::new(metrics, intake.receiver(), transport);
        // Told from the start, as 0: see the exporters' reasons.
        Signal::ALL.into_iter().for_each(|signal| intake.dropped(data_type(signal), 0, "invalid_id"));
        Self { intake, context, include_metadata, refused }
    }

    /// Whether any pipeline takes this signal.
    pub(super) fn takes(&self, signal: Signal) -> bool {
        self.intake.takes().contains(data_type(signal))
    }

    /// Admits, checks and submits a request in protobuf, and waits for what an answer stands for.
    /// Dropping the future takes back whatever no exporter has begun to send.
    pub(super) async fn accept(
        &self,
        signal: Signal,
        bytes: Bytes,
        headers: &HeaderMap,
    ) -> Result<Accepted, Declined> {
        if bytes.is_empty() {
            return Ok(Accepted::default());
        }
        let data_type = data_type(signal);
        let permit = match self.intake.admit(data_type, bytes.len()) {
            Ok(permit) => permit,
            Err(refusal) => {
                // Only a refused request is counted before it is admitted: the walk is cheap, but not free.
                let items = Request::check(signal, bytes).map_or(0, |checked| checked.request.items());
                self.intake.refused(data_type, items);
                return Err(refusal.into());
            }
        };
        let checked = Request::check(signal, bytes)
            .map_err(|malformed| Declined::Permanent { reason: malformed.to_string() })?;
        let mut accepted = Accepted::default();
        if !checked.rejected.is_none() {
            self.intake.dropped(data_type, checked.rejected.items, "invalid_id");
            accepted.rejected = checked.rejected.items;
            accepted.reason = checked.rejected.reason.unwrap_or_default();
        }
        let items = checked.request.items();
        if items == 0 {
            return Ok(accepted);
        }
        let context =
            if self.include_metadata { Arc::new(self.with_metadata(headers)) } else { self.context.clone() };
        let receipt = self.intake.submit(permit, Payload::Telemetry(checked.request), context);
        let verdict = self.intake.acknowledged(receipt).await;
        if let Some(failure) = verdict.failure {
            return Err(failure.into());
        }
        if let Some(rejected) = verdict.rejected {
            if rejected.items >= items && verdict.delivered_parts == 0 {
                return Err(Declined::Permanent { reason: rejected.reason });
            }
            accepted.rejected += rejected.items.min(items);
            accepted.reason = rejected.reason;
        }
        Ok(accepted)
    }

    /// Counts a request that is answered with an error.
    pub(super) fn count_refused(&self, code: Code) {
        self.refused.count(code);
    }

    fn with_metadata(&self, headers: &HeaderMap) -> Context {
        Context { metadata: metadata(headers), ..(*self.context).clone() }
    }
}

impl From<Refusal> for Declined {
    fn from(refusal: Refusal) -> Self {
        Self::Retryable { reason: refusal.reason, after: refusal.retry_after }
    }
}

impl From<Failure> for Declined {
    fn from(failure: Failure) -> Self {
        Self::Retryable { reason: failure.reason, after: failure.retry_after.unwrap_or(COME_BACK) }
    }
}
