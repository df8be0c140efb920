//! Serves the agent's own metrics to Prometheus.

use crate::Metrics;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, VARY},
    request::Parts,
};
use std::{io, time::Duration};
use tidewatch_net::{
    AcceptOptions,
    compression::{Encoding, compress},
    http::{HttpService, ServerOptions, text},
    served::Served,
    stream::{Address, Listener},
};

/// The Prometheus text format.
const CONTENT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// `GET /metrics` on `address` (`host:port`). A stop waits for scrapes under way for two seconds at the most.
///
/// # Errors
/// The address cannot be listened on; the text says which.
pub async fn start(address: &str, metrics: &Metrics) -> io::Result<Served> {
    let listener = Listener::bind(&Address::Tcp(address.to_owned())).await?;
    Ok(Served::start(listener, Scrape { metrics: metrics.clone() }, options()))
}

fn options() -> ServerOptions {
    let accept = AcceptOptions {
        max_connections: 64,
        drain_timeout: Duration::from_secs(2),
        ..AcceptOptions::default()
    };
    // Whoever says nothing makes room soon: a scrape is one request, and the next can come over a connection of its own.
    let patience = Duration::from_secs(5);
    ServerOptions {
        accept,
        max_body: 0,
        header_timeout: patience,
        idle_timeout: patience,
        ..ServerOptions::default()
    }
}

struct Scrape {
    metrics: Metrics,
}

impl HttpService for Scrape {
    fn refuse(&self, head: &Parts) -> Option<Response<Bytes>> {
        if head.uri.path() != "/metrics" {
            return Some(text(StatusCode::NOT_FOUND, "metrics are at /metrics\n"));
        }
        if head.method != Method::GET && head.method != Method::HEAD {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "metrics can only be read\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(response);
        }
        None
    }

    async fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.metrics.render()));
        response.headers_mut().insert(CONTENT_TYPE, CONTENT);
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
        if takes_gzip(request.headers())
            && let Ok(packed) = compress(Encoding::Gzip, None, response.body())
        {
            *response.body_mut() = packed.into();
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// Whether the client asks for gzip; `gzip;q=0` is a no.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_ask() {
        let takes = |value: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        assert!(takes("gzip"));
        assert!(takes("deflate, GZIP;q=0.5"));
        assert!(!takes("gzip;q=0"));
        assert!(!takes("identity"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
