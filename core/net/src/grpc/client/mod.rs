//! Makes unary calls.

mod call;
mod connection;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue, TE, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use self::call::Outgoing;
use self::connection::Connection;
use super::{Code, Reply, Status, headers};
use crate::auth::ClientAuthenticator;
use crate::compression::Encoding;
use crate::stream::Address;

/// The client's side of keepalive, as grpc-go's `keepalive.ClientParameters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKeepalive {
    /// Pings a server that was silent for this long. Default: 10 seconds.
    pub time: Duration,
    /// Gives a connection up if a ping is not answered in this time. Default: 20 seconds.
    pub timeout: Duration,
    /// Whether to ping without an open call. Default: false.
    pub permit_without_stream: bool,
}

impl Default for ClientKeepalive {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), timeout: Duration::from_secs(20), permit_without_stream: false }
    }
}

/// How a channel behaves.
#[derive(Clone, Debug)]
pub struct ChannelOptions {
    /// What is sent as `:authority`. Default: the address.
    pub authority: Option<Authority>,
    /// How messages are compressed. Default: not at all.
    pub encoding: Encoding,
    /// The compression level, on the encoder's own scale. Default: the encoder's default.
    pub level: Option<i32>,
    /// The largest message that is accepted as an answer, in bytes. Default: 4 MiB.
    pub max_message: usize,
    /// How many connections are used in turn. Default: 1.
    pub connections: usize,
    /// How long connecting may take, name lookup and handshakes included. Default: 20 seconds.
    pub connect_timeout: Duration,
    /// How long to wait after a failed attempt to connect; grows by half after each further one. Calls fail
    /// at once meanwhile. Default: 100 milliseconds.
    pub min_backoff: Duration,
    /// Where waiting stops to grow. Default: 5 seconds.
    pub max_backoff: Duration,
    /// What a server may send on a stream ahead of being read, in bytes. Default: 1 MiB.
    pub stream_window: u32,
    /// The largest frame that the server may send, in bytes. Default: 16 KiB.
    pub max_frame: u32,
    /// A message below this size is copied behind its prefix, to be sent as one frame. Default: 64 KiB.
    pub join_below: usize,
    /// Whether calls wait for a connection, instead of failing when there is none. Default: false.
    pub wait_for_ready: bool,
    /// Headers of every request.
    pub headers: HeaderMap,
    /// Who adds credentials to every request.
    pub authenticator: Option<Arc<dyn ClientAuthenticator>>,
    /// TLS, if it is spoken. Its ALPN has to be `h2`.
    pub tls: Option<Arc<ClientConfig>>,
    /// The server's name in TLS. Default: the authority's host.
    pub server_name: Option<ServerName<'static>>,
    /// What is sent as `user-agent`.
    pub user_agent: HeaderValue,
    /// Pings while a connection is in use; `None`: never.
    pub keepalive: Option<ClientKeepalive>,
}

impl Default for ChannelOptions {
    fn default() -> Self {
        Self {
            authority: None,
            encoding: Encoding::Identity,
            level: None,
            max_message: 4 << 20,
            connections: 1,
            connect_timeout: Duration::from_secs(20),
            min_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            stream_window: 1 << 20,
            max_frame: 16 << 10,
            join_below: 64 << 10,
            wait_for_ready: false,
            headers: HeaderMap::new(),
            authenticator: None,
            tls: None,
            server_name: None,
            user_agent: HeaderValue::from_static(concat!("tidewatch/", env!("CARGO_PKG_VERSION"))),
            keepalive: None,
        }
    }
}

/// Connections to one server, made when first needed and made again when lost. Clones share them.
#[derive(Clone)]
pub struct Channel(Arc<Shared>);

struct Shared {
    connections: Vec<Arc<Connection>>,
    next: AtomicUsize,
    scheme: Scheme,
    authority: Authority,
    /// The headers of every request.
    headers: HeaderMap,
    options: Arc<ChannelOptions>,
}

impl Channel {
    /// A channel to `address`. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidArgument`] if the address is not `host:port`.
    pub fn new(address: &Address, options: ChannelOptions) -> Result<Self, Status> {
        let authority = match (&options.authority, address) {
            (Some(authority), _) => authority.clone(),
            (None, Address::Unix(_)) => Authority::from_static("localhost"),
            (None, Address::Tcp(address)) => address.parse().map_err(|error| {
                Status::new(Code::InvalidArgument, format!("{address} is not host:port: {error}"))
            })?,
        };
        let mut headers = options.headers.clone();
        headers.insert(CONTENT_TYPE, headers::CONTENT_TYPE);
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(USER_AGENT, options.user_agent.clone());
        headers.insert(headers::GRPC_ACCEPT_ENCODING, headers::ACCEPTED);
        if options.encoding != Encoding::Identity {
            headers.insert(headers::GRPC_ENCODING, HeaderValue::from_static(options.encoding.name()));
        }
        let name = match &options.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(authority.host().trim_matches(['[', ']']).to_owned())
                .map_err(|error| Status::new(Code::InvalidArgument, format!("{authority}: {error}")))?,
        };
        let scheme = if options.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let options = Arc::new(options);
        let connection = || Arc::new(Connection::new(address.clone(), name.clone(), Arc::clone(&options)));
        Ok(Self(Arc::new(Shared {
            connections: std::iter::repeat_with(connection).take(options.connections.max(1)).collect(),
            next: AtomicUsize::new(0),
            scheme,
            authority,
            headers,
            options,
        })))
    }

    /// Calls `path` with a message. Dropping the future resets the call.
    ///
    /// A call that the server certainly has not seen (it was closing the connection, or refused the stream)
    /// is made once more on another connection.
    ///
    /// # Errors
    ///
    /// The server's status, or what stands for it: [`Code::Unavailable`] when there is no connection,
    /// [`Code::DeadlineExceeded`] when the time is over.
    pub async fn call(
        &self,
        path: &PathAndQuery,
        headers: &HeaderMap,
        message: Bytes,
        timeout: Option<Duration>,
    ) -> Reply {
        let outgoing = Outgoing::new(&self.0, path, headers, message, timeout)?;
        let attempts = async {
            match outgoing.attempt(self.connection()).await {
                Err(failure) if failure.unseen => outgoing.attempt(self.connection()).await,
                result => result,
            }
        };
        let result = match timeout {
            None => attempts.await,
            Some(timeout) => tokio::time::timeout(timeout, attempts).await.unwrap_or_else(|_| {
                let text = format!("no answer within {timeout:?}");
                Err(Status::new(Code::DeadlineExceeded, text).into())
            }),
        };
        result.map_err(|failure| Status { unsent: failure.unseen, ..failure.status })
    }

    fn connection(&self) -> &Arc<Connection> {
        let next = self.0.next.fetch_add(1, Ordering::Relaxed);
        &self.0.connections[next % self.0.connections.len()]
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("authority", &self.0.authority).finish_non_exhaustive()
    }
}
