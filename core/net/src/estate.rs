//! The connections of a server, and how a successor goes on with them.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::accept::Phase;

/// What all connections of a server share.
pub(crate) trait Shared: Send + Sync + 'static {
    /// Whether a connection that began under `self` may go on under `successor`: nothing that was settled at its
    /// start is another there.
    fn may_go_on_with(&self, successor: &Self) -> bool;
}

/// What is shared by the server that a connection belongs to now.
pub(crate) struct Current<T>(watch::Receiver<Arc<T>>);

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Current<T> {
    pub(crate) fn get(&self) -> Arc<T> {
        self.0.borrow().clone()
    }
}

/// Connections that began at one server.
pub(crate) struct Estate<T> {
    pub(crate) connections: JoinSet<()>,
    pub(crate) phase: watch::Sender<Phase>,
    shared: watch::Sender<Arc<T>>,
}

impl<T: Shared> Estate<T> {
    pub(crate) fn new(shared: Arc<T>) -> Self {
        let phase = watch::Sender::new(Phase::Serving);
        Self { connections: JoinSet::new(), phase, shared: watch::Sender::new(shared) }
    }

    pub(crate) fn current(&self) -> Current<T> {
        Current(self.shared.subscribe())
    }

    /// Whether a connection has ended just now.
    pub(crate) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.connections.poll_join_next(cx) {
            Poll::Ready(Some(_)) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }
}

/// Where a server gets the connections of its predecessors.
pub(crate) struct Inheritance<T>(mpsc::UnboundedReceiver<Estate<T>>);

impl<T: Shared> Inheritance<T> {
    /// The next, which belong to `shared` from now on.
    pub(crate) async fn next(&mut self, shared: &Arc<T>) -> Estate<T> {
        match self.0.recv().await {
            Some(estate) => {
                estate.shared.send_replace(shared.clone());
                estate
            }
            None => std::future::pending().await,
        }
    }

    /// Takes no more. Gives out what has come already.
    pub(crate) fn close(&mut self) -> Vec<Estate<T>> {
        self.0.close();
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// The last server that began to listen on a socket.
#[derive(Debug, Default)]
pub(crate) struct Heir(Mutex<Option<Box<dyn Any + Send>>>);

type Known<T> = (Arc<T>, mpsc::UnboundedSender<Estate<T>>);

impl Heir {
    /// From now on it is this one.
    pub(crate) fn announce<T: Shared>(&self, shared: Arc<T>) -> Inheritance<T> {
        let (sender, estates) = mpsc::unbounded_channel();
        let known: Known<T> = (shared, sender);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(known));
        Inheritance(estates)
    }

    /// Leaves it the connections of `own`, if they may go on there. Gives back those that may not.
    pub(crate) fn bequeath<T: Shared>(&self, own: &Arc<T>, estates: Vec<Estate<T>>) -> Vec<Estate<T>> {
        let heir = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heir.as_ref().and_then(|heir| heir.downcast_ref::<Known<T>>());
        match known.filter(|(shared, _)| !Arc::ptr_eq(shared, own) && own.may_go_on_with(shared)) {
            Some((_, sender)) => estates
                .into_iter()
                .filter_map(|estate| sender.send(estate).err().map(|back| back.0))
                .collect(),
            None => estates,
        }
    }
}
