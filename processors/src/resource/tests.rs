use super::*;
use crate::{
    actions::tests::{arb_actions, plain, repeat_keys},
    testing::{batch, context, outputs},
};
use proptest::prelude::*;
use serde_json::json;
use tidewatch_otlp::{
    Signal,
    testing::{Source, arb_request, realistic_logs, realistic_metrics},
};

fn processor(config: serde_json::Value) -> Arc<dyn Processor> {
    Resource::build(serde_json::from_value(config).unwrap(), &context("resource")).unwrap()
}

fn processed(processor: &Arc<dyn Processor>, request: Request) -> Request {
    let batches = outputs(|out| processor.process(batch(request), out));
    let [batch] = &batches[..] else { panic!("{} batches", batches.len()) };
    batch.telemetry().unwrap().clone()
}

#[test]
fn resources_change_and_what_belongs_to_them_does_not() {
    let processor = processor(json!({"attributes": [
        {"key": "deployment.environment.name", "action": "upsert", "value": "staging"},
        {"key": "host.name", "action": "delete"},
        {"key": "k8s.pod.name", "action": "hash"},
    ]}));
    let before = realistic_metrics(3);
    let after = processed(&processor, Request::encode_metrics(&before)).decode_metrics();
    let (old, new) = (&before.resource_metrics[0], &after.resource_metrics[0]);
    assert_eq!(old.scope_metrics, new.scope_metrics);
    let resource = processed(&processor, Request::encode_metrics(&before)).canonical();
    let attributes = resource.resources().next().unwrap().attributes().to_json();
    assert_eq!(attributes["deployment.environment.name"], "staging");
    assert_eq!(attributes["host.name"], serde_json::Value::Null);
    assert_eq!(
        attributes["k8s.pod.name"],
        "ff082c8843dc329e947dd5949fa1a8d07ed99e5b73fdbb502c9fbb3a3bb22ed5"
    );
    assert_eq!(attributes["service.name"], "orders");
}

#[test]
fn what_no_action_changes_leaves_in_the_very_bytes_it_came_in() {
    let processor = processor(json!({"attributes": [
        {"key": "none", "action": "delete"},
        {"key": "service.name", "action": "insert", "value": "other"},
        {"key": "service.name", "action": "upsert", "value": "orders"},
        {"key": "http.method", "action": "delete"},
    ]}));
    let request = Request::encode_logs(&realistic_logs(3));
    let bytes = request.bytes().clone();
    let after = processed(&processor, request);
    assert_eq!((after.bytes().as_ptr(), after.bytes().len()), (bytes.as_ptr(), bytes.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn resources_are_those_of_the_plain_way(seed: u64, signal in 0..3usize) {
        let signal = [Signal::Traces, Signal::Metrics, Signal::Logs][signal];
        let mut source = Source::from_seed(seed);
        let request = Request::check(signal, arb_request(signal, &mut source).into()).unwrap().request;
        let request = plain::of_resources(&request, |attributes| repeat_keys(attributes, &mut source));
        let configs = arb_actions(&mut source);
        let metadata = Metadata::from([("x-tenant".to_owned(), vec!["a".to_owned()])]);

        let actions = Actions::new("attributes", configs.clone()).unwrap();
        let edited = ResourceProcessor { actions }.edit(&request, &metadata).unwrap_or_else(|| request.clone());
        let expected = plain::of_resources(&request, |attributes| plain::act(attributes, &configs, &metadata));
        let filled = plain::of_resources(&edited, plain::fill);
        prop_assert_eq!(filled.bytes(), expected.bytes());
        let checked = Request::check(signal, edited.bytes().clone()).unwrap();
        prop_assert_eq!(checked.request, edited);
    }
}
