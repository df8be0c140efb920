//! Groups, from export to request. The clock is the test's: it moves when nothing else is to be done.

use super::{
    super::format::tests::{alert, resolved},
    *,
};
use std::time::Duration;
use tidewatch_telemetry::Metrics;
use tokio::time::Instant;

/// No timers but those of the groups: neither for answers nor for idle connections.
fn grouped(url: &str, mut keys: Value) -> (Arc<dyn Exporter>, Metrics) {
    keys["url"] = url.into();
    keys["timeout"] = "0s".into();
    keys["disable_keep_alives"] = true.into();
    keys["retry_on_failure"]["randomization_factor"] = 0.0.into();
    let context = context();
    let built = Webhook::build(serde_json::from_value(keys).unwrap(), &context);
    (built.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).exporter, context.metrics)
}

fn send() -> Value {
    json!({"send": {"group_by": ["name", "severity"], "group_wait": "10s", "group_interval": "10s", "repeat_interval": "5m"}})
}

fn statuses(body: &Value) -> Vec<(String, String)> {
    let text = |alert: &Value, key: &str| alert[key].as_str().unwrap().to_owned();
    body.as_array().unwrap().iter().map(|alert| (text(alert, "fingerprint"), text(alert, "status"))).collect()
}

#[tokio::test(start_paused = true)]
async fn twenty_alerts_are_one_request_repeated_while_they_fire_and_resolved_at_the_end() {
    let mut receiver = Receiver::start().await;
    let (exporter, _) = grouped(&receiver.url, send());
    exporter.start().await.unwrap();
    let start = Instant::now();
    let alerts: Vec<_> = (0..20).map(|index| alert(&format!("{index:02}"))).collect();
    for part in alerts.chunks(5) {
        export(&exporter, part).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(statuses(&receiver.next().await.json()).len(), 20);
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(statuses(&receiver.next().await.json()).len(), 20);
    assert_eq!(start.elapsed().as_secs(), 310);
    let ends: Vec<_> = alerts.into_iter().map(resolved).collect();
    export(&exporter, &ends).await.unwrap();
    let last = statuses(&receiver.next().await.json());
    assert!(last.len() == 20 && last.iter().all(|(_, status)| status == "resolved"));
    assert_eq!(start.elapsed().as_secs(), 320);
    exporter.stop().await;
    assert!(receiver.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_fails_is_tried_again_when_the_receiver_says() {
    let mut receiver = Receiver::start().await;
    receiver.answer_with(503, "retry-after", "7");
    receiver.answer(&[500]);
    let (exporter, _) = grouped(&receiver.url, send());
    exporter.start().await.unwrap();
    let start = Instant::now();
    export(&exporter, &[alert("a")]).await.unwrap();
    for seconds in [10, 17, 24] {
        assert_eq!(statuses(&receiver.next().await.json()), [("fp-a".to_owned(), "firing".to_owned())]);
        // 10s of group_wait; 7s as asked; 5s times 1.5 as configured.
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
    exporter.stop().await;
}

#[tokio::test(start_paused = true)]
async fn pagerduty_gets_one_event_per_alert_and_none_twice() {
    let mut receiver = Receiver::start().await;
    receiver.answer(&[202, 429]);
    let mut keys = send();
    keys["format"] = "pagerduty".into();
    keys["pagerduty"] = json!({"routing_key": "R1"});
    let (exporter, _) = grouped(&receiver.url, keys);
    exporter.start().await.unwrap();
    export(&exporter, &[alert("a"), alert("b"), alert("c")]).await.unwrap();
    let mut keys = Vec::new();
    for _ in 0..4 {
        keys.push(receiver.next().await.json()["dedup_key"].clone());
    }
    assert_eq!(keys, ["fp-a", "fp-b", "fp-b", "fp-c"]);
    export(&exporter, &[resolved(alert("b"))]).await.unwrap();
    let event = receiver.next().await.json();
    assert_eq!((&event["event_action"], &event["dedup_key"]), (&json!("resolve"), &json!("fp-b")));
    exporter.stop().await;
    assert!(receiver.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_told_at_the_stop() {
    let mut receiver = Receiver::start().await;
    let (exporter, _) = grouped(&receiver.url, send());
    exporter.start().await.unwrap();
    export(&exporter, &[alert("a"), alert("b")]).await.unwrap();
    exporter.stop().await;
    let requests = receiver.all();
    assert_eq!((requests.len(), statuses(&requests[0].json()).len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_never_told_is_counted() {
    let mut receiver = Receiver::start().await;
    receiver.answer(&[404, 500]);
    let mut keys = send();
    keys["retry_on_failure"] = json!({"enabled": false});
    let (exporter, metrics) = grouped(&receiver.url, keys);
    exporter.start().await.unwrap();
    for (name, resolves) in [("blip", true), ("refused", false)] {
        export(&exporter, &[alert(name)]).await.unwrap();
        if resolves {
            export(&exporter, &[resolved(alert(name))]).await.unwrap();
        }
    }
    receiver.next().await;
    export(&exporter, &[alert("given up")]).await.unwrap();
    receiver.next().await;
    // The group goes on: its next change is told.
    export(&exporter, &[alert("fine")]).await.unwrap();
    assert_eq!(statuses(&receiver.next().await.json()).len(), 3);
    receiver.answer(&[500]);
    export(&exporter, &[alert("too late")]).await.unwrap();
    exporter.stop().await;
    let text = metrics.render();
    for (reason, count) in
        [("resolved_before_told", 1), ("rejected", 1), ("retries_exhausted", 1), ("stopped", 1)]
    {
        let line = format!(
            "tidewatch_webhook_unsent_alerts{{exporter=\"webhook/ops\",reason=\"{reason}\"}} {count}\n"
        );
        assert!(text.contains(&line), "{line} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn single_alerts_are_repeated_without_groups() {
    let mut receiver = Receiver::start().await;
    let (exporter, _) = grouped(&receiver.url, json!({"send": {"repeat_interval": "1h"}}));
    exporter.start().await.unwrap();
    let start = Instant::now();
    export(&exporter, &[alert("a")]).await.unwrap();
    for seconds in [0, 3600, 7200] {
        assert_eq!(
            receiver.next().await.json(),
            serde_json::to_value(alert("a")).unwrap(),
            "an object, not a list"
        );
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
    exporter.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_stop_tries_again_until_everybody_is_told() {
    let mut receiver = Receiver::start().await;
    receiver.answer(&[500, 503, 500]);
    let (exporter, metrics) = grouped(&receiver.url, send());
    exporter.start().await.unwrap();
    export(&exporter, &[alert("a"), alert("b")]).await.unwrap();
    assert_eq!(exporter.untold(), 2);
    assert!(metrics.render().contains("tidewatch_webhook_waiting_alerts{exporter=\"webhook/ops\"} 2\n"));
    exporter.stop().await;
    let requests = receiver.all();
    assert_eq!(requests.len(), 4, "three that failed, and one that did not");
    assert_eq!(statuses(&requests[3].json()).len(), 2);
    assert_eq!(exporter.untold(), 0);
    assert!(metrics.render().contains("tidewatch_webhook_waiting_alerts{exporter=\"webhook/ops\"} 0\n"));
}

#[tokio::test(start_paused = true)]
async fn what_the_stop_had_no_time_for_is_counted() {
    let mut receiver = Receiver::start().await;
    receiver.answer(&[500; 100]);
    let (exporter, metrics) = grouped(&receiver.url, send());
    exporter.start().await.unwrap();
    export(&exporter, &[alert("a"), alert("b")]).await.unwrap();
    let stop = tokio::time::timeout(Duration::from_secs(10), exporter.stop());
    assert!(stop.await.is_err(), "it goes on for as long as it may");
    assert!(receiver.all().len() >= 9, "a try each second");
    assert_eq!(exporter.untold(), 2);
    let line = "tidewatch_webhook_unsent_alerts{exporter=\"webhook/ops\",reason=\"stopped\"} 2\n";
    assert!(metrics.render().contains(line));
}
