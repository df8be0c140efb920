//! The disk: a log for queues, and state, behind a [`storage`] seam that a test can crash.

pub mod log;
pub mod state;
pub mod storage;
pub mod store;

pub use log::{Compression, Cursor, Damage, Located, Log, LogError, LogOptions, Record, Recovered, Stored};
pub use state::{Change, Entry, OwnerSummary, State, StateError};
pub use storage::{Disk, File, Storage};
pub use store::{Fsync, QueueSummary, Store, StoreError, StoreOptions};

pub(crate) use store::StoreMetrics;
