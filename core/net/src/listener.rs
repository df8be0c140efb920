//! Bound sockets, and how they pass from a server to its successor.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::net::{TcpListener, UnixListener, UnixStream, lookup_host};
use tokio::sync::watch;

use crate::estate::Heir;
use crate::stream::{Address, Stream, explain};

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: Arc<Socket>,
    sharers: Arc<Sharers>,
}

#[derive(Debug)]
enum Socket {
    /// TCP; `TCP_NODELAY` is set on what it accepts.
    Tcp(TcpListener),
    /// A Unix domain socket.
    Unix(UnixListener),
}

/// How many listeners share one socket of the kernel, and so its queue of connections.
#[derive(Debug)]
pub(crate) struct Sharers {
    listeners: watch::Sender<usize>,
    /// Which of them goes on with the connections of the others.
    pub(crate) heir: Heir,
}

impl Sharers {
    /// Whether there is no listener left.
    pub(crate) fn are_gone(&self) -> bool {
        *self.listeners.borrow() == 0
    }

    /// Waits until no listener is left.
    pub(crate) async fn gone(&self) {
        // The sender is `self`, so this ends only when it is so.
        self.listeners.subscribe().wait_for(|listeners| *listeners == 0).await.ok();
    }
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
            Address::Tcp(text) => match resolve(text).await {
                Ok(addresses) => TcpListener::bind(&addresses[..]).await.map(Socket::Tcp),
                Err(error) => Err(error),
            },
            Address::Unix(path) => {
                let is_socket = std::fs::metadata(path).is_ok_and(|file| file.file_type().is_socket());
                if is_socket && UnixStream::connect(path).await.is_err() {
                    std::fs::remove_file(path).ok();
                }
                UnixListener::bind(path).map(Socket::Unix)
            }
        }
        .map(|socket| {
            Self::new(socket, Arc::new(Sharers { listeners: watch::Sender::new(0), heir: Heir::default() }))
        })
        .map_err(|error| explain(&error, &format!("cannot listen on {address}")))
    }

    fn new(socket: Socket, sharers: Arc<Sharers>) -> Self {
        sharers.listeners.send_modify(|listeners| *listeners += 1);
        Self { socket: Arc::new(socket), sharers }
    }

    /// The address that was bound; `None` for a Unix socket.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next connection and the peer's address, which a Unix socket does not have.
    ///
    /// # Errors
    ///
    /// The system's error: too many open files, or a connection that is gone already.
    pub async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match &*self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), Some(peer)))
            }
            Socket::Unix(listener) => Ok((Stream::Unix(listener.accept().await?.0), None)),
        }
    }

    /// Those who share its socket, of whom it is one until it is dropped.
    pub(crate) fn sharers(&self) -> &Arc<Sharers> {
        &self.sharers
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.sharers.listeners.send_modify(|listeners| *listeners -= 1);
    }
}

impl Socket {
    fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// Another handle of the same socket.
    fn duplicate(&self) -> io::Result<Self> {
        let duplicate: OwnedFd = self.as_fd().try_clone_to_owned()?;
        Ok(match self {
            Self::Tcp(_) => Self::Tcp(TcpListener::from_std(duplicate.into())?),
            Self::Unix(_) => Self::Unix(UnixListener::from_std(duplicate.into())?),
        })
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

/// The addresses of `host:port`, IPv4 first.
async fn resolve(address: &str) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = lookup_host(address).await?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    Ok(addresses)
}

/// The sockets of one owner, such as a receiver. When a successor takes over from it, the successor gets the very
/// sockets, so that no connection is refused meanwhile.
#[derive(Clone, Debug)]
pub struct Sockets {
    owner: u64,
    table: Arc<Mutex<Vec<Bound>>>,
}

/// A socket of the table.
#[derive(Debug)]
struct Bound {
    owner: u64,
    /// As it was written.
    address: Address,
    socket: Weak<Socket>,
    sharers: Weak<Sharers>,
    /// Its owner is about to go, and nobody has taken it yet.
    offered: bool,
    /// Somebody could not bind for it, to an address that is not the same, and not free either.
    in_the_way: bool,
}

impl Default for Sockets {
    fn default() -> Self {
        Self { owner: next_owner(), table: Arc::default() }
    }
}

fn next_owner() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Relaxed)
}

impl Sockets {
    /// Those of another owner, who may take over from this one and all others of the same table.
    #[must_use]
    pub fn of_another(&self) -> Self {
        Self { owner: next_owner(), table: self.table.clone() }
    }

