//! Connections that do nothing.

use super::Target;
use crate::process;
use tokio::net::TcpStream;

/// Idle connections, until dropped.
pub struct Idle {
    connections: Vec<TcpStream>,
    /// How many could not be opened.
    pub refused: usize,
}

/// Files that this process and the agent need for everything else.
const RESERVED: usize = 1_000;

impl Idle {
    /// Opens `wanted` connections, half to each port, or as many as the system lets one process have.
    pub async fn open(target: Target, wanted: usize) -> Self {
        let allowed = usize::try_from(process::raise_open_files()).unwrap_or(usize::MAX);
        let mut idle = Self { connections: Vec::new(), refused: 0 };
        for index in 0..wanted.min(allowed.saturating_sub(RESERVED)) {
            let address = if index % 2 == 0 { target.grpc } else { target.http };
            match TcpStream::connect(address).await {
                Ok(stream) => idle.connections.push(stream),
                Err(_) => idle.refused += 1,
            }
        }
        idle
    }

    /// How many were opened.
    pub fn opened(&self) -> usize {
        self.connections.len()
    }

    /// How many the agent has not closed yet.
    pub fn still_open(&self) -> usize {
        let is_open = |stream: &&TcpStream| matches!(stream.try_read(&mut [0; 64]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
        self.connections.iter().filter(is_open).count()
    }
}
