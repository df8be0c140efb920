//! Redb's view of a file of ours.

use crate::{File, Storage};
use redb::StorageBackend;
use std::{
    fmt,
    io::{self, ErrorKind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

pub(super) struct Backend {
    file: Box<dyn File>,
    /// False: only the end of the work is synced.
    sync: bool,
    sync_failed: Arc<AtomicBool>,
}

impl Backend {
    /// Opens a file, or makes it.
    pub(super) fn open(
        storage: &dyn Storage,
        name: &str,
        sync: bool,
        sync_failed: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let file = match storage.open(name) {
            Err(error) if error.kind() == ErrorKind::NotFound => storage.create(name)?,
            opened => opened?,
        };
        Ok(Self { file, sync, sync_failed })
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read(&self, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        while !out.is_empty() {
            let read = self.file.read_at(out, offset)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            out = &mut out[read..];
            offset += read as u64;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_length(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if !self.sync {
            return Ok(());
        }
        self.file.sync().inspect_err(|_| self.sync_failed.store(true, Relaxed))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_at(data, offset)
    }

    fn close(&self) -> io::Result<()> {
        if self.sync { Ok(()) } else { self.file.sync() }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Backend").field("sync", &self.sync).finish_non_exhaustive()
    }
}
