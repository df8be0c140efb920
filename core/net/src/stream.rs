//! Listeners and connected sockets, TCP or Unix, with TLS or without.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rand::seq::SliceRandom;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream, lookup_host};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// Where a server listens or a client connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `host:port`.
    Tcp(String),
    /// The path of a Unix domain socket.
    Unix(PathBuf),
}

/// A bound socket.
#[derive(Debug)]
pub enum Listener {
    /// TCP; `TCP_NODELAY` is set on what it accepts.
    Tcp(TcpListener),
    /// A Unix domain socket.
    Unix(UnixListener),
}

/// A connected socket.
#[derive(Debug)]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix domain socket.
    Unix(UnixStream),
    /// TLS on one of the others.
    Tls(Box<TlsStream<Self>>),
}

impl Listener {
    /// Binds to `address`. A name is taken for its IPv4 address if it has one, as Go does, so that `localhost` is
    /// where everybody looks for it. A Unix socket that nobody listens on any more is replaced.
    ///
    /// # Errors
    ///
    /// The system's error, with the address in its text.
    pub async fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => bind_tcp(address)
                .await
                .map(Self::Tcp)
                .map_err(|error| explain(&error, &format!("cannot listen on {address}"))),
            Address::Unix(path) => {
                let is_socket = std::fs::metadata(path).is_ok_and(|file| file.file_type().is_socket());
                if is_socket && UnixStream::connect(path).await.is_err() {
                    std::fs::remove_file(path).ok();
                }
                UnixListener::bind(path)
                    .map(Self::Unix)
                    .map_err(|error| explain(&error, &format!("cannot listen on {}", path.display())))
            }
        }
    }

    /// The address that was bound; `None` for a Unix socket.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// The next connection and the peer's address, which a Unix socket does not have.
    ///
    /// # Errors
    ///
    /// The system's error: too many open files, or a connection that is gone already.
    pub async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), Some(peer)))
            }
            Self::Unix(listener) => Ok((Stream::Unix(listener.accept().await?.0), None)),
        }
    }
}

impl Stream {
    /// Connects to `address`, with `TCP_NODELAY`. The addresses of a name are tried in random order, so that the
    /// connections of many clients spread over them.
    ///
    /// # Errors
    ///
    /// The system's error, with the address in its text.
    pub async fn connect(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => {
                let connected = connect_tcp(address).await;
                let stream =
                    connected.map_err(|error| explain(&error, &format!("cannot connect to {address}")))?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            Address::Unix(path) => UnixStream::connect(path)
                .await
                .map(Self::Unix)
                .map_err(|error| explain(&error, &format!("cannot connect to {}", path.display()))),
        }
    }

    /// Speaks TLS as a server.
    ///
    /// # Errors
    ///
    /// If the handshake fails.
    pub async fn accept_tls(self, config: Arc<ServerConfig>) -> io::Result<Self> {
        let stream = TlsAcceptor::from(config).accept(self).await?;
        Ok(Self::Tls(Box::new(TlsStream::Server(stream))))
    }

    /// Speaks TLS as a client that expects a server of this name.
    ///
    /// # Errors
    ///
    /// If the handshake fails.
    pub async fn connect_tls(self, config: Arc<ClientConfig>, name: ServerName<'static>) -> io::Result<Self> {
        let stream = TlsConnector::from(config).connect(name, self).await?;
        Ok(Self::Tls(Box::new(TlsStream::Client(stream))))
    }
}

async fn connect_tcp(address: &str) -> io::Result<TcpStream> {
    let mut addresses: Vec<SocketAddr> = lookup_host(address).await?.collect();
    // Which of IPv4 and IPv6 goes first is for the resolver to say.
    let ipv6_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    addresses.shuffle(&mut rand::rng());
    addresses.sort_by_key(|address| address.is_ipv6() != ipv6_first);
    TcpStream::connect(&addresses[..]).await
}

async fn bind_tcp(address: &str) -> io::Result<TcpListener> {
    let mut addresses: Vec<SocketAddr> = lookup_host(address).await?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    TcpListener::bind(&addresses[..]).await
}

fn explain(error: &io::Error, what: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// Hands a call on to whichever socket it is.
macro_rules! each {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self {
            Stream::Tcp($stream) => $call,
            Stream::Unix($stream) => $call,
            Stream::Tls($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}
