//! A service that does what the tests ask for, and what it takes to run it.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tidewatch_net::grpc::{
    Channel, ChannelOptions, Code, Reply, Request, ServerOptions, Status, UnaryService, serve,
};
use tidewatch_net::stream::{Address, Listener};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

/// Marker: start the echo service.
pub(crate) struct Echo;

/// `/test/echo` echoes, `/test/fail` fails, `/test/hang` never answers, `/test/wait` waits for a release.
pub(crate) struct EchoService {
    begun: watch::Sender<usize>,
    hung_up: Arc<watch::Sender<usize>>,
    release: Arc<Notify>,
    refused: Mutex<Vec<Status>>,
    peers: Mutex<HashSet<Option<SocketAddr>>>,
}

struct OnDrop(Arc<watch::Sender<usize>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count += 1);
    }
}

impl UnaryService for EchoService {
    fn knows(&self, path: &str) -> bool {
        path != "/test/nothing"
    }

    async fn call(&self, request: Request) -> Reply {
        self.begun.send_modify(|count| *count += 1);
        self.peers.lock().unwrap().insert(request.peer);
        match request.path.path() {
            "/test/fail" => Err(Status::new(Code::Unavailable, "full: 100 %, später")
                .retry_after(Duration::from_millis(2500))),
            "/test/panic" => panic!("as asked for"),
            "/test/hang" => {
                let _on_drop = OnDrop(Arc::clone(&self.hung_up));
                std::future::pending().await
            }
            "/test/wait" => {
                self.release.notified().await;
                Ok(request.message)
            }
            _ => Ok(request.message),
        }
    }

    fn refused(&self, _path: &str, status: &Status) {
        self.refused.lock().unwrap().push(status.clone());
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: Address,
    service: Arc<EchoService>,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

pub(crate) async fn start(service: Echo, options: ServerOptions) -> Server {
    start_at(&Address::Tcp("127.0.0.1:0".to_owned()), service, options).await
}

pub(crate) async fn start_at(address: &Address, _service: Echo, options: ServerOptions) -> Server {
    let listener = Listener::bind(address).await.unwrap();
    let address = match listener.local_addr() {
        Some(bound) => Address::Tcp(bound.to_string()),
        None => address.clone(),
    };
    let service = Arc::new(EchoService {
        begun: watch::Sender::new(0),
        hung_up: Arc::new(watch::Sender::new(0)),
        release: Arc::new(Notify::new()),
        refused: Mutex::default(),
        peers: Mutex::default(),
    });
    let (shutdown, stopped) = oneshot::channel();
    let serving = serve(listener, Arc::clone(&service), options, async {
        stopped.await.ok();
    });
    let task = tokio::spawn(serving);
    Server { address, service, shutdown, task }
}

impl Server {
    pub(crate) async fn stop(self) {
        self.shutdown.send(()).unwrap();
        self.task.await.unwrap();
    }

    pub(crate) async fn begun(&self, count: usize) {
        self.service.begun.subscribe().wait_for(|seen| *seen >= count).await.unwrap();
    }

    pub(crate) async fn hung_up(&self, count: usize) {
        self.service.hung_up.subscribe().wait_for(|seen| *seen >= count).await.unwrap();
    }

    pub(crate) fn release(&self) -> Arc<Notify> {
        Arc::clone(&self.service.release)
    }

    pub(crate) fn peers(&self) -> usize {
        self.service.peers.lock().unwrap().len()
    }

    pub(crate) fn refused(&self) -> Vec<Status> {
        self.service.refused.lock().unwrap().clone()
    }
}

pub(crate) fn channel(server: &Server, options: ChannelOptions) -> Channel {
    Channel::new(&server.address, options).unwrap()
}

pub(crate) async fn call(channel: &Channel, path: &str, message: Bytes) -> Reply {
    channel.call(&path.parse().unwrap(), &HeaderMap::new(), message, Some(Duration::from_secs(60))).await
}

pub(crate) async fn echo(channel: &Channel) -> bool {
    call(channel, "/test/echo", Bytes::from_static(b"hello")).await.is_ok()
}

/// Tries until it is true.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    let trying = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), trying).await.expect("it never became true");
}
