//! The signals that end the agent, and the one that does not.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGINT (Ctrl-C) and SIGTERM.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Kept for its handler alone: a file that may not grow any more is an error of writing, not the end.
    _file_size: Signal,
}

/// SIGXFSZ, as Linux numbers it.
const FILE_SIZE: i32 = 25;

/// One of them came.
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

    /// The next one. SIGHUP, with which others are told to read their configuration anew, ends nothing.
    pub(crate) async fn next(&mut self) -> Termination {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return Termination::Interrupt,
                _ = self.terminate.recv() => return Termination::Terminate,
                _ = self.hangup.recv() => {
                    tracing::warn!("SIGHUP does nothing: for a changed configuration, start the agent anew");
                }
            }
        }
    }
}
