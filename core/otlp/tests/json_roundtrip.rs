//! Whatever goes from protobuf to JSON and back, or from JSON to protobuf and on, keeps its meaning.
//!
//! `BOLERO_RANDOM_ITERATIONS` sets how long the tests on damaged input run.

use std::fmt::Debug;

use prost::Message;
use tidewatch_otlp::proto::collector::logs::v1::ExportLogsServiceRequest;
use tidewatch_otlp::proto::collector::metrics::v1::ExportMetricsServiceRequest;
use tidewatch_otlp::proto::collector::trace::v1::ExportTraceServiceRequest;
use tidewatch_otlp::testing::{Source, arb_request};
use tidewatch_otlp::{Signal, json};

const REQUESTS: u64 = 1000;

/// What prost makes of these bytes; as text, in which NaN equals itself and differs from every number.
fn meaning(signal: Signal, wire: &[u8]) -> Option<String> {
    fn decode<M: Message + Default + Debug>(wire: &[u8]) -> Option<String> {
        M::decode(wire).ok().map(|message| format!("{message:?}"))
    }
    match signal {
        Signal::Traces => decode::<ExportTraceServiceRequest>(wire),
        Signal::Metrics => decode::<ExportMetricsServiceRequest>(wire),
        Signal::Logs => decode::<ExportLogsServiceRequest>(wire),
    }
}

fn to_json_and_back(signal: Signal) {
    for seed in 0..REQUESTS {
        let wire = arb_request(signal, &mut Source::from_seed(seed));
        let text = json::encode(signal, &wire).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).unwrap();
        let back = json::decode(signal, &text).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(back.len(), wire.len(), "seed {seed}");
        assert_eq!(meaning(signal, &back).unwrap(), meaning(signal, &wire).unwrap(), "seed {seed}");
    }
}

#[test]
fn traces() {
    to_json_and_back(Signal::Traces);
}

#[test]
fn metrics() {
    to_json_and_back(Signal::Metrics);
}

#[test]
fn logs() {
    to_json_and_back(Signal::Logs);
}

/// JSON that can be read is written as JSON of the same meaning.
fn read_and_write(text: &[u8]) {
    for signal in Signal::ALL {
        let Ok(wire) = json::decode(signal, text) else { continue };
        let again = json::decode(signal, &json::encode(signal, &wire).unwrap()).unwrap();
        let read = meaning(signal, &wire).expect("what was read from JSON is valid");
        assert_eq!(meaning(signal, &again).unwrap(), read);
    }
}

/// Bytes that can be written as JSON keep the meaning that prost sees in them.
fn write_and_read(wire: &[u8]) {
    for signal in Signal::ALL {
        let Ok(text) = json::encode(signal, wire) else { continue };
        let again = json::decode(signal, &text).unwrap();
        if let Some(expected) = meaning(signal, wire) {
            assert_eq!(meaning(signal, &again).unwrap(), expected);
        }
    }
}

#[test]
fn any_bytes() {
    bolero::check!().with_type::<Vec<u8>>().for_each(|bytes| {
        read_and_write(bytes);
        write_and_read(bytes);
    });
}

/// One byte changed or put in, anywhere.
fn damaged(bytes: &[u8], place: usize, byte: u8, insert: bool) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = place % (bytes.len() + 1);
    match bytes.get_mut(place) {
        Some(there) if !insert => *there = byte,
        _ => bytes.insert(place, byte),
    }
    bytes
}

#[test]
fn damaged_requests() {
    let whole: Vec<(Vec<u8>, Vec<u8>)> = (0..30)
        .map(|seed| {
            let signal = Signal::ALL[seed as usize % 3];
            let wire = arb_request(signal, &mut Source::from_seed(seed));
            (json::encode(signal, &wire).unwrap(), wire)
        })
        .collect();
    bolero::check!().with_type().for_each(|&(which, place, byte, insert): &(usize, usize, u8, bool)| {
        let (text, wire) = &whole[which % whole.len()];
        read_and_write(&damaged(text, place, byte, insert));
        write_and_read(&damaged(wire, place, byte, insert));
    });
}
