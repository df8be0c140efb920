//! A server as whoever starts and stops it sees it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::http::{HttpService, ServerOptions, serve};
use crate::stream::Listener;

/// An HTTP server in a task of its own. Dropping it stops it, too, without waiting for its end.
#[derive(Debug)]
pub struct Served {
    address: Option<SocketAddr>,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Served {
    /// Serves `service` on `listener` from now on.
    #[must_use]
    pub fn start<S: HttpService>(listener: Listener, service: S, options: ServerOptions) -> Self {
        let address = listener.local_addr();
        let (shutdown, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, Arc::new(service), options, async {
            // A dropped sender means the same.
            stopped.await.ok();
        }));
        Self { address, shutdown, task }
    }

    /// The address that was bound; `None` for a Unix socket.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Closes the port, and waits for the requests under way as long as the options allow.
    pub async fn stop(self) {
        self.shutdown.send(()).ok();
        // Only a panic can fail here, and that has been logged.
        self.task.await.ok();
    }
}
