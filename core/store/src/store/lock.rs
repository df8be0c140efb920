//! One agent for each directory.

use crate::StoreError;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
    time::{Duration, Instant},
};

/// The file's name.
const NAME: &str = "LOCK";

/// Held as long as this lives. The file stays: whoever removed it would let two in.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock; whoever holds it may let go within `patience`.
    pub(crate) fn take(directory: &Path, patience: Duration) -> Result<Self, StoreError> {
        let path = directory.join(NAME);
        let failed = |error| StoreError::Io { path: path.clone(), error };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Err(in_use(directory, &mut file)),
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::NoLock { directory: directory.to_owned(), error });
                }
            }
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        // Only for people; a full disk must not keep the agent from what it has.
        if let Err(error) = write(&mut file) {
            tracing::warn!(%error, path = %path.display(), "the process id is not written");
        }
        Ok(Self { _file: file })
    }
}

fn in_use(directory: &Path, file: &mut File) -> StoreError {
    let mut pid = String::new();
    let read = file.take(32).read_to_string(&mut pid);
    let pid = read.ok().and_then(|_| pid.trim().parse().ok());
    StoreError::InUse { directory: directory.to_owned(), pid }
}
