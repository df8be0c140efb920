//! What is acted on, and what is not.

mod matching;
mod mistakes;

use super::*;
use crate::{
    actions::tests::{arb_actions, plain, repeat_keys},
    testing::{batch, context, outputs},
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tidewatch_component::Context;
use tidewatch_otlp::{
    Signal,
    proto::common::v1::{AnyValue, KeyValue, any_value::Value},
    testing::{Source, arb_request, realistic_logs, realistic_metrics, realistic_traces},
};

/// A processor in the pipeline `main`.
fn processor(config: Json) -> Arc<dyn Processor> {
    Attributes::build(serde_json::from_value(config).unwrap(), &context("attributes")).unwrap()
}

fn processed(processor: &Arc<dyn Processor>, request: Request) -> Request {
    let batches = outputs(|out| processor.process(batch(request), out));
    let [batch] = &batches[..] else { panic!("{} batches", batches.len()) };
    batch.telemetry().unwrap().clone()
}

fn realistic() -> [Request; 3] {
    [
        Request::encode_traces(&realistic_traces(5)),
        Request::encode_metrics(&realistic_metrics(3)),
        Request::encode_logs(&realistic_logs(5)),
    ]
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

#[test]
fn every_log_record_span_and_point_is_acted_on_and_nothing_else() {
    let processor = processor(json!({"actions": [{"key": "added", "action": "insert", "value": "x"}]}));
    for request in realistic() {
        let expected = plain::of_items(&request, |attributes| attributes.push(text("added", "x")));
        assert_eq!(processed(&processor, request), expected);
    }
}

#[test]
fn what_no_action_changes_leaves_in_the_very_bytes_it_came_in() {
    let processor = processor(json!({
        "exclude": {"match_type": "strict", "log_severity_texts": ["INFO"]},
        "actions": [
            {"key": "none", "action": "delete"},
            {"key": "none", "action": "update", "value": 1},
            {"key": "http.route", "action": "insert", "value": "other"},
            {"key": "thread", "action": "delete"},
        ],
    }));
    for request in realistic() {
        let bytes = request.bytes().clone();
        let after = processed(&processor, request);
        assert_eq!((after.bytes().as_ptr(), after.bytes().len()), (bytes.as_ptr(), bytes.len()));
    }
}

#[test]
fn what_is_deleted_or_hashed_leaves_no_copy() {
    const SECRET: &[u8] = b"hunter2";
    let leaks = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|window| window == SECRET);
    let processor = processor(json!({"actions": [
        {"key": "copy", "action": "upsert", "from_attribute": "password"},
        {"key": "password", "action": "delete"},
        {"key": "copy", "action": "hash"},
        {"pattern": "^tok", "action": "hash"},
        {"key": "code", "action": "update", "value": "gone"},
    ]}));
    for request in realistic() {
        let request = plain::of_items(&request, |attributes| {
            for key in ["password", "token", "code", "password", "token", "code", "copy", "copy"] {
                attributes.insert(attributes.len() / 2, text(key, "my hunter2"));
            }
        });
        assert!(leaks(request.bytes()));
        let after = processed(&processor, request);
        assert!(!leaks(after.bytes()), "{}", after.signal());
    }
}

#[test]
fn headers_of_the_client_become_attributes() {
    let processor = processor(json!({"actions": [
        {"key": "tenant", "action": "insert", "from_context": "metadata.X-Tenant"},
    ]}));
    let mut context = Context::of_receiver("otlp");
    context.metadata.insert("x-tenant".to_owned(), vec!["blue".to_owned()]);
    let request = Request::encode_logs(&realistic_logs(2));
    let expected = plain::of_items(&request, |attributes| attributes.push(text("tenant", "blue")));
    let batch = Batch::unattended(Payload::Telemetry(request), Arc::new(context));
    let batches = outputs(|out| processor.process(batch, out));
    assert_eq!(batches[0].telemetry(), Some(&expected));
}

#[test]
fn a_request_with_fields_that_repeat_is_read_as_protobuf_means_it() {
    let logs = realistic_logs(1).resource_logs.remove(0).scope_logs.remove(0).log_records.remove(0);
    // A record whose attribute has two values: the last counts, and both go.
    let mut entry = prost::Message::encode_to_vec(&text("password", "hunter1"));
    entry.extend(prost::Message::encode_to_vec(&text("password", "hunter2")));
    let block = |number: u8, bytes: &[u8]| {
        let mut block = vec![number << 3 | 2];
        prost::encode_length_delimiter(bytes.len(), &mut block).unwrap();
        block.extend(bytes);
        block
    };
    let mut record = prost::Message::encode_to_vec(&logs);
    record.extend(block(6, &entry));
    let bytes = block(1, &block(2, &block(2, &record)));
    let request = Request::check(Signal::Logs, bytes.into()).unwrap().request;
    assert!(!request.is_canonical());

    let processor = processor(json!({"actions": [{"key": "password", "action": "hash"}]}));
    let after = processed(&processor, request).canonical();
    let attributes =
        after.resources().next().unwrap().scopes().next().unwrap().records().next().unwrap().attributes();
    let hash = "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7";
    assert_eq!(attributes.get("password").unwrap().as_str(), Some(hash));
    assert!(!after.bytes().windows(6).any(|window| window == b"hunter"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn items_are_those_of_the_plain_way(seed: u64, signal in 0..3usize) {
        let signal = [Signal::Traces, Signal::Metrics, Signal::Logs][signal];
        let mut source = Source::from_seed(seed);
        let request = Request::check(signal, arb_request(signal, &mut source).into()).unwrap().request;
        let request = plain::of_items(&request, |attributes| repeat_keys(attributes, &mut source));
        let configs = arb_actions(&mut source);
        let metadata = Metadata::from([("x-tenant".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);

        let config = AttributesConfig { include: None, exclude: None, actions: configs.clone() };
        let processor = AttributesProcessor::new(config, None).unwrap();
        let edited = processor.edit(&request, &metadata).unwrap_or_else(|| request.clone());
        let expected = plain::of_items(&request, |attributes| plain::act(attributes, &configs, &metadata));
        let filled = plain::of_items(&edited, plain::fill);
        prop_assert_eq!(filled.bytes(), expected.bytes());
        let checked = Request::check(signal, edited.bytes().clone()).unwrap();
        prop_assert_eq!(checked.request, edited);
    }
}
