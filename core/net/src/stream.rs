//! Connected sockets, TCP or Unix, with TLS or without.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rand::seq::SliceRandom;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

pub use crate::listener::{Listener, Sockets};

/// Where a server listens or a client connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `host:port`.
    Tcp(String),
    /// The path of a Unix domain socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
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

pub(crate) fn explain(error: &io::Error, what: &str) -> io::Error {
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
