//! Connections that do nothing.

use super::{Target, slow::PREFACE};
use crate::process;
use std::{io, net::SocketAddr};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Idle connections, until dropped.
pub struct Idle {
    connections: Vec<TcpStream>,
    /// How many could not be opened.
    pub refused: usize,
}

/// Files that this process and the agent need for everything else.
const RESERVED: usize = 1_000;

impl Idle {
    /// Opens `wanted` connections to the port that good traffic takes, or as many as the system lets one
    /// process have. Nine of ten begin to speak HTTP/2, the others say nothing.
    pub async fn open(target: Target, wanted: usize) -> Self {
        let allowed = usize::try_from(process::raise_open_files()).unwrap_or(usize::MAX);
        let mut idle = Self { connections: Vec::new(), refused: 0 };
        for index in 0..wanted.min(allowed.saturating_sub(RESERVED)) {
            match connect(target.grpc, index % 10 > 0).await {
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
        self.connections.iter().filter(|stream| is_open(stream)).count()
    }
}

async fn connect(address: SocketAddr, speaks: bool) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    if speaks {
        stream.write_all(PREFACE).await?;
    }
    Ok(stream)
}

/// Whatever came so far is read away; then there is nothing, or the end.
fn is_open(stream: &TcpStream) -> bool {
    loop {
        match stream.try_read(&mut [0; 1024]) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}
