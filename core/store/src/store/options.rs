use crate::Compression;
use std::{path::PathBuf, time::Duration};
use tidewatch_telemetry::Metrics;

/// How a store works.
#[derive(Clone)]
pub struct StoreOptions {
    /// What the store is called in metrics, usually the extension's id.
    pub name: String,
    /// Where it is.
    pub directory: PathBuf,
    /// Whether a missing directory is made, with those above it.
    pub create_directory: bool,
    /// The permissions of directories that are made, less the process' umask.
    pub directory_permissions: u32,
    /// How long to wait for another agent to let go of the directory.
    pub lock_timeout: Duration,
    /// When data is on the disk itself.
    pub fsync: Fsync,
    /// With [`Fsync::Interval`]: how often.
    pub fsync_interval: Duration,
    /// How queue logs are written.
    pub compression: Compression,
    /// Whether a state file that cannot be read is put aside; otherwise [`Store::open`](crate::Store::open) fails.
    pub recreate: bool,
    /// Whether the state file is made as small as it can be when it is opened.
    pub compact: bool,
    /// The agent's own metrics.
    pub metrics: Metrics,
}

impl StoreOptions {
    /// The defaults, for a directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            name: "file_storage".into(),
            directory: directory.into(),
            create_directory: true,
            directory_permissions: 0o750,
            lock_timeout: Duration::from_secs(1),
            fsync: Fsync::Always,
            fsync_interval: Duration::from_millis(100),
            compression: Compression::None,
            recreate: true,
            compact: false,
            metrics: Metrics::default(),
        }
    }
}

/// When data is on the disk itself, and not only in the operating system's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fsync {
    /// Before a write counts as done. Nothing that was written is lost.
    #[default]
    Always,
    /// At intervals. For queues, a power failure loses what was written since; a write of state waits for its
    /// interval, and is not lost.
    Interval,
    /// When the operating system does it. A power failure loses what it had not written; of state, possibly all.
    Never,
}
