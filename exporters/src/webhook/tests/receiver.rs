//! A webhook receiver on hyper, which answers as it is told and shows what it got.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

pub(super) struct Receiver {
    pub(super) url: String,
    answers: Answers,
    pause: Arc<Mutex<Duration>>,
    requests: UnboundedReceiver<Received>,
}

/// Status, and one more header.
type Answers = Arc<Mutex<VecDeque<(u16, Option<(&'static str, &'static str)>)>>>;

pub(super) struct Received {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Receiver {
    /// Answers 200 until it is told otherwise.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let answers = Answers::default();
        let (sender, requests) = unbounded_channel();
        let pause = Arc::default();
        tokio::spawn(serve(listener, answers.clone(), Arc::clone(&pause), sender));
        Self { url, answers, pause, requests }
    }

    /// The next answers; 200 after them.
    pub(super) fn answer(&self, answers: &[u16]) {
        self.answers.lock().unwrap().extend(answers.iter().map(|status| (*status, None)));
    }

    pub(super) fn answer_with(&self, status: u16, name: &'static str, value: &'static str) {
        self.answers.lock().unwrap().push_back((status, Some((name, value))));
    }

    /// How long every answer takes from now on.
    pub(super) fn answer_after(&self, pause: Duration) {
        *self.pause.lock().unwrap() = pause;
    }

    pub(super) async fn next(&mut self) -> Received {
        self.requests.recv().await.unwrap()
    }

    /// What came since the last look.
    pub(super) fn all(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

async fn serve(
    listener: TcpListener,
    answers: Answers,
    pause: Arc<Mutex<Duration>>,
    requests: UnboundedSender<Received>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (answers, pause, requests) = (answers.clone(), pause.clone(), requests.clone());
        let service = service_fn(move |request| {
            let (answers, requests) = (answers.clone(), requests.clone());
            let pause = *pause.lock().unwrap();
            handle(request, answers, pause, requests)
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn handle(
    request: Request<Incoming>,
    answers: Answers,
    pause: Duration,
    requests: UnboundedSender<Received>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = head.uri.to_string();
    // A test that has seen enough no longer listens.
    requests.send(Received { method: head.method, path, headers: head.headers, body }).ok();
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let (status, header) = answers.lock().unwrap().pop_front().unwrap_or((200, None));
    let mut response = Response::builder().status(status);
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    Ok(response.body(Full::from(format!("status\n{status}"))).unwrap())
}
