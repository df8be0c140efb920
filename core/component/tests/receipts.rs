//! Whatever happens to a batch on its way, each receipt ends exactly once, with the worst that
//! happened to any part of it.

use proptest::prelude::*;
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context as Task, Poll, Waker},
};
use tidewatch_component::{Batch, Context, Failure, Fault, Outcome, Payload, Receipt, Rejection, Verdict};
use tidewatch_otlp::Request;

/// What happens to one of the batches under way, picked by a number.
#[derive(Debug, Clone)]
enum Step {
    Split(usize, usize),
    Halve(usize),
    Merge(usize, usize),
    FanOut(usize),
    Claim(usize),
    Unclaim(usize),
    Release(usize),
    End(usize, Ending),
    GiveUp(usize),
    Detach(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    Delivered,
    Dropped,
    Rejected,
    Failed,
    Lost,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ending = prop_oneof![
        4 => Just(Ending::Delivered),
        1 => Just(Ending::Dropped),
        1 => Just(Ending::Rejected),
        1 => Just(Ending::Failed),
        1 => Just(Ending::Lost)
    ];
    let step = prop_oneof![
        (any::<usize>(), 1..5_usize).prop_map(|(at, most)| Step::Split(at, most)),
        any::<usize>().prop_map(Step::Halve),
        (any::<usize>(), any::<usize>()).prop_map(|(one, two)| Step::Merge(one, two)),
        any::<usize>().prop_map(Step::FanOut),
        any::<usize>().prop_map(Step::Claim),
        any::<usize>().prop_map(Step::Unclaim),
        any::<usize>().prop_map(Step::Release),
        (any::<usize>(), ending).prop_map(|(at, ending)| Step::End(at, ending)),
        any::<usize>().prop_map(Step::GiveUp),
        any::<usize>().prop_map(Step::Detach),
    ];
    proptest::collection::vec(step, 0..60)
}

fn logs(items: usize) -> Payload {
    numbered(0..items)
}

/// Records whose flags are these numbers.
fn numbered(numbers: impl Iterator<Item = usize>) -> Payload {
    use opentelemetry_proto::tonic::{
        collector::logs::v1::ExportLogsServiceRequest,
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    };
    let record = |number| LogRecord { flags: number as u32, ..Default::default() };
    let scope_logs = vec![ScopeLogs { log_records: numbers.map(record).collect(), ..Default::default() }];
    let resource_logs = vec![ResourceLogs { scope_logs, ..Default::default() }];
    Payload::Telemetry(Request::encode_logs(&ExportLogsServiceRequest { resource_logs }))
}

fn numbers(batch: &Batch) -> Vec<usize> {
    let message = batch.telemetry().expect("logs").decode_logs();
    let scopes = message.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    scopes.flat_map(|scope| &scope.log_records).map(|record| record.flags as usize).collect()
}

fn outcome(ending: Ending) -> Outcome {
    match ending {
        Ending::Delivered => Outcome::Delivered,
        Ending::Dropped => Outcome::Dropped("filtered".into()),
        Ending::Rejected => Outcome::Rejected(Rejection::new(usize::MAX, "bad")),
        Ending::Failed | Ending::Lost => Outcome::Failed(Failure::new("away")),
    }
}

fn poll(receipt: &mut Receipt) -> Option<Verdict> {
    match pin!(receipt).poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => Some(verdict),
        Poll::Pending => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_receipt_ends_exactly_once_with_the_worst_outcome(sizes in proptest::collection::vec(1..6_usize, 1..5), steps in steps()) {
        let context = Arc::new(Context::of_receiver("test"));
        let mut receipts = Vec::new();
        let mut batches = Vec::new();
        let mut endings: Vec<Vec<Ending>> = vec![Vec::new(); sizes.len()];
        for items in &sizes {
            let (receipt, ticket) = Receipt::new(*items);
            receipts.push(Some(receipt));
            batches.push(Batch::new(logs(*items), context.clone(), ticket));
        }
        for step in steps {
            let count = batches.len();
            if count == 0 {
                break;
            }
            match step {
                Step::Split(at, most) => {
                    let parts = batches.swap_remove(at % count).split(most, 0);
                    batches.extend(parts);
                }
                Step::Halve(at) => match batches.swap_remove(at % count).halve() {
                    Ok(halves) => batches.extend(halves),
                    Err(whole) => batches.push(whole),
                },
                Step::Merge(one, two) if count > 1 => {
                    let one = batches.swap_remove(one % count);
                    let two = batches.swap_remove(two % (count - 1));
                    batches.push(Batch::merge(vec![one, two]));
                }
                Step::Merge(..) => {}
                Step::FanOut(at) => {
                    let copy = batches[at % count].fan_out();
                    batches.push(copy);
                }
                Step::Claim(at) => {
                    batches[at % count].claim();
                }
                Step::Unclaim(at) => batches[at % count].unclaim(),
                Step::Release(at) => {
                    let batch = batches.swap_remove(at % count);
                    note(&batch, Ending::Delivered, &receipts, &mut endings);
                    batches.push(batch.release(&Outcome::BestEffort));
                }
                Step::End(at, ending) => {
                    let batch = batches.swap_remove(at % count);
                    note(&batch, ending, &receipts, &mut endings);
                    match ending {
                        Ending::Lost => drop(batch),
                        _ => batch.end(&outcome(ending)),
                    }
                }
                Step::GiveUp(at) => drop(receipts[at % sizes.len()].take()),
                Step::Detach(at) => {
                    if let Some(receipt) = receipts[at % sizes.len()].take() {
                        receipt.detach();
                    }
                }
            }
            for receipt in receipts.iter_mut().flatten() {
                if batches.iter().any(|batch| batch.parts_of(receipt) > 0) {
                    prop_assert_eq!(poll(receipt), None, "ended early");
                }
            }
        }
        for batch in batches {
            note(&batch, Ending::Delivered, &receipts, &mut endings);
            batch.end(&Outcome::Delivered);
        }
        for (receipt, endings) in receipts.iter_mut().zip(&endings) {
            let Some(receipt) = receipt else { continue };
            let verdict = poll(receipt).expect("every part has ended");
            let count = |ending: Ending| endings.iter().filter(|one| **one == ending).count();
            prop_assert_eq!(verdict.failure.is_some(), count(Ending::Failed) + count(Ending::Lost) > 0);
            prop_assert_eq!(verdict.rejected.is_some(), count(Ending::Rejected) > 0);
            prop_assert_eq!(verdict.dropped.is_some(), count(Ending::Dropped) > 0);
            prop_assert_eq!(verdict.delivered_parts, count(Ending::Delivered));
            prop_assert!(!endings.is_empty(), "no part was lost on the way");
        }
    }

    #[test]
    fn each_source_is_told_exactly_which_of_its_items_were_refused(
        sizes in proptest::collection::vec(1..6_usize, 1..5), steps in steps(), bad in any::<u32>(),
    ) {
        let context = Arc::new(Context::of_receiver("test"));
        let is_bad = |id: usize| bad >> (id % 32) & 1 == 1;
        let (mut receipts, mut batches) = (Vec::new(), Vec::new());
        for (source, items) in sizes.iter().enumerate() {
            let (receipt, ticket) = Receipt::new(*items);
            receipts.push(receipt);
            let payload = numbered((0..*items).map(|item| source * 10 + item));
            batches.push(Batch::new(payload, context.clone(), ticket));
        }
        for step in steps {
            let count = batches.len();
            match step {
                Step::Split(at, most) => {
                    let parts = batches.swap_remove(at % count).split(most, 0);
                    batches.extend(parts);
                }
                Step::Halve(at) => match batches.swap_remove(at % count).halve() {
                    Ok(halves) => batches.extend(halves),
                    Err(whole) => batches.push(whole),
                },
                Step::Merge(one, two) if count > 1 => {
                    let one = batches.swap_remove(one % count);
                    let two = batches.swap_remove(two % (count - 1));
                    batches.push(Batch::merge(vec![one, two]));
                }
                _ => {}
            }
        }
        for batch in batches {
            let mut rejection = Rejection::default();
            for (index, id) in numbers(&batch).into_iter().enumerate().filter(|(_, id)| is_bad(*id)) {
                rejection.push(Fault { index: Some(index), field: None, reason: id.to_string() });
            }
            batch.end(&if rejection.items > 0 { Outcome::Rejected(rejection) } else { Outcome::Delivered });
        }
        for (source, (receipt, items)) in receipts.iter_mut().zip(&sizes).enumerate() {
            let rejected = poll(receipt).expect("every part has ended").rejected.unwrap_or_default();
            let mut told: Vec<_> = rejected.faults.iter().map(|fault| (fault.index, fault.reason.clone())).collect();
            told.sort();
            let expected: Vec<_> = (0..*items)
                .filter(|item| is_bad(source * 10 + item))
                .map(|item| (Some(item), (source * 10 + item).to_string()))
                .collect();
            prop_assert_eq!(rejected.items, expected.len());
            prop_assert_eq!(told, expected);
        }
    }

    #[test]
    fn what_was_given_up_before_it_was_sent_is_never_sent(claims in 0..3_usize, give_up in any::<bool>()) {
        let (receipt, ticket) = Receipt::new(1);
        let mut batch = Batch::new(logs(1), Arc::new(Context::default()), ticket);
        for _ in 0..claims {
            prop_assert!(batch.claim());
        }
        if give_up { drop(receipt) } else { receipt.detach() }
        let sendable = claims > 0 || !give_up;
        prop_assert_eq!(batch.is_abandoned(), !sendable);
        prop_assert_eq!(batch.claim(), sendable);
        batch.end(&Outcome::Delivered);
    }
}

/// Writes down how the parts of each receipt in this batch are about to end.
fn note(batch: &Batch, ending: Ending, receipts: &[Option<Receipt>], endings: &mut [Vec<Ending>]) {
    for (receipt, endings) in receipts.iter().zip(endings) {
        let parts = receipt.as_ref().map_or(0, |receipt| batch.parts_of(receipt));
        endings.extend(std::iter::repeat_n(ending, parts));
    }
}
