use bytes::Bytes;
use proptest::prelude::*;
use tidewatch_otlp::testing::{
    Source, WAYS, arb_request, count as count_fields, damage, rearrange, rearrange_at,
};
use tidewatch_otlp::{Checked, MAX_DEPTH, Request, Signal};

use crate::oracle::{accepts, block, count, is_group, reencoded};
use crate::reading::same_as_decoded;
use crate::{any_signal, choices};

/// Holds the check of any bytes against prost, and returns what it accepted.
pub(crate) fn judge(signal: Signal, bytes: &[u8]) -> Option<Checked> {
    let given = Bytes::copy_from_slice(bytes);
    let checked = match Request::check(signal, given.clone()) {
        Ok(checked) => checked,
        Err(malformed) => {
            assert!(malformed.offset <= bytes.len());
            let refused = is_group(&malformed, bytes) || !accepts(signal, bytes);
            assert!(refused, "prost accepts what the check calls {malformed}");
            return None;
        }
    };
    assert!(accepts(signal, bytes), "the check accepts what prost refuses");

    let Checked { request, rejected } = &checked;
    let (items, bad) = count(signal, bytes);
    assert_eq!(rejected.items, bad);
    assert_eq!(rejected.reason.is_some(), bad > 0);
    assert_eq!(request.items(), items - bad);
    assert_eq!(count(signal, request.bytes()), (items - bad, 0));
    if bad == 0 {
        assert_eq!(request.bytes().as_ptr(), given.as_ptr());
        assert_eq!(request.bytes().len(), given.len());
    }

    let canonical = request.canonical();
    assert_eq!(reencoded(signal, canonical.bytes()), reencoded(signal, request.bytes()));
    let again = Request::check(signal, canonical.bytes().clone()).unwrap();
    assert!(again.rejected.is_none() && again.request.is_canonical());
    assert_eq!(again.request.items(), request.items());
    same_as_decoded(request);
    Some(checked)
}

