//! The local port: `POST /-/reload`, `GET /-/config`, `GET /-/ready`.

use super::Outcome;
use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN},
    request::Parts,
    uri::Authority,
};
use serde_json::{Value, json};
use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tidewatch_component::{Health, Host};
use tidewatch_config::{Diagnostics, service};
use tidewatch_net::{
    AcceptOptions,
    http::{HttpService, ServerOptions, text},
    served::Served,
    stream::{Address, Listener},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// What a request for a reload may carry; nothing of it is used.
const MAX_BODY: usize = 4 << 10;

/// Somebody wants a reload, and waits for what it comes to.
pub(crate) struct Request {
    reply: oneshot::Sender<Outcome>,
    turn: OwnedSemaphorePermit,
}

impl Request {
    /// Answers it.
    pub(crate) fn reply(self, outcome: Outcome) {
        // Whoever hears it may want the next.
        drop(self.turn);
        // Whoever has hung up does not want to know.
        self.reply.send(outcome).ok();
    }
}

/// The port, and what can be read there.
pub(crate) struct Admin {
    server: Option<Served>,
    printed: Arc<RwLock<Arc<str>>>,
    requests: mpsc::Receiver<Request>,
    /// One reload at a time.
    turn: Arc<Semaphore>,
}

impl Admin {
    /// Listens where the configuration says so, if it does. `host` tells how the agent is.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub(crate) async fn start(
        keys: Option<&service::Admin>,
        host: Arc<dyn Host>,
        printed: Arc<str>,
    ) -> io::Result<Self> {
        let (sender, requests) = mpsc::channel(1);
        let (printed, turn) = (Arc::new(RwLock::new(printed)), Arc::new(Semaphore::new(1)));
        let mut server = None;
        if let Some(keys) = keys {
            let listener = Listener::bind(&Address::Tcp(keys.endpoint.clone())).await?;
            let api = Api { host, printed: printed.clone(), turn: turn.clone(), requests: sender };
            let served = Served::start(listener, api, options());
            if let Some(address) = served.address() {
                tracing::info!(endpoint = %address, "administration listens");
            }
            server = Some(served);
        }
        Ok(Self { server, printed, requests, turn })
    }

    /// The next request for a reload.
    pub(crate) async fn next(&mut self) -> Request {
        match self.requests.recv().await {
            Some(request) => request,
            // Without a port nobody asks.
            None => std::future::pending().await,
        }
    }

    /// Keeps requests off while something else reloads.
    pub(crate) fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turn.clone().try_acquire_owned().ok()
    }

    /// Shows another configuration from now on.
    pub(crate) fn show(&self, printed: Arc<str>) {
        *self.printed.write().unwrap_or_else(PoisonError::into_inner) = printed;
    }

    /// Closes the port.
    pub(crate) async fn stop(self) {
        drop(self.requests);
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

fn options() -> ServerOptions {
    let patience = Duration::from_secs(10);
    let accept = AcceptOptions {
        max_connections: 64,
        drain_timeout: Duration::from_secs(2),
        ..AcceptOptions::default()
    };
    ServerOptions {
        accept,
        max_body: MAX_BODY,
        header_timeout: patience,
        idle_timeout: patience,
        read_timeout: Some(patience),
        ..ServerOptions::default()
    }
}

struct Api {
    host: Arc<dyn Host>,
    printed: Arc<RwLock<Arc<str>>>,
    turn: Arc<Semaphore>,
    requests: mpsc::Sender<Request>,
}

impl HttpService for Api {
    fn refuse(&self, head: &Parts) -> Option<Response<Bytes>> {
        if !is_from_here(head) {
            return Some(text(StatusCode::FORBIDDEN, "not for web pages, and only under a local name\n"));
        }
        let allowed = match head.uri.path() {
            "/-/reload" => "POST",
            "/-/config" | "/-/ready" => "GET, HEAD",
            _ => return Some(text(StatusCode::NOT_FOUND, "there are /-/reload, /-/config and /-/ready\n")),
        };
        if allowed.split(", ").any(|method| head.method == method) {
            return None;
        }
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("this takes {allowed}\n"));
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        Some(response)
    }

    async fn call(&self, request: http::Request<Bytes>) -> Response<Bytes> {
        let mut response = match (request.method(), request.uri().path()) {
            (&Method::POST, _) => self.reload().await,
            (_, "/-/config") => {
                let printed = self.printed.read().unwrap_or_else(PoisonError::into_inner).to_string();
                with_type(text(StatusCode::OK, printed), "application/yaml")
            }
            _ => ready(&self.host.health()),
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Api {
    async fn reload(&self) -> Response<Bytes> {
        let Ok(turn) = self.turn.clone().try_acquire_owned() else {
            return json_body(StatusCode::CONFLICT, &json!({"error": "a reload is under way"}));
        };
        let (reply, outcome) = oneshot::channel();
        let sent = self.requests.send(Request { reply, turn }).await;
        match (sent, outcome.await) {
            (Ok(()), Ok(Ok(changes))) => json_body(StatusCode::OK, &json!({"changed": changes})),
            (Ok(()), Ok(Err(mistakes))) => json_body(StatusCode::BAD_REQUEST, &refusal(&mistakes)),
            _ => json_body(StatusCode::SERVICE_UNAVAILABLE, &json!({"error": "the agent stops"})),
        }
    }
}

/// Whether a program on this machine asks, and not a web page that its user looks at: pages say where they are from,
/// and names that lead here by a trick are not local ones.
fn is_from_here(head: &Parts) -> bool {
    let named = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let named = named.and_then(|host| host.parse::<Authority>().ok());
    let authority = head.uri.authority().cloned().or(named);
    !head.headers.contains_key(ORIGIN)
        && authority.is_some_and(|authority| service::is_local(authority.host()))
}

fn refusal(mistakes: &Diagnostics) -> Value {
    let list: Vec<String> = mistakes.errors().map(ToString::to_string).collect();
    json!({"error": "cannot reload: nothing has changed", "mistakes": list, "text": mistakes.render(false)})
}

fn ready(health: &Health) -> Response<Bytes> {
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let degraded = health.degraded.iter();
    let degraded: Vec<Value> =
        degraded.map(|(component, reason)| json!({"component": component, "reason": reason})).collect();
    json_body(status, &json!({"ready": health.ready, "started_at": health.started_at, "degraded": degraded}))
}

fn json_body(status: StatusCode, body: &Value) -> Response<Bytes> {
    with_type(text(status, format!("{body}\n")), "application/json")
}

fn with_type(mut response: Response<Bytes>, content_type: &'static str) -> Response<Bytes> {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    fn is_from_here(uri: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = http::Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        super::is_from_here(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn web_pages_and_strange_names_are_kept_out() {
        for host in ["localhost", "localhost:13134", "127.0.0.1:13134", "[::1]:13134", "LOCALHOST:1"] {
            assert!(is_from_here("/-/config", &[("host", host)]), "{host}");
            assert!(
                !is_from_here("/-/config", &[("host", host), ("origin", "http://localhost:13134")]),
                "{host}"
            );
        }
        for host in ["evil.example", "localhost.evil.example:13134", "10.0.0.1:13134", "0.0.0.0:1", "", "a b"]
        {
            assert!(!is_from_here("/-/config", &[("host", host)]), "{host}");
        }
        assert!(!is_from_here("/-/config", &[]));
        assert!(is_from_here("http://localhost:13134/-/config", &[]), "HTTP/2");
        assert!(!is_from_here("http://evil.example/-/config", &[("host", "localhost")]));
    }
}
