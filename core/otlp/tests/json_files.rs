//! OTLP/JSON as senders write it: requests of a demo shop, and the examples of the OTLP standard.

use prost::Message;
use tidewatch_otlp::proto::collector::logs::v1::ExportLogsServiceRequest;
use tidewatch_otlp::proto::collector::metrics::v1::ExportMetricsServiceRequest;
use tidewatch_otlp::proto::collector::trace::v1::ExportTraceServiceRequest;
use tidewatch_otlp::proto::common::v1::any_value::Value;
use tidewatch_otlp::proto::metrics::v1::metric::Data;
use tidewatch_otlp::proto::metrics::v1::number_data_point::Value::AsInt;
use tidewatch_otlp::{Request, Signal, json};

const LOGS: &[u8] = include_bytes!("../../../tests/data/otlp/otlp_logs.json");
const METRICS: &[u8] = include_bytes!("../../../tests/data/otlp/otlp_metrics.json");
const TRACES: &[u8] = include_bytes!("../../../tests/data/otlp/otlp_traces.json");

/// Decodes, passes the check of incoming bytes, and says the same thing as the file when written again.
fn read<M: Message + Default>(signal: Signal, text: &[u8], items: usize) -> M {
    let wire = json::decode(signal, text).unwrap();
    let checked = Request::check(signal, wire.clone().into()).unwrap();
    assert!(checked.rejected.is_none());
    assert_eq!(checked.request.items(), items);

    let written = json::encode(signal, &wire).unwrap();
    assert_eq!(numbers_as_doubles(&written), numbers_as_doubles(text));
    M::decode(wire.as_slice()).unwrap()
}

/// The text as a value in which `50` and `50.0` are the same.
fn numbers_as_doubles(text: &[u8]) -> serde_json::Value {
    fn convert(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => *value = number.as_f64().into(),
            serde_json::Value::Array(values) => values.iter_mut().for_each(convert),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(convert),
            _ => {}
        }
    }
    let mut value = serde_json::from_slice(text).unwrap();
    convert(&mut value);
    value
}

#[test]
fn logs() {
    let request: ExportLogsServiceRequest = read(Signal::Logs, LOGS, 1);
    let record = &request.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(record.time_unix_nano, 1_760_000_000_000_000_000);
    assert_eq!((record.severity_number, record.severity_text.as_str()), (9, "INFO"));
    let body = record.body.as_ref().unwrap().value.as_ref();
    assert_eq!(body, Some(&Value::StringValue("Transaction 42 created: $149.99 - completed".into())));
    assert_eq!(record.trace_id, 0x5b8e_fff7_9803_8103_d269_b633_813f_c60c_u128.to_be_bytes());
    assert_eq!(record.span_id, 0xeee1_9b7e_c3c1_b173_u64.to_be_bytes());
}

#[test]
fn metrics() {
    let request: ExportMetricsServiceRequest = read(Signal::Metrics, METRICS, 6);
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let [Some(Data::Sum(requests)), Some(Data::Histogram(durations)), Some(Data::Gauge(inventory))] =
        [&metrics[0].data, &metrics[1].data, &metrics[2].data]
    else {
        panic!("the kinds are {metrics:?}");
    };
    assert!(requests.is_monotonic);
    assert_eq!(requests.aggregation_temporality, 2);
    assert_eq!(requests.data_points[0].value, Some(AsInt(985)));
    assert_eq!(requests.data_points[1].value, Some(AsInt(15)));
    let duration = &durations.data_points[0];
    assert_eq!((duration.count, duration.sum, duration.min), (1000, Some(90_000.0), None));
    assert_eq!(duration.explicit_bounds, [50.0, 100.0, 200.0, 500.0]);
    assert_eq!(duration.bucket_counts, [400, 300, 250, 40, 10]);
    assert_eq!(inventory.data_points[2].value, Some(AsInt(150)));
}

#[test]
fn traces() {
    let request: ExportTraceServiceRequest = read(Signal::Traces, TRACES, 3);
    let spans = &request.resource_spans[0].scope_spans[0].spans;
    assert_eq!(spans[0].end_time_unix_nano - spans[0].start_time_unix_nano, 150_000_000);
    assert_eq!(spans[0].kind, 2);
    assert_eq!(spans[0].attributes[2].value.as_ref().unwrap().value, Some(Value::IntValue(500)));
    let status = spans[0].status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "upstream"));
    assert_eq!(spans[1].parent_span_id, spans[0].span_id);
    assert_eq!(request.resource_spans[1].scope_spans[0].spans[0].name, "query");
}

/// The examples that come with the protos; they hold upper case ids and written defaults.
#[test]
fn examples_of_the_standard() {
    let examples: [(Signal, &[u8], usize); 4] = [
        (Signal::Logs, include_bytes!("../../../tests/data/otlp/example_logs.json"), 1),
        (Signal::Logs, include_bytes!("../../../tests/data/otlp/example_events.json"), 1),
        (Signal::Metrics, include_bytes!("../../../tests/data/otlp/example_metrics.json"), 4),
        (Signal::Traces, include_bytes!("../../../tests/data/otlp/example_trace.json"), 1),
    ];
    for (signal, text, items) in examples {
        let wire = json::decode(signal, text).unwrap();
        let checked = Request::check(signal, wire.clone().into()).unwrap();
        assert_eq!((checked.request.items(), checked.rejected.items), (items, 0));
        let written = json::encode(signal, &wire).unwrap();
        assert_eq!(json::encode(signal, &json::decode(signal, &written).unwrap()).unwrap(), written);
    }
}
