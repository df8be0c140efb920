//! The disk: a log for queues, behind a [`storage`] seam that a test can crash.

pub mod log;
pub mod storage;

pub use log::{Compression, Cursor, Damage, Located, Log, LogError, LogOptions, Record, Recovered, Stored};
pub use storage::{Disk, File, Storage};
