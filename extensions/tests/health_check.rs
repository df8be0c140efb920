//! `health_check`, asked by a real HTTP client.

mod common;

use common::{Agent, build, mistakes};
use serde_json::{Value, json};
use std::{net::TcpListener, sync::Arc};
use tidewatch_component::{Extension, Health};
use tidewatch_extensions::health_check::HealthCheck;

/// An address that nobody listens on.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string()
}

async fn started(mut config: Value, health: Health) -> (Arc<Agent>, Arc<dyn Extension>, String) {
    let endpoint = free();
    config["endpoint"] = endpoint.clone().into();
    let agent = Arc::new(Agent(health.into()));
    let extension = build::<HealthCheck>(config).expect("no mistakes");
    extension.start(agent.clone()).await.expect("a start");
    (agent, extension, format!("http://{endpoint}"))
}

fn ready() -> Health {
    Health { ready: true, started_at: 1_700_000_000, degraded: Vec::new() }
}

/// The library demands a choice of cryptography even where none is needed.
fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::new()
}

/// Status and body.
async fn get(url: &str) -> (u16, String) {
    let response = client().get(url).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a body"))
}

#[tokio::test]
async fn readiness_decides() {
    let (agent, extension, url) = started(json!({}), Health::default()).await;
    let (status, body) = get(&url).await;
    assert_eq!(status, 503);
    assert!(body.contains("Server not available"), "{body}");

    *agent.0.lock().expect("a lock") = ready();
    let (status, body) = get(&format!("{url}/any/path")).await;
    assert_eq!(status, 200);
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["status"], "Server available");
    assert_eq!(body["upSince"], "2023-11-14T22:13:20Z");
    assert!(body["uptime"].as_str().is_some_and(|uptime| uptime.ends_with('s')), "{body}");
    assert!(body.get("degraded").is_none());
    extension.stop().await;
}

#[tokio::test]
async fn a_remote_that_is_away_degrades_and_does_not_unready() {
    let degraded = vec![("otlp/backend".to_owned(), "connection refused".to_owned())];
    let (_, extension, url) = started(json!({}), Health { degraded, ..ready() }).await;
    let (status, body) = get(&url).await;
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(status, 200);
    let expected = json!([{"component": "otlp/backend", "reason": "connection refused"}]);
    assert_eq!(body["degraded"], expected);
    extension.stop().await;
}

#[tokio::test]
async fn path_and_texts_can_be_chosen() {
    let texts = json!({"healthy": "fine", "unhealthy": "wait"});
    let config = json!({"path": "/health/status", "response_body": texts});
    let (agent, extension, url) = started(config, ready()).await;
    assert_eq!(get(&format!("{url}/health/status")).await, (200, "fine".to_owned()));
    assert_eq!(get(&format!("{url}/health/status/x")).await.0, 404);
    assert_eq!(get(&url).await.0, 404);
    *agent.0.lock().expect("a lock") = Health::default();
    assert_eq!(get(&format!("{url}/health/status")).await, (503, "wait".to_owned()));
    extension.stop().await;
}

#[tokio::test]
async fn the_keys_of_http_servers_count() {
    let config = json!({
        "response_headers": {"x-agent": "tidewatch"},
        "cors": {"allowed_origins": ["https://status.example.com"]},
    });
    let (_, extension, url) = started(config, ready()).await;
    let request = client().get(url).header("origin", "https://status.example.com");
    let response = request.send().await.expect("an answer");
    assert_eq!(response.headers()["x-agent"], "tidewatch");
    assert_eq!(response.headers()["access-control-allow-origin"], "https://status.example.com");
    extension.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_named_and_a_stop_frees_it() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = taken.local_addr().expect("an address").to_string();
    let extension = build::<HealthCheck>(json!({"endpoint": endpoint})).expect("no mistakes");
    let agent = Arc::new(Agent::default());
    let error = extension.start(agent.clone()).await.expect_err("the port is taken").to_string();
    assert!(error.starts_with(&format!("cannot listen on {endpoint}: ")), "{error}");

    drop(taken);
    extension.start(agent).await.expect("a start");
    extension.stop().await;
    TcpListener::bind(&endpoint).expect("the port is free again");
}

#[test]
fn what_cannot_be_done_is_a_mistake() {
    assert_eq!(mistakes::<HealthCheck>(json!({"path": "health"})), ["path"]);
    assert_eq!(mistakes::<HealthCheck>(json!({"endpoint": "nowhere"})), ["endpoint"]);
    assert_eq!(mistakes::<HealthCheck>(json!({"auth": {"authenticator": "basicauth"}})), ["auth"]);
    assert_eq!(mistakes::<HealthCheck>(json!({"include_metadata": true})), ["include_metadata"]);
    let check = |enabled| json!({"check_collector_pipeline": {"enabled": enabled, "interval": "5m"}});
    assert_eq!(mistakes::<HealthCheck>(check(true)), ["check_collector_pipeline.enabled"]);
    assert!(mistakes::<HealthCheck>(check(false)).is_empty());
}

#[test]
fn the_default_endpoint_is_the_collectors() {
    let config: tidewatch_extensions::health_check::Config = serde_json::from_str("{}").expect("defaults");
    assert_eq!((config.endpoint.as_str(), config.path.as_str()), ("localhost:13133", "/"));
}
