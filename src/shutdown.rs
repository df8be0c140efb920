//! The signals that end the agent, and the one that has it read its configuration again.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGINT (Ctrl-C), SIGTERM and SIGHUP.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Kept for its handler alone: a file that may not grow any more is an error of writing, not the end.
    _file_size: Signal,
}

/// SIGXFSZ, as Linux numbers it.
const FILE_SIZE: i32 = 25;

/// One that ends the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Termination {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Termination {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// What a shell says of a process that the signal ended.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl Signals {
    /// From now on these signals end nothing by themselves.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE))?,
        })
    }

    /// The next one that ends the agent.
    pub(crate) async fn termination(&mut self) -> Termination {
        tokio::select! {
            _ = self.interrupt.recv() => Termination::Interrupt,
            _ = self.terminate.recv() => Termination::Terminate,
        }
    }

    /// The next one of all: none is SIGHUP. One that came before is not forgotten.
    pub(crate) async fn next(&mut self) -> Option<Termination> {
        tokio::select! {
            _ = self.interrupt.recv() => Some(Termination::Interrupt),
            _ = self.terminate.recv() => Some(Termination::Terminate),
            _ = self.hangup.recv() => None,
        }
    }
}