proptest! {
    #[test]
    fn what_prost_encodes_is_accepted_as_it_is(signal in any_signal(), choices in choices()) {
        let bytes = arb_request(signal, &mut Source::from_bytes(&choices));
        let checked = judge(signal, &bytes).expect("it is well formed");
        prop_assert!(checked.rejected.is_none());
        prop_assert!(checked.request.is_canonical());
    }

    #[test]
    fn damaged_bytes_are_judged_as_prost_does(signal in any_signal(), choices in choices(), seed: u64) {
        let bytes = arb_request(signal, &mut Source::from_bytes(&choices));
        judge(signal, &damage(bytes, &mut Source::from_seed(seed)));
    }

    #[test]
    fn rearranged_fields_are_judged_as_prost_does(signal in any_signal(), choices in choices(), seed: u64) {
        let mut source = Source::from_seed(seed);
        let mut bytes = arb_request(signal, &mut Source::from_bytes(&choices));
        for _ in 0..3 {
            bytes = rearrange(&bytes, &mut source);
            judge(signal, &bytes);
        }
    }

    #[test]
    fn any_bytes_are_judged_as_prost_does(signal in any_signal(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        judge(signal, &bytes);
    }
}

#[test]
fn every_field_is_judged_as_prost_does() {
    for (signal, seed) in Signal::ALL.into_iter().flat_map(|signal| (0..4).map(move |seed| (signal, seed))) {
        let mut source = Source::from_seed(seed);
        let choices: Vec<u8> = (0..400).map(|_| source.byte()).collect();
        let bytes = arb_request(signal, &mut Source::from_bytes(&choices));
        for place in 0..count_fields(&bytes) {
            for way in 0..WAYS {
                judge(signal, &rearrange_at(&bytes, place, way, &mut source));
            }
        }
    }
}

/// A logs request whose record's body is a value nested in this many messages.
fn nested(levels: usize, innermost: &[u8]) -> Vec<u8> {
    // ResourceLogs, ScopeLogs, LogRecord, then the body: values (5: array) and arrays (1: value) in turn.
    let mut bytes = innermost.to_vec();
    for level in (4..=levels).rev() {
        let field = if level == 4 || level % 2 == 1 { 5 } else { 1 };
        bytes = block(field, &bytes);
    }
    block(1, &block(2, &block(2, &bytes)))
}

#[test]
fn messages_nest_to_the_limit_and_no_further() {
    assert!(judge(Signal::Logs, &nested(MAX_DEPTH, &[])).is_some());
    assert!(judge(Signal::Logs, &nested(MAX_DEPTH + 1, &[])).is_none());
    // What is unknown counts as a message.
    let unknown = block(15, &[]);
    assert!(judge(Signal::Logs, &nested(MAX_DEPTH - 1, &unknown)).is_some());
    assert!(judge(Signal::Logs, &nested(MAX_DEPTH, &unknown)).is_none());
    let deep = Request::check(Signal::Logs, nested(5_000, &[]).into()).unwrap_err();
    assert!(deep.to_string().contains("nested too deeply"), "{deep}");
}

#[test]
fn attributes_nest_to_the_limit_and_no_further() {
    let text = block(1, b"value");
    for (maps, lists) in (16..22).flat_map(|maps| (0..4).map(move |lists| (maps, lists))) {
        // A map is three levels: the list of attributes, an attribute, its value. A list is two.
        let in_map = |value: Vec<u8>, _| block(6, &block(1, &[block(1, b"key"), block(2, &value)].concat()));
        let in_list = |value: Vec<u8>, _| block(5, &block(1, &value));
        let value = (0..maps).fold((0..lists).fold(text.clone(), in_list), in_map);
        let lists_outside = (0..lists).fold((0..maps).fold(text.clone(), in_map), in_list);
        let depth = 4 + 3 * maps + 2 * lists;
        for body in [value, lists_outside] {
            let request = block(1, &block(2, &block(2, &block(5, &body))));
            assert_eq!(judge(Signal::Logs, &request).is_some(), depth <= MAX_DEPTH, "{depth}");
        }
    }
}

#[test]
fn groups_are_refused_wherever_they_are() {
    // Field 15 as a group, in the request and in a log record.
    let group = [0x7b, 0x7c];
    for bytes in [group.to_vec(), block(1, &block(2, &block(2, &group)))] {
        let malformed = Request::check(Signal::Logs, bytes.clone().into()).unwrap_err();
        assert!(is_group(&malformed, &bytes), "{malformed}");
    }
}

#[test]
fn unknown_fields_are_kept() {
    let bytes = Bytes::from([block(15, b"new"), block(1, &block(14, b"newer"))].concat());
    let checked = Request::check(Signal::Metrics, bytes.clone()).unwrap();
    assert_eq!(checked.request.bytes(), &bytes);
    assert!(checked.request.is_canonical());
}

#[test]
fn repeated_singular_fields_are_not_canonical() {
    let one_time = [&[0x09][..], &7u64.to_le_bytes()].concat();
    let record = |fields: &[u8]| block(1, &block(2, &block(2, fields)));
    let is_canonical = |bytes: Vec<u8>| judge(Signal::Logs, &bytes).unwrap().request.is_canonical();
    assert!(is_canonical(record(&one_time)));
    assert!(!is_canonical(record(&one_time.repeat(2))));
    // A oneof: text and a boolean in one value.
    assert!(!is_canonical(record(&block(5, &[&block(1, b"text")[..], &[0x10, 1]].concat()))));
    // A message: two resources in one entry.
    assert!(!is_canonical(block(1, &block(1, &[]).repeat(2))));
}

#[test]
fn any_two_choices_of_a_oneof_are_not_canonical() {
    let blocks = |numbers: &[u32]| numbers.iter().map(|number| block(*number, &[])).collect::<Vec<_>>();
    let fixed64 = |number: u8| [&[number << 3 | 1][..], &[0; 8]].concat();
    let values =
        [blocks(&[1, 5, 6, 7]), [2, 3, 8].map(|number| vec![number << 3, 1]).to_vec(), vec![fixed64(4)]];
    let oneofs = [
        (Signal::Logs, &[1, 2, 2, 5][..], values.concat()),
        (Signal::Metrics, &[1, 2, 2], blocks(&[5, 7, 9, 10, 11])),
        (Signal::Metrics, &[1, 2, 2, 5, 1], vec![fixed64(4), fixed64(6)]),
        (Signal::Metrics, &[1, 2, 2, 5, 1, 5], vec![fixed64(3), fixed64(6)]),
    ];
    for (signal, path, choices) in oneofs {
        let is_canonical = |message: Vec<u8>| {
            let bytes = path.iter().rev().fold(message, |inner, number| block(*number, &inner));
            judge(signal, &bytes).expect("it is well formed").request.is_canonical()
        };
        for first in &choices {
            assert!(is_canonical(first.clone()));
            for second in &choices {
                assert!(
                    !is_canonical([&first[..], second].concat()),
                    "{signal} {path:?} {first:?} {second:?}"
                );
            }
        }
    }
}

#[test]
fn a_length_of_two_bytes_is_not_taken_for_one() {
    // Read as one byte, the key's length fits exactly; the next byte makes it larger than the request.
    let mut attribute = vec![0x0a, 0x85, 0x7f];
    attribute.extend([b'k'; 0x84]);
    attribute.extend([0x12, 2, 0x10, 1]);
    assert!(judge(Signal::Logs, &block(1, &block(2, &block(2, &block(6, &attribute))))).is_none());
}

#[test]
fn an_error_says_where_and_what() {
    let bytes = block(1, &block(2, &block(2, &block(3, b"\xff"))));
    let malformed = Request::check(Signal::Logs, bytes.clone().into()).unwrap_err();
    assert_eq!(malformed.to_string(), "malformed at byte 8: LogRecord field 3: the text is not UTF-8");
    let cut_off = Request::check(Signal::Logs, bytes[..4].to_vec().into()).unwrap_err();
    assert_eq!(cut_off.offset, 0);
}

#[test]
fn no_bytes_are_a_request_without_items() {
    for signal in Signal::ALL {
        let checked = judge(signal, &[]).unwrap();
        assert_eq!(checked.request.items(), 0);
        assert_eq!(checked.request.canonical().resources().count(), 0);
    }
}
