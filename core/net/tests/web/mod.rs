//! An HTTP service that does what the tests ask for, and what it takes to run it.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use tidewatch_net::http::{HttpService, Peer, ServerOptions, serve, text};
use tidewatch_net::stream::{Address, Listener};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Echoes, with the peer and what was asked in headers.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) begun: Notify,
    pub(crate) release: Notify,
    pub(crate) refused: Mutex<Vec<StatusCode>>,
}

impl HttpService for Echo {
    fn refuse(&self, head: &Parts) -> Option<Response<Bytes>> {
        (head.uri.path() == "/nothing").then(|| text(StatusCode::NOT_FOUND, "nothing here"))
    }

    async fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        match request.uri().path() {
            "/wait" => {
                self.begun.notify_one();
                self.release.notified().await;
            }
            "/panic" => panic!("as asked for"),
            path @ ("/redirect" | "/found") => {
                let keeps = path == "/redirect";
                let status = if keeps { StatusCode::TEMPORARY_REDIRECT } else { StatusCode::FOUND };
                let mut response = text(status, "");
                response.headers_mut().insert("location", HeaderValue::from_static("/"));
                return response;
            }
            "/large" => return Response::new(vec![0; 8 << 20].into()),
            _ => {}
        }
        let Peer(peer) = *request.extensions().get().unwrap();
        let mut response = Response::new(request.body().clone());
        response.headers_mut().insert("x-peer", peer.unwrap().to_string().parse().unwrap());
        if let Some(value) = request.headers().get("x-echo") {
            response.headers_mut().insert("x-echo", value.clone());
        }
        response
    }

    fn refused(&self, _head: &Parts, answer: Response<Bytes>) -> Response<Bytes> {
        self.refused.lock().unwrap().push(answer.status());
        answer
    }
}

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) service: Arc<Echo>,
    pub(crate) shutdown: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<()>,
}

pub(crate) async fn start(options: ServerOptions) -> Server {
    let listener = Listener::bind(&Address::Tcp("localhost:0".to_owned())).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let service = Arc::new(Echo::default());
    let (shutdown, stopped) = oneshot::channel();
    let stopped = async { stopped.await.unwrap_or_default() };
    let task = tokio::spawn(serve(listener, Arc::clone(&service), options, stopped));
    Server { address, service, shutdown, task }
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn refused(&self) -> Vec<StatusCode> {
        self.service.refused.lock().unwrap().clone()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.send(()).unwrap();
        self.task.await.unwrap();
    }
}

pub(crate) fn clients() -> [reqwest::Client; 2] {
    let builder = || reqwest::Client::builder().no_proxy();
    // reqwest wants a TLS configuration even where none is spoken.
    let tls = || (*tidewatch_net::tls::TlsClientConfig::default().build(&[]).unwrap()).clone();
    [
        builder().tls_backend_preconfigured(tls()).build().unwrap(),
        builder().tls_backend_preconfigured(tls()).http2_prior_knowledge().build().unwrap(),
    ]
}
