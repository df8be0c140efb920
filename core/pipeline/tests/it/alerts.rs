//! State alerts live until delivered, without anybody waiting; event alerts belong to their record.

use crate::kit::{Answer, Bench, eventually, logs, state_alert};
use tidewatch_component::{AlertStatus, DataType, Payload};

/// Record 4n fires alert n % 5, and so on: the actor's rule for `state`.
fn config(does: &str, sink: &str) -> String {
    format!(
        "
receivers: {{source: {{acknowledge_timeout: 1h}}}}
processors: {{actor: {{{does}}}}}
exporters: {{sink: {{{sink}}}}}
service: {{pipelines: {{main: {{receivers: [source], processors: [actor], exporters: [sink]}}}}}}
"
    )
}

/// Takes telemetry, and answers alerts like this.
fn alerts_get(answer: Answer) -> impl FnMut(&crate::kit::Call) -> Answer + Send + 'static {
    move |call| if call.data_type == DataType::Alerts { answer.clone() } else { Answer::Take }
}

#[tokio::test(start_paused = true)]
async fn transitions_leave_in_order_after_an_outage_and_the_telemetry_does_not_wait() {
    let bench = Bench::start(&config("state: {every: 5}", "")).await;
    bench.sink("sink").answer(alerts_get(Answer::Refuse(None)));
    // Ten fires and fifteen resolves the alert of pod 0, and so on.
    for id in [10, 15, 20, 25, 30] {
        assert!(bench.send(logs([id])).verdict().await.is_settled());
    }
    let accounts = bench.accounts();
    assert_eq!(accounts.sum("tidewatch_held_items", &[("node", "sink"), ("signal", "alerts")]), 5);
    assert_eq!(accounts.unbalanced(), Vec::<String>::new());
    bench.sink("sink").always(Answer::Take);
    eventually("all have arrived", || bench.sink("sink").taken_of(DataType::Alerts).len() == 5).await;
    assert_eq!(bench.sink("sink").taken_of(DataType::Alerts), [10, 15, 20, 25, 30]);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn they_are_tried_for_ever_whatever_is_said_about_telemetry() {
    for retry in ["enabled: false", "max_elapsed_time: 10s"] {
        let retry = format!("retry_on_failure: {{{retry}, initial_interval: 1s, max_interval: 1s}}");
        let bench = Bench::start(&config("state: {every: 5}", &retry)).await;
        let mut left = 20;
        bench.sink("sink").answer(move |call| {
            if call.data_type == DataType::Alerts && left > 0 {
                left -= 1;
                return Answer::BreakOff;
            }
            Answer::Take
        });
        assert!(bench.send(logs([10])).verdict().await.is_settled());
        eventually("it is tried again and again", || bench.sink("sink").calls().len() == 22).await;
        bench.stop().await;
    }
}

#[tokio::test]
async fn they_follow_the_telemetry_that_caused_them() {
    let bench = Bench::start(&config("state: {every: 5}", "in_total_order: true")).await;
    let sent: Vec<_> = (1..10).map(|id| bench.send(logs([id * 10]))).collect();
    for sent in sent {
        assert!(sent.verdict().await.is_settled());
    }
    let sink = bench.sink("sink");
    bench.stop().await;
    let calls = sink.calls();
    for id in (1..10).map(|id| id * 10) {
        let place =
            |data_type| calls.iter().position(|call| call.data_type == data_type && call.ids.contains(&id));
        let (cause, alert) = (place(DataType::Logs), place(DataType::Alerts));
        assert!(cause.is_some() && (alert.is_none() || cause < alert), "{id}: {cause:?} {alert:?}");
    }
}

#[tokio::test]
async fn a_refusal_for_good_ends_an_alert_and_is_counted() {
    let bench = Bench::start(&config("state: {every: 5}", "")).await;
    bench.sink("sink").answer(alerts_get(Answer::Forbidden));
    assert!(bench.send(logs([10, 21])).verdict().await.rejected.is_none());
    let (_, accounts) = bench.stop().await;
    assert_eq!(accounts.dropped("sink", "rejected"), 1);
}

#[tokio::test]
async fn an_event_alert_belongs_to_the_receipt_of_its_record() {
    let bench = Bench::start(&config("event: {every: 2}", "retry_on_failure: {enabled: false}")).await;
    bench.sink("sink").answer(alerts_get(Answer::Refuse(None)));
    assert!(bench.send(logs([1])).verdict().await.is_settled(), "no alert, no wait");
    let verdict = bench.send(logs([2])).verdict().await;
    assert_eq!(verdict.failure.map(|failure| failure.reason), Some("overloaded".into()));
    bench.sink("sink").always(Answer::Take);
    let verdict = bench.send(logs([4])).verdict().await;
    assert_eq!((verdict.is_settled(), verdict.delivered_parts), (true, 2));
    assert_eq!(bench.sink("sink").taken_of(DataType::Alerts), [4]);
    bench.stop().await;
}

#[tokio::test]
async fn alerts_that_cannot_leave_before_the_stop_are_counted() {
    let yaml = config("state: {every: 5}", "").replace("service: {", "service: {shutdown_timeout: 50ms, ");
    let bench = Bench::start(&yaml).await;
    bench.sink("sink").answer(alerts_get(Answer::Refuse(None)));
    assert!(bench.send(logs([10, 15])).verdict().await.is_settled());
    let (report, accounts) = bench.stop().await;
    assert_eq!(report.undelivered, [("sink".to_owned(), 2)]);
    assert_eq!(report.to_string(), "2 items not delivered to `sink`");
    assert_eq!((accounts.dropped("sink", "shutdown"), accounts.held()), (2, 0));
}

#[tokio::test]
async fn alerts_that_a_sender_hands_in_are_answered_when_they_are_delivered() {
    let bench = Bench::start(&config("pass: {}", "retry_on_failure: {enabled: false}")).await;
    let alert = || Payload::Alerts([state_alert(1, AlertStatus::Firing, 7)].into());
    bench.sink("sink").always(Answer::Refuse(None));
    assert!(!bench.send(alert()).verdict().await.is_settled());
    bench.sink("sink").always(Answer::Take);
    assert!(bench.send(alert()).verdict().await.is_settled());
    bench.stop_and_expect(&[7]).await;
}
