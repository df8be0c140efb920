use prost::Message;
use tidewatch_otlp::proto::metrics::v1::metric::Data;
use tidewatch_otlp::proto::metrics::v1::{Exemplar, NumberDataPoint};
use tidewatch_otlp::proto::trace::v1::span::Link;
use tidewatch_otlp::testing::{realistic_logs, realistic_metrics, realistic_traces};
use tidewatch_otlp::{Checked, Signal};

use crate::check::judge;

fn check(signal: Signal, message: &impl Message) -> Checked {
    judge(signal, &message.encode_to_vec()).expect("it is well formed")
}

#[test]
fn spans_with_wrong_ids_are_taken_out() {
    let mut message = realistic_traces(6);
    let spans = &mut message.resource_spans[0].scope_spans[0].spans;
    spans[1].trace_id.pop();
    spans[2].span_id.clear();
    spans[3].parent_span_id.clear();
    spans[4].links = vec![Link { span_id: vec![1; 16], ..Link::default() }];
    let mut expected = message.clone();
    let spans = &mut expected.resource_spans[0].scope_spans[0].spans;
    *spans = [0, 3, 5].map(|index| spans[index].clone()).to_vec();

    let Checked { request, rejected } = check(Signal::Traces, &message);
    assert_eq!(rejected.items, 3);
    assert_eq!(rejected.reason.as_deref(), Some("span 1: trace_id has 15 bytes, not 16"));
    assert_eq!(request.decode_traces(), expected);
}

#[test]
fn log_records_with_wrong_ids_are_taken_out() {
    let mut message = realistic_logs(4);
    let records = &mut message.resource_logs[0].scope_logs[0].log_records;
    records[0].trace_id = vec![1; 16];
    records[0].span_id = vec![1; 8];
    records[3].span_id = vec![1];
    let Checked { request, rejected } = check(Signal::Logs, &message);
    assert_eq!(rejected.items, 1);
    assert_eq!(rejected.reason.as_deref(), Some("log record 3: span_id has 1 byte, not 8"));
    assert_eq!(request.items(), 3);
}

#[test]
fn points_with_wrong_exemplar_ids_are_taken_out() {
    let mut message = realistic_metrics(3);
    let Some(Data::Gauge(gauge)) = &mut message.resource_metrics[0].scope_metrics[0].metrics[1].data else {
        panic!("the second metric is a gauge")
    };
    let exemplars = vec![Exemplar { trace_id: vec![0; 17], ..Exemplar::default() }];
    gauge.data_points[2] = NumberDataPoint { exemplars, ..NumberDataPoint::default() };
    let Checked { request, rejected } = check(Signal::Metrics, &message);
    assert_eq!(rejected.items, 1);
    assert_eq!(rejected.reason.as_deref(), Some("data point 12: exemplar trace_id has 17 bytes, not 16"));
    assert_eq!(request.items(), 29);
}

#[test]
fn of_a_repeated_id_the_last_one_counts() {
    let mut span = realistic_traces(1).resource_spans[0].scope_spans[0].spans[0].encode_to_vec();
    // A wrong trace id in front of the right one is overwritten; behind it, it wins.
    let wrong = [0x0a, 1, 0];
    let request =
        |span: &[u8]| crate::oracle::block(1, &crate::oracle::block(2, &crate::oracle::block(2, span)));
    let checked = judge(Signal::Traces, &request(&[&wrong[..], &span].concat())).unwrap();
    assert_eq!((checked.request.items(), checked.request.is_canonical()), (1, false));
    span.extend(wrong);
    let checked = judge(Signal::Traces, &request(&span)).unwrap();
    assert_eq!((checked.request.items(), checked.rejected.items), (0, 1));
}
