//! Wire bytes that are enriched mean the same as messages that are.

use super::reference::{Reference, Row, Table, points};
use crate::{
    enrich::{EnrichProcessor, detect::Machine},
    testing,
};
use prost::Message;
use tidewatch_component::Processor;
use tidewatch_otlp::{
    Request,
    proto::common::v1::{AnyValue, KeyValue, any_value::Value},
    testing::{Source, arb_logs, arb_metrics, arb_traces},
};

/// Attributes that tables match and add, in the order in which they are added, and what they may say.
const KEYS: [&str; 5] = ["env", "host", "port", "region", "team"];
const TEXTS: [&str; 4] = ["a", "b", "80", "2.5"];

fn value(source: &mut Source<'_>) -> Value {
    match source.below(5) {
        0 => Value::IntValue(80),
        1 => Value::DoubleValue(source.pick(&[2.5, 80.0, -0.0])),
        2 => Value::BoolValue(true),
        _ => Value::StringValue(source.pick(&TEXTS).to_owned()),
    }
}

/// `always` is one of what is added.
fn row(source: &mut Source<'_>, always: Option<&str>) -> Row {
    let mut row: Row = Vec::new();
    for key in KEYS {
        if source.one_in(2) || always == Some(key) {
            row.push((key, value(source)));
        }
    }
    row
}

fn reference(source: &mut Source<'_>) -> Reference {
    let table = |source: &mut Source<'_>| {
        let match_ = source.pick(&[&["host"][..], &["port"], &["host", "port"], &["env"]]).to_vec();
        let mut rows: Vec<(Vec<&'static str>, Row)> = Vec::new();
        for _ in 0..1 + source.below(4) {
            let key = match_.iter().map(|_| source.pick(&TEXTS)).collect();
            if rows.iter().all(|(other, _)| *other != key) {
                rows.push((key, row(source, Some("env"))));
            }
        }
        let default = source.one_in(3).then(|| vec![("env", value(source))]);
        Table { match_, rows, default, override_: source.one_in(3) }
    };
    Reference {
        constants: row(source, None),
        override_constants: source.one_in(3),
        tables: source.several(3, table),
    }
}

/// Lets some of the attributes be those that tables know, some of them twice.
fn mix(attributes: &mut Vec<KeyValue>, source: &mut Source<'_>) {
    for key in source.several(4, |source| source.pick(&KEYS)) {
        let value = if source.one_in(8) { None } else { Some(AnyValue { value: Some(value(source)) }) };
        let place = source.below(attributes.len() + 1);
        attributes.insert(place, KeyValue { key: key.to_owned(), value, ..KeyValue::default() });
    }
}

/// What the processor makes of a request.
fn enriched(processor: &EnrichProcessor, request: Request) -> Request {
    let items = request.items();
    let mut out = testing::outputs(|out| processor.process(testing::batch(request), out));
    let request = out.remove(0).telemetry().expect("telemetry").clone();
    let checked = Request::check(request.signal(), request.bytes().clone()).expect("OTLP").request;
    assert_eq!((checked.items(), request.items()), (items, items));
    assert!(checked.is_canonical());
    request
}

/// As bytes: not all numbers are equal to themselves.
fn same<M: Message + std::fmt::Debug>(seed: u64, found: &M, expected: &M) {
    assert!(found.encode_to_vec() == expected.encode_to_vec(), "seed {seed}: {found:#?}\n{expected:#?}");
}

#[test]
fn enriched_bytes_mean_what_enriched_messages_mean() {
    for seed in 0..4000 {
        let source = &mut Source::from_seed(seed);
        let reference = reference(source);
        if reference.tables.is_empty() && reference.constants.is_empty() {
            continue;
        }
        let config = serde_json::from_value(reference.config()).expect("keys");
        let processor =
            EnrichProcessor::new(config, &testing::context("enrich"), Machine::new("/nowhere", &[]));
        let processor = processor.expect("no mistakes");
        match seed % 3 {
            0 => {
                let mut message = arb_logs(source);
                for entry in &mut message.resource_logs {
                    entry.resource.iter_mut().for_each(|resource| mix(&mut resource.attributes, source));
                    for group in &mut entry.scope_logs {
                        group.scope.iter_mut().for_each(|scope| mix(&mut scope.attributes, source));
                        group.log_records.iter_mut().for_each(|record| mix(&mut record.attributes, source));
                    }
                }
                let request = enriched(&processor, Request::encode_logs(&message));
                reference.logs(&mut message);
                same(seed, &request.decode_logs(), &message);
            }
            1 => {
                let mut message = arb_traces(source);
                for entry in &mut message.resource_spans {
                    entry.resource.iter_mut().for_each(|resource| mix(&mut resource.attributes, source));
                    for group in &mut entry.scope_spans {
                        group.scope.iter_mut().for_each(|scope| mix(&mut scope.attributes, source));
                        group.spans.iter_mut().for_each(|span| mix(&mut span.attributes, source));
                    }
                }
                let request = enriched(&processor, Request::encode_traces(&message));
                reference.traces(&mut message);
                same(seed, &request.decode_traces(), &message);
            }
            _ => {
                let mut message = arb_metrics(source);
                for entry in &mut message.resource_metrics {
                    entry.resource.iter_mut().for_each(|resource| mix(&mut resource.attributes, source));
                    for group in &mut entry.scope_metrics {
                        group.scope.iter_mut().for_each(|scope| mix(&mut scope.attributes, source));
                        for metric in &mut group.metrics {
                            points(metric.data.as_mut()).into_iter().for_each(|point| mix(point, source));
                        }
                    }
                }
                let request = enriched(&processor, Request::encode_metrics(&message));
                reference.metrics(&mut message);
                same(seed, &request.decode_metrics(), &message);
            }
        }
    }
}