    /// Binds to `address` as [`Listener::bind`] does, or takes over the socket of somebody who
    /// [offers](Self::offer) his.
    ///
    /// # Errors
    ///
    /// The system's error, with the address in its text.
    pub async fn bind(&self, address: &Address) -> io::Result<Listener> {
        let resolved = match address {
            Address::Tcp(text) => resolve(text).await.unwrap_or_default(),
            Address::Unix(_) => Vec::new(),
        };
        let listener = match self.take_over(address, resolved.first())? {
            Some(listener) => listener,
            None => Listener::bind(address).await.inspect_err(|error| {
                if error.kind() == io::ErrorKind::AddrInUse {
                    self.blame(&resolved);
                }
            })?,
        };
        let mut table = self.lock();
        table.retain(|bound| bound.socket.strong_count() > 0);
        table.push(Bound {
            owner: self.owner,
            address: address.clone(),
            socket: Arc::downgrade(&listener.socket),
            sharers: Arc::downgrade(&listener.sharers),
            offered: false,
            in_the_way: false,
        });
        drop(table);
        Ok(listener)
    }

    fn take_over(&self, address: &Address, resolved: Option<&SocketAddr>) -> io::Result<Option<Listener>> {
        for bound in self.lock().iter_mut().filter(|bound| bound.offered) {
            let (Some(socket), Some(sharers)) = (bound.socket.upgrade(), bound.sharers.upgrade()) else {
                continue;
            };
            let same_place = resolved.is_some() && socket.local_addr().as_ref() == resolved;
            if bound.address == *address || same_place {
                bound.offered = false;
                return Ok(Some(Listener::new(socket.duplicate()?, sharers)));
            }
        }
        Ok(None)
    }

    /// From now on, or no longer, whoever binds an address of this owner gets its socket.
    pub fn offer(&self, offered: bool) {
        for bound in self.lock().iter_mut().filter(|bound| bound.owner == self.owner) {
            bound.offered = offered;
            bound.in_the_way = false;
        }
    }

    /// Whether somebody who could have taken over one of this owner's sockets wants its port, but another address:
    /// of `localhost` and all addresses only one can be bound at a time.
    #[must_use]
    pub fn are_in_the_way(&self) -> bool {
        self.lock().iter().any(|bound| bound.owner == self.owner && bound.in_the_way)
    }

    fn blame(&self, wanted: &[SocketAddr]) {
        for bound in self.lock().iter_mut().filter(|bound| bound.offered) {
            let port = bound.socket.upgrade().and_then(|socket| socket.local_addr()).map(|addr| addr.port());
            bound.in_the_way |= wanted.iter().any(|wanted| Some(wanted.port()) == port);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Bound>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(address: impl std::fmt::Display) -> Address {
        Address::Tcp(address.to_string())
    }

    #[tokio::test]
    async fn a_socket_passes_only_from_who_offers_it() {
        let first = Sockets::default();
        let second = first.of_another();
        let old = first.bind(&tcp("127.0.0.1:0")).await.unwrap();
        let address = tcp(old.local_addr().unwrap());
        assert_eq!(second.bind(&address).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        first.offer(true);
        let new = second.bind(&address).await.unwrap();
        assert_eq!(new.local_addr(), old.local_addr());
        assert!(second.bind(&address).await.is_err(), "there is one successor");
        first.offer(false);
        assert!(second.of_another().bind(&address).await.is_err());
    }

    #[tokio::test]
    async fn a_connection_that_waits_is_accepted_by_the_successor() {
        let first = Sockets::default();
        let old = first.bind(&tcp("127.0.0.1:0")).await.unwrap();
        let address = old.local_addr().unwrap();
        let mut waiting = std::net::TcpStream::connect(address).unwrap();
        first.offer(true);
        let new = first.of_another().bind(&tcp(format!("localhost:{}", address.port()))).await.unwrap();
        let sharers = old.sharers().clone();
        drop(old);
        assert!(!sharers.are_gone());
        let (_, peer) = new.accept().await.unwrap();
        assert_eq!(peer, waiting.local_addr().ok());
        io::Write::write_all(&mut waiting, b"still there").unwrap();
        drop(new);
        sharers.gone().await;
        assert!(std::net::TcpStream::connect(address).is_err());
    }

    #[tokio::test]
    async fn who_is_in_the_way_is_known() {
        let first = Sockets::default();
        let other = first.of_another();
        let old = first.bind(&tcp("127.0.0.1:0")).await.unwrap();
        let far = other.bind(&tcp("127.0.0.1:0")).await.unwrap();
        let all = tcp(format!("0.0.0.0:{}", old.local_addr().unwrap().port()));
        assert!(first.of_another().bind(&all).await.is_err());
        assert!(!first.are_in_the_way(), "it has not been asked to go");
        first.offer(true);
        other.offer(true);
        assert!(first.of_another().bind(&all).await.is_err());
        assert!(first.are_in_the_way() && !other.are_in_the_way());
        drop((old, far));
        first.of_another().bind(&all).await.unwrap();
    }

    #[tokio::test]
    async fn a_unix_socket_passes_too() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Unix(folder.path().join("socket"));
        let first = Sockets::default();
        let old = first.bind(&address).await.unwrap();
        assert!(first.bind(&address).await.is_err());
        first.offer(true);
        let new = first.of_another().bind(&address).await.unwrap();
        drop(old);
        let (connected, accepted) = tokio::join!(Stream::connect(&address), new.accept());
        assert!(connected.is_ok() && accepted.is_ok());
    }
}
