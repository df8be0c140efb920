//! Requests that have been handed over and wait for their receipts.

use std::sync::Arc;
use tidewatch_component::{Context, Intake, Payload};
use tidewatch_otlp::Request;
use tidewatch_telemetry::IntCounter;
use tokio::task::JoinSet;

/// As many requests wait for their receipts at most; then no more are made.
const MAX_IN_FLIGHT: usize = 32;

pub(super) struct Flight {
    intake: Intake,
    context: Arc<Context>,
    failed: IntCounter,
    waiting: JoinSet<()>,
}

impl Flight {
    pub(super) fn new(intake: Intake, failed: IntCounter) -> Self {
        let context = Arc::new(Context::of_receiver(intake.receiver()));
        Self { intake, context, failed, waiting: JoinSet::new() }
    }

    /// Hands over a request as soon as it is admitted.
    pub(super) async fn send(&mut self, request: Request) {
        while self.waiting.len() >= MAX_IN_FLIGHT {
            self.waiting.join_next().await;
        }
        while self.waiting.try_join_next().is_some() {}
        let items = request.items();
        let payload = Payload::Telemetry(request);
        let permit = self.intake.admit_when_possible(payload.data_type(), payload.memory()).await;
        let receipt = self.intake.submit(permit, payload, self.context.clone());
        let (intake, failed) = (self.intake.clone(), self.failed.clone());
        self.waiting.spawn(async move {
            if let Some(failure) = intake.acknowledged(receipt).await.failure {
                failed.inc_by(items as u64);
                tracing::warn!(
                    receiver = intake.receiver(),
                    items,
                    reason = failure.reason,
                    "generated telemetry was not delivered"
                );
            }
        });
    }

    /// Waits for all receipts.
    pub(super) async fn land(mut self) {
        while self.waiting.join_next().await.is_some() {}
    }
}
