use crate::StateError;
use std::{io, path::PathBuf};

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is not there, and is not to be made.
    #[error("the directory {} does not exist: make it, or set `create_directory: true`", .0.display())]
    Missing(PathBuf),
    /// Another agent has it.
    #[error("the directory {} is in use by another agent{}", directory.display(), of_pid(*pid))]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The other agent's process id, where it is known.
        pid: Option<u32>,
    },
    /// Two agents could not be told apart.
    #[error(
        "the file system of {} cannot lock files ({error}), so that a second agent could ruin the data: use a \
         local disk", directory.display()
    )]
    NoLock {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Something cannot be made, read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The state.
    #[error("{}: {error}", directory.display())]
    State {
        /// The store's directory.
        directory: PathBuf,
        /// Why.
        error: StateError,
    },
    /// [`Store::open`](crate::Store::open) comes first.
    #[error("the store {} is not open", .0.display())]
    Closed(PathBuf),
    /// No file can have this name.
    #[error("`{0}` is too long for the name of a directory")]
    Name(String),
    /// An exporter uses this queue.
    #[error("the queue of `{0}` is in use")]
    Claimed(String),
}

fn of_pid(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}
