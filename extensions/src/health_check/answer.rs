//! What probes are told.

use super::ResponseBody;
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
    request::Parts,
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tidewatch_component::{Health, Host};
use tidewatch_config::values::GoDuration;
use tidewatch_net::http::{HttpService, text};

/// Answers whoever asks at `path`.
pub(super) struct Answers {
    pub(super) host: Arc<dyn Host>,
    pub(super) path: String,
    pub(super) texts: Option<ResponseBody>,
}

impl HttpService for Answers {
    fn refuse(&self, head: &Parts) -> Option<Response<Bytes>> {
        let path = head.uri.path();
        let below = self.path.ends_with('/') && path.starts_with(&self.path);
        (path != self.path && !below).then(|| text(StatusCode::NOT_FOUND, "not found\n"))
    }

    async fn call(&self, _: Request<Bytes>) -> Response<Bytes> {
        let health = self.host.health();
        let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let mut response = match &self.texts {
            Some(texts) if health.ready => text(status, texts.healthy.clone()),
            Some(texts) => text(status, texts.unhealthy.clone()),
            None => {
                let mut response = text(status, body(&health, SystemTime::now()).to_string());
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The Collector's answer, and what is degraded, where something is.
fn body(health: &Health, now: SystemTime) -> Value {
    let mut body = match health.ready {
        true => {
            let started = SystemTime::UNIX_EPOCH + Duration::from_secs(health.started_at);
            let uptime = now.duration_since(started).unwrap_or_default();
            json!({
                "status": "Server available",
                "upSince": up_since(health.started_at),
                "uptime": GoDuration::from(uptime).to_string(),
            })
        }
        false => json!({"status": "Server not available", "upSince": "0001-01-01T00:00:00Z", "uptime": ""}),
    };
    if !health.degraded.is_empty() {
        let degraded = health.degraded.iter();
        let degraded = degraded.map(|(component, reason)| json!({"component": component, "reason": reason}));
        body["degraded"] = degraded.collect();
    }
    body
}

fn up_since(started_at: u64) -> String {
    let seconds = i64::try_from(started_at).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_collectors() {
        let health = Health { ready: true, started_at: 1_600_000_000, degraded: Vec::new() };
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_061_500);
        assert_eq!(
            body(&health, now),
            json!({"status": "Server available", "upSince": "2020-09-13T12:26:40Z", "uptime": "1m1.5s"}),
        );
        let stopping = Health { ready: false, ..health };
        assert_eq!(
            body(&stopping, now),
            json!({"status": "Server not available", "upSince": "0001-01-01T00:00:00Z", "uptime": ""}),
        );
    }

    #[test]
    fn degraded_components_are_named() {
        let degraded = vec![("otlp/backend".to_owned(), "connection refused".to_owned())];
        let health = Health { ready: true, started_at: 0, degraded };
        let expected = json!([{"component": "otlp/backend", "reason": "connection refused"}]);
        assert_eq!(body(&health, SystemTime::now())["degraded"], expected);
    }
}
