//! A server takes over from another on the same socket, and no request is lost.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tidewatch_net::{
    config::HttpClientConfig,
    grpc::{self, Channel, ChannelOptions, Reply, UnaryService},
    http::{HttpService, ServerOptions, text},
    served::Served,
    stream::{Address, Sockets},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
};

/// Says which server it is.
struct Named(usize);

impl HttpService for Named {
    async fn call(&self, _: Request<Bytes>) -> Response<Bytes> {
        text(StatusCode::OK, self.0.to_string())
    }
}

impl UnaryService for Named {
    fn knows(&self, _: &str) -> bool {
        true
    }

    async fn call(&self, _: grpc::Request) -> Reply {
        tokio::task::yield_now().await;
        Ok(Bytes::from(self.0.to_string()))
    }
}

/// The address of a first server's sockets.
async fn first() -> (Sockets, tidewatch_net::stream::Listener, Address) {
    let sockets = Sockets::default();
    let listener = sockets.bind(&Address::Tcp("127.0.0.1:0".into())).await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap().to_string());
    (sockets, listener, address)
}

/// Runs `request` over and over, from four tasks, until `changes` are over. Returns how many there were.
async fn under_load<F: Future<Output = ()> + Send>(
    request: impl Fn() -> F + Clone + Send + 'static,
    changes: impl Future<Output = ()>,
) -> usize {
    let done = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (request, done) = (request.clone(), done.clone());
            tokio::spawn(async move {
                loop {
                    request().await;
                    done.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    changes.await;
    for task in tasks {
        assert!(!task.is_finished(), "a request failed");
        task.abort();
    }
    done.load(Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_clients_lose_no_request() {
    let (mut sockets, listener, address) = first().await;
    let mut server = Served::start(listener, Named(0), ServerOptions::default());
    let url = format!("http://{address}/");
    let client = HttpClientConfig::default().client().unwrap();
    let request = move || {
        let (client, url) = (client.clone(), url.clone());
        async move {
            let response = client.send(Request::get(url).body(Bytes::new()).unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
        }
    };
    let mut old_ones = Vec::new();
    let requests = under_load(request, async {
        for round in 1..=30 {
            let next = sockets.of_another();
            sockets.offer(true);
            let listener = next.bind(&address).await.unwrap();
            // Each third has to let go of its clients.
            let options = if round % 3 == 0 { others() } else { ServerOptions::default() };
            let new = Served::start(listener, Named(round), options);
            let old = std::mem::replace(&mut server, new);
            old_ones.push(tokio::spawn(old.stop()));
            sockets = next;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(requests > 100, "{requests}");
    server.stop().await;
    for old in old_ones {
        old.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_clients_lose_no_call() {
    let (mut sockets, listener, address) = first().await;
    let serve = |listener, round| {
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let service = Arc::new(Named(round));
        // Each third has to let go of its clients.
        let max_headers = if round % 3 == 0 { 17 << 10 } else { 16 << 10 };
        let options = grpc::ServerOptions { max_headers, ..grpc::ServerOptions::default() };
        (stop, tokio::spawn(grpc::serve(listener, service, options, stopped)))
    };
    let mut server = serve(listener, 0);
    let channel = Arc::new(Channel::new(&address, ChannelOptions::default()).unwrap());
    let request = move || {
        let channel = channel.clone();
        async move {
            let path = "/a/b".parse().unwrap();
            channel.call(&path, &http::HeaderMap::new(), Bytes::new(), None).await.unwrap();
        }
    };
    let mut old_ones = Vec::new();
    let requests = under_load(request, async {
        for round in 1..=30 {
            let next = sockets.of_another();
            sockets.offer(true);
            let listener = next.bind(&address).await.unwrap();
            let (stop, old) = std::mem::replace(&mut server, serve(listener, round));
            stop.send(()).unwrap();
            old_ones.push(old);
            sockets = next;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(requests > 100, "{requests}");
    for old in old_ones {
        old.await.unwrap();
    }
}

/// Options under which connections of servers with the default ones cannot go on.
fn others() -> ServerOptions {
    ServerOptions { idle_timeout: Duration::from_secs(61), ..ServerOptions::default() }
}

/// One request on a raw connection; the answer.
async fn ask(connection: &mut TcpStream) -> String {
    connection.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.unwrap());
    }
    head.push(connection.read_u8().await.unwrap());
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn connections_go_on_where_nothing_is_settled_otherwise() {
    let (mut sockets, listener, address) = first().await;
    let mut server = Served::start(listener, Named(0), ServerOptions::default());
    let mut client = TcpStream::connect(address.to_string()).await.unwrap();
    for number in 0..5 {
        assert!(ask(&mut client).await.ends_with(&format!("\r\n\r\n{number}")));
        let next = sockets.of_another();
        sockets.offer(true);
        let options = ServerOptions { max_body: number, ..ServerOptions::default() };
        let new = Served::start(next.bind(&address).await.unwrap(), Named(number + 1), options);
        std::mem::replace(&mut server, new).stop().await;
        sockets = next;
    }
    let answer = ask(&mut client).await;
    assert!(answer.ends_with('5') && !answer.contains("connection: close"), "{answer}");
    server.stop().await;
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "the last one closes it");
}

#[tokio::test]
async fn a_silent_client_learns_it_from_its_next_answer() {
    let (sockets, listener, address) = first().await;
    let old = Served::start(listener, Named(1), ServerOptions::default());
    let mut idle = TcpStream::connect(address.to_string()).await.unwrap();
    assert!(!ask(&mut idle).await.contains("connection: close"));

    sockets.offer(true);
    let successor = sockets.of_another().bind(&address).await.unwrap();
    let new = Served::start(successor, Named(2), others());
    let stopping = tokio::spawn(old.stop());
    let mut fresh = TcpStream::connect(address.to_string()).await.unwrap();
    assert!(!ask(&mut fresh).await.contains("connection: close"), "the successor's");
    assert!(ask(&mut idle).await.contains("connection: close"), "its last");
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
    stopping.await.unwrap();
    new.stop().await;
}

#[tokio::test]
async fn nobody_is_waited_for_once_the_successor_is_gone_too() {
    let (sockets, listener, address) = first().await;
    let old = Served::start(listener, Named(1), ServerOptions::default());
    let mut idle = TcpStream::connect(address.to_string()).await.unwrap();
    ask(&mut idle).await;
    sockets.offer(true);
    let successor = sockets.of_another().bind(&address).await.unwrap();
    let stopping = tokio::spawn(old.stop());
    drop(successor);
    stopping.await.unwrap();
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
}
