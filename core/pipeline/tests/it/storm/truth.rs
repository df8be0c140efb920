//! What must have happened, told again without any of the machinery.

use super::{
    Fate,
    plan::{Pipeline, Plan},
};
use crate::kit::{Accounts, World};
use std::collections::HashSet;
use tidewatch_component::{DataType, Verdict};

/// What a pipeline's processors make of one submission.
#[derive(Default)]
struct Processed {
    /// Log records that every exporter must get.
    kept: Vec<u64>,
    /// A whole batch was dropped on purpose.
    dropped: bool,
    /// Somebody panicked.
    panicked: bool,
}

fn process(pipeline: &Pipeline, ids: &[u64]) -> Processed {
    let mut processed = Processed::default();
    let mut batches = vec![ids.to_vec()];
    for processor in &pipeline.processors {
        let has = |ids: &[u64], every: u64| ids.iter().any(|id| id % every == 0);
        batches = batches
            .into_iter()
            .flat_map(|mut ids| match *processor {
                "drop" => {
                    ids.retain(|id| id % 3 != 0);
                    processed.dropped |= ids.is_empty();
                    if ids.is_empty() { vec![] } else { vec![ids] }
                }
                "drop_batch" if has(&ids, 11) => {
                    processed.dropped = true;
                    vec![]
                }
                "split" => ids.chunks(2).map(<[u64]>::to_vec).collect(),
                "panic" if has(&ids, 13) => {
                    processed.panicked = true;
                    // It has passed on the first half before.
                    ids.truncate(ids.len().div_ceil(2));
                    vec![]
                }
                _ => vec![ids],
            })
            .collect();
    }
    processed.kept = batches.concat();
    processed
}

/// Holds every verdict against what the destinations took.
pub(super) fn check(plan: &Plan, fates: &[Fate], world: &World) {
    let taken: Vec<HashSet<u64>> = (0..plan.sinks.len())
        .map(|number| world.sink(&format!("sink/{number}")).taken_of(DataType::Logs).into_iter().collect())
        .collect();
    for fate in fates {
        let Some(verdict) = fate.verdict.as_ref().filter(|_| !plan.sources[fate.source].queued) else {
            continue;
        };
        let pipelines = plan.pipelines.iter().filter(|pipeline| pipeline.sources.contains(&fate.source));
        let (mut missing, mut panicked, mut dropped, mut may_drop) = (0, false, false, false);
        for pipeline in pipelines {
            let processed = process(pipeline, &fate.ids);
            panicked |= processed.panicked;
            dropped |= processed.dropped;
            for number in &pipeline.sinks {
                if plan.sinks[*number].when_full == "refuse" {
                    missing += processed.kept.iter().filter(|id| !taken[*number].contains(id)).count();
                } else {
                    may_drop = true;
                }
            }
        }
        let rejected = verdict.rejected.as_ref().map_or(0, |rejected| rejected.items);
        let ids = &fate.ids;
        if verdict.is_settled() {
            assert!(missing <= rejected, "{missing} of {ids:?} are missing: {verdict:?}");
        }
        if panicked {
            assert!(!verdict.is_settled(), "{ids:?} met a panic: {verdict:?}");
        }
        if !may_drop {
            // Behind a panic nobody knows what else would have been dropped.
            let told = verdict.dropped.is_some();
            assert!(told == dropped || (panicked && told), "{ids:?}: {verdict:?}");
        }
        check_failure(plan, verdict, panicked);
    }
}

/// A failure needs a cause.
fn check_failure(plan: &Plan, verdict: &Verdict, panicked: bool) {
    let Some(failure) = &verdict.failure else { return };
    let reason = failure.reason.as_str();
    let gives_up = plan.sinks.iter().any(|sink| !sink.retries);
    let known = match reason {
        "lost inside the agent" => panicked,
        "shutting down" => plan.stop_after.is_some(),
        "overloaded" | "connection reset" => gives_up,
        _ if reason.starts_with("no answer within") => gives_up,
        _ => reason.starts_with("no room for what processors added"),
    };
    assert!(known, "a failure without a cause: {reason}");
}

/// What leaves one node comes into the next.
pub(super) fn check_flows(plan: &Plan, fates: &[Fate], accounts: &Accounts) {
    let items = |book: &str, kind: &str, node: &str, signal: &str| {
        accounts.sum(
            "tidewatch_node_items",
            &[("book", book), ("kind", kind), ("node", node), ("signal", signal)],
        )
    };
    for source in 0..plan.sources.len() {
        let sent: usize = fates.iter().filter(|fate| fate.source == source).map(|fate| fate.ids.len()).sum();
        assert_eq!(items("in", "receiver", &format!("source/{source}"), "logs"), sent as i64);
    }
    for sink in 0..plan.sinks.len() {
        for signal in DataType::ALL.map(DataType::name) {
            let behind = plan.pipelines.iter().enumerate().filter(|(_, own)| own.sinks.contains(&sink));
            let left: i64 =
                behind.map(|(number, _)| items("out", "fan_out", &format!("p{number}"), signal)).sum();
            assert_eq!(items("in", "exporter", &format!("sink/{sink}"), signal), left, "{signal}");
        }
    }
}
