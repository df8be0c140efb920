//! Fuzz targets: run over the kept corpus and some random inputs with every test run, and longer on demand.
//! The README says how.

use bolero::check;
use tidewatch_otlp::Signal;
use tidewatch_otlp::edit::Level;
use tidewatch_otlp::testing::{Source, arb_request, damage, rearrange};

use crate::check::judge;
use crate::edit::{Plan, edits_well};
use crate::split::{halves_well, merges_well, splits_well};

const ITERATIONS: usize = 1_000;

/// The first byte chooses the signal and what the rest is: wire bytes; a seed for damage and choices for the message
/// damaged; or one seed for all of it, so that short inputs make large messages, too.
fn wire(input: &[u8]) -> Option<(Signal, Vec<u8>)> {
    let (&head, rest) = input.split_first()?;
    let signal = Signal::ALL[usize::from(head) % 3];
    let mut source = Source::from_bytes(rest);
    let mut seeded = Source::from_seed(source.word());
    let bytes = match head / 3 % 4 {
        0 => rest.to_vec(),
        1 => damage(arb_request(signal, &mut source), &mut seeded),
        2 => rearrange(&arb_request(signal, &mut source), &mut seeded),
        _ => rearrange(&arb_request(signal, &mut seeded), &mut seeded.clone()),
    };
    Some((signal, bytes))
}

#[test]
fn the_corpus_starts_from_good_requests() {
    let inputs: [(&[u8], usize); 3] = [
        (include_bytes!("__fuzz__/fuzz__check/corpus/traces"), 3),
        (include_bytes!("__fuzz__/fuzz__check/corpus/metrics"), 8),
        (include_bytes!("__fuzz__/fuzz__check/corpus/logs"), 3),
    ];
    for (input, items) in inputs {
        let (signal, bytes) = wire(input).expect("it is not empty");
        assert_eq!(judge(signal, &bytes).expect("it is well formed").request.items(), items);
    }
}

#[test]
fn fuzz_check() {
    check!().with_iterations(ITERATIONS).for_each(|input| {
        if let Some((signal, bytes)) = wire(input) {
            judge(signal, &bytes);
        }
    });
}

#[test]
fn fuzz_edit() {
    check!().with_iterations(ITERATIONS).for_each(|input| {
        let Some((&seed, input)) = input.split_first_chunk::<8>() else { return };
        let Some((signal, bytes)) = wire(input) else { return };
        if let Ok(checked) = tidewatch_otlp::Request::check(signal, bytes.into()) {
            let seed = u64::from_le_bytes(seed);
            edits_well(&checked.request, &Plan::new(seed, Level::Part, 3, (seed % 7) as usize));
        }
    });
}

#[test]
fn fuzz_split() {
    check!().with_iterations(ITERATIONS).for_each(|input| {
        let Some((&[max_items, max_bytes], input)) = input.split_first_chunk::<2>() else { return };
        let Some((signal, bytes)) = wire(input) else { return };
        let Ok(checked) = tidewatch_otlp::Request::check(signal, bytes.into()) else { return };
        let request = checked.request;
        splits_well(&request, usize::from(max_items % 8), usize::from(max_bytes) * 4);
        halves_well(&request);
        merges_well(&[request.clone(), request]);
    });
}
