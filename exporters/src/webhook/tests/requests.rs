//! What is sent.

use super::{
    super::format::tests::{alert, resolved},
    *,
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tidewatch_net::compression::{Encoding, decompress};

#[tokio::test]
async fn firing_and_resolved_arrive_once_each() {
    let mut receiver = Receiver::start().await;
    let exporter = build(&receiver.url, json!({}));
    exporter.start().await.unwrap();
    export(&exporter, &[alert("a")]).await.unwrap();
    export(&exporter, &[resolved(alert("a"))]).await.unwrap();
    exporter.stop().await;
    let requests = receiver.all();
    let bodies: Vec<_> = requests.iter().map(receiver::Received::json).collect();
    assert_eq!(bodies, [alert("a"), resolved(alert("a"))].map(|alert| serde_json::to_value(alert).unwrap()));
    assert_eq!((&requests[0].method, requests[0].path.as_str()), (&http::Method::POST, "/hook"));
    assert_eq!(requests[0].headers["content-type"], "application/json");
}

#[tokio::test]
async fn method_headers_and_credentials_are_the_users() {
    let mut receiver = Receiver::start().await;
    let url = receiver.url.replace("http://", "http://me:p%40ss@") + "?token=1";
    let keys = json!({"method": "PUT", "headers": {"X-Team": "core", "Content-Type": "text/plain"}});
    export(&build(&url, keys), &[alert("a")]).await.unwrap();
    let request = receiver.next().await;
    assert_eq!((request.method, request.path.as_str()), (http::Method::PUT, "/hook?token=1"));
    assert_eq!(
        (&request.headers["x-team"], &request.headers["content-type"]),
        (&"core".parse().unwrap(), &"text/plain".parse().unwrap())
    );
    assert_eq!(request.headers["authorization"], "Basic bWU6cEBzcw==", "me:p@ss");
}

#[tokio::test]
async fn the_body_is_signed_before_it_is_compressed() {
    let mut receiver = Receiver::start().await;
    let keys = json!({"hmac": {"secret": "s3cret", "header": "X-Hub-Signature-256"}, "compression": "gzip"});
    export(&build(&receiver.url, keys), &[alert("a")]).await.unwrap();
    let request = receiver.next().await;
    assert_eq!(request.headers["content-encoding"], "gzip");
    let body = decompress(Encoding::Gzip, &request.body, 1 << 20).unwrap();
    assert_eq!(serde_json::from_slice::<Alert>(&body).unwrap(), alert("a"));
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(&body);
    let signature = request.headers["x-hub-signature-256"].to_str().unwrap();
    let hex = signature.strip_prefix("sha256=").unwrap();
    mac.verify_slice(&hex::decode(hex).unwrap()).unwrap();
}

#[tokio::test]
async fn the_end_is_not_told_where_nobody_wants_it() {
    let mut receiver = Receiver::start().await;
    let exporter = build(&receiver.url, json!({"send": {"resolved": false}}));
    export(&exporter, &[resolved(alert("a")), alert("b")]).await.unwrap();
    assert_eq!(
        receiver.all().iter().map(|request| request.json()["fingerprint"].clone()).collect::<Vec<_>>(),
        ["fp-b"]
    );
}

#[tokio::test]
async fn alertmanagers_form_names_the_exporter_as_its_receiver() {
    let mut receiver = Receiver::start().await;
    export(&build(&receiver.url, json!({"format": "alertmanager"})), &[alert("a")]).await.unwrap();
    let payload = receiver.next().await.json();
    assert_eq!(
        (&payload["receiver"], &payload["alerts"][0]["fingerprint"]),
        (&json!("webhook/ops"), &json!("fp-a"))
    );
    assert_eq!(payload["groupLabels"], json!({"alertname": "CpuLoadHigh", "host.name": "a", "team": "core"}));
}

/// A schema of somebody else's, with numbers, numbers as text, and nested lists.
#[tokio::test]
async fn a_template_makes_any_payload() {
    let body = r#"
{%- set service = labels["service"] -%}
{%- set deviation = value - expected -%}
{{ {
  "title": "Anomaly Detected: " ~ metric,
  "severity": severity,
  "tags": {"service": service, "metric": metric, "anomaly_type": "ml_detection", "source": "anomaly_detector"},
  "annotations": {
    "expected_value": expected | string, "actual_value": value | string, "deviation": deviation | string,
    "deviation_std": z | string, "confidence": confidence | string, "timestamp": starts_at
  },
  "state": "alerting" if status == "firing" else "ok",
  "evalMatches": [{"metric": metric, "value": value, "tags": {"service": service}}]
} | tojson }}"#;
    let example = include_str!("../../../../tests/data/aiops/alert_payload_expected.json");
    let example: Value = serde_json::from_str(example).unwrap();
    let input = &example["input"];
    let number = |key: &str| input[key].as_f64();
    let alert = Alert {
        metric: Some(input["metric"].as_str().unwrap().into()),
        value: number("actual_value"),
        expected: number("expected_value"),
        z: number("deviation_std"),
        confidence: number("confidence"),
        starts_at: tidewatch_component::timestamp::from_rfc3339(input["timestamp"].as_str().unwrap())
            .unwrap(),
        severity: input["severity"].as_str().unwrap().into(),
        labels: [("service".to_owned(), input["service"].as_str().unwrap().to_owned())].into(),
        ..alert("a")
    };
    let mut receiver = Receiver::start().await;
    export(&build(&receiver.url, json!({ "body": body })), &[alert]).await.unwrap();
    let mut expected = example["payload"].clone();
    // Free text, described in words there.
    expected.as_object_mut().unwrap().remove("message");
    assert_eq!(receiver.next().await.json(), expected);
}
