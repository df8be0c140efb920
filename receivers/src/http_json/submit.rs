//! Handing records over, and what became of them.

use super::{
    answer::{Fault, Tally},
    load::Load,
};
use crate::server::{RefusedRequests, metadata};
use http::HeaderMap;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tidewatch_component::{Context, DataType, Intake, Payload, Permit, Refusal, Rejection};
use tidewatch_net::grpc::Code;
use tidewatch_telemetry::Metrics;

/// The way into the pipelines.
pub(super) struct Acceptor {
    intake: Intake,
    context: Arc<Context>,
    include_metadata: bool,
    refused: RefusedRequests,
}

/// Why records were not taken that are as they should be: they were not delivered.
#[derive(Debug)]
pub(super) struct Declined {
    pub(super) reason: String,
    pub(super) after: Option<Duration>,
}

/// The reason under which records that are no JSON are counted.
const INVALID: &str = "invalid_json";

impl Acceptor {
    pub(super) fn new(intake: &Intake, include_metadata: bool, metrics: &Metrics) -> Self {
        let intake = intake.over("http");
        let context = Arc::new(Context::of_receiver(intake.receiver()));
        let refused = RefusedRequests::new(metrics, intake.receiver(), "http");
        // Told from the start, as 0.
        intake.dropped(DataType::Logs, 0, INVALID);
        Self { intake, context, include_metadata, refused }
    }

    /// Whether any pipeline takes logs.
    pub(super) fn takes_logs(&self) -> bool {
        self.intake.takes().contains(DataType::Logs)
    }

    /// Counts a request that is answered with an error.
    pub(super) fn count_refused(&self, code: Code) {
        self.refused.count(code);
    }

    /// Counts records that cannot be read.
    pub(super) fn count_invalid(&self, records: u64) {
        self.intake.dropped(DataType::Logs, usize::try_from(records).unwrap_or(usize::MAX), INVALID);
    }

    /// Where the records of a request come from.
    pub(super) fn context(&self, headers: &HeaderMap) -> Arc<Context> {
        if self.include_metadata {
            return Arc::new(Context { metadata: metadata(headers), ..(*self.context).clone() });
        }
        self.context.clone()
    }

    /// Room for the records, if there is any now.
    ///
    /// # Errors
    /// Why there is none, and when to come back.
    pub(super) fn admit(&self, load: &Load) -> Result<Permit, Refusal> {
        self.intake.admit(DataType::Logs, load.bytes()).inspect_err(|_| {
            self.intake.refused(DataType::Logs, load.items());
        })
    }

    /// Waits for room for the records.
    pub(super) async fn room_for(&self, load: &Load) -> Permit {
        self.intake.admit_when_possible(DataType::Logs, load.bytes()).await
    }

    /// Hands the records over, and waits for what an answer stands for. The load is empty then.
    ///
    /// # Errors
    /// Why they were not taken.
    pub(super) async fn hand_over(
        &self,
        permit: Permit,
        load: &mut Load,
        context: &Arc<Context>,
        tally: &mut Tally,
    ) -> Result<(), Declined> {
        let Some((request, places)) = load.take() else { return Ok(()) };
        let submission = self.intake.submit(permit, Payload::Telemetry(request), context.clone());
        let verdict = self.intake.acknowledged(submission).await;
        if let Some(failure) = verdict.failure {
            return Err(Declined { reason: failure.reason, after: failure.retry_after });
        }
        let refused = verdict.rejected.map_or(0, |rejection| note(rejection, &places, tally));
        tally.failed += refused;
        tally.successful += places.len() as u64 - refused;
        Ok(())
    }
}

/// Notes what was wrong with which records; how many these are.
fn note(rejection: Rejection, places: &[(u64, u64)], tally: &mut Tally) -> u64 {
    let Rejection { items, reason, faults } = rejection;
    // Several pipelines may refuse the same record.
    let known: BTreeSet<usize> = faults.iter().filter_map(|fault| fault.index).collect();
    let all_known = faults.len() == items && faults.iter().all(|fault| fault.index.is_some());
    let refused = if all_known { known.len() } else { items.min(places.len()) };
    if faults.is_empty() && items > 0 {
        let alone = single(places);
        tally.note(Fault {
            index: alone.map(|at| at.0),
            line: alone.map(|at| at.1),
            reason,
            ..Fault::default()
        });
    }
    for fault in faults {
        let place = fault.index.and_then(|index| places.get(index).copied()).or(single(places));
        tally.note(Fault {
            index: place.map(|at| at.0),
            line: place.map(|at| at.1),
            column: None,
            field: fault.field,
            reason: fault.reason,
        });
    }
    refused as u64
}

/// The place of a record that is alone.
fn single(places: &[(u64, u64)]) -> Option<(u64, u64)> {
    if let [only] = places { Some(*only) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidewatch_component::Fault as Refused;

    fn refused(index: Option<usize>) -> Refused {
        Refused { index, field: Some("state".into()), reason: "is missing".into() }
    }

    fn rejection(faults: Vec<Refused>) -> Rejection {
        let mut all = Rejection::default();
        faults.into_iter().for_each(|fault| all.push(fault));
        all
    }

    #[test]
    fn faults_are_told_by_the_place_in_the_body() {
        let mut tally = Tally::default();
        let places = [(0, 1), (2, 5), (3, 6)];
        // Two pipelines refuse the second record.
        let all = rejection(vec![refused(Some(1)), refused(Some(1)), refused(Some(2))]);
        assert_eq!(note(all, &places, &mut tally), 2);
        let told: Vec<_> = tally.faults.iter().map(|fault| (fault.index, fault.line)).collect();
        assert_eq!(told, [(Some(2), Some(5)), (Some(2), Some(5)), (Some(3), Some(6))]);
        assert_eq!(tally.faults[0].to_string(), "line 5: `state`: is missing");
    }

    #[test]
    fn where_the_place_is_not_known_none_is_told_unless_there_is_only_one() {
        let mut tally = Tally::default();
        assert_eq!(note(rejection(vec![refused(None)]), &[(0, 1), (1, 2)], &mut tally), 1);
        assert_eq!(note(Rejection::new(9, "too old"), &[(0, 1), (1, 2)], &mut tally), 2);
        assert_eq!(note(Rejection::new(1, "too old"), &[(7, 8)], &mut tally), 1);
        let told: Vec<_> = tally.faults.iter().map(|fault| (fault.line, fault.reason.as_str())).collect();
        assert_eq!(told, [(None, "is missing"), (None, "too old"), (Some(8), "too old")]);
    }
}
