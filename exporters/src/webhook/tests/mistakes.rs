//! What `validate` says.

use super::*;

fn mistake(keys: Value) -> Mistake {
    let mistakes = try_build("https://hooks.example.org/x", keys).err().unwrap();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes.into_iter().next().unwrap()
}

#[test]
fn mistakes_stand_at_their_keys() {
    for (keys, path) in [
        (json!({"body": "{{ nmae }}"}), "body"),
        (json!({"body": "{{ name"}), "body"),
        (json!({"body": "{{ name }}", "format": "slack"}), "body"),
        (json!({"format": "pagerduty"}), "pagerduty.routing_key"),
        (json!({"hmac": {"secret": ""}}), "hmac.secret"),
        (json!({"hmac": {"secret": "x", "header": "a b"}}), "hmac.header"),
        (json!({"headers": {"a b": "c"}}), "headers.a b"),
        (json!({"proxy_url": "nonsense"}), "proxy_url"),
        (json!({"tls": {"min_version": "0.9"}}), "tls.min_version"),
        (json!({"auth": {"authenticator": "nobody"}}), "auth.authenticator"),
    ] {
        assert_eq!(mistake(keys.clone()).path, path, "{keys}");
    }
}

#[test]
fn the_url_is_checked_and_not_shown() {
    for url in ["hooks.example.org/s3cret", "ftp://x/s3cret", "", "http://"] {
        let mistakes = try_build(url, json!({})).err().unwrap();
        assert_eq!(mistakes[0].path, "url");
        assert!(!format!("{mistakes:?}").contains("s3cret"));
    }
    let missing: WebhookConfig = serde_json::from_value(json!({})).unwrap();
    assert_eq!(Webhook::build(missing, &context()).err().unwrap()[0].path, "url");
    let keys = json!({"format": "pagerduty", "pagerduty": {"routing_key": "R1"}});
    let pagerduty: WebhookConfig = serde_json::from_value(keys).unwrap();
    assert!(Webhook::build(pagerduty, &context()).is_ok(), "PagerDuty's own URL");
}

#[test]
fn what_the_manual_shows_is_right() {
    let keys = json!({
        "format": "slack",
        "send": {"resolved": true, "group_by": ["name"], "group_wait": "10s", "group_interval": "5m",
            "repeat_interval": "4h"},
        "hmac": {"secret": "x", "header": "X-Signature-256"},
    });
    assert!(try_build("https://hooks.example.org/alerts", keys).is_ok());
}

#[test]
fn a_printed_configuration_keeps_its_secrets() {
    let config: WebhookConfig = serde_json::from_value(json!({
        "url": "https://hooks/s3cret", "hmac": {"secret": "s3cret"}, "headers": {"X-Key": "s3cret"},
        "format": "pagerduty", "pagerduty": {"routing_key": "s3cret"},
    }))
    .unwrap();
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn only_alerts_can_be_written() {
    assert!(Webhook::CAN_TAKE.contains(DataType::Alerts) && !Webhook::CAN_TAKE.contains(DataType::Logs));
}
