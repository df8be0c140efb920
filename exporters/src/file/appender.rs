//! A file that grows by whole lines.

use super::rotation::Rotation;
use jiff::Timestamp;
use std::{
    fs::{self, DirBuilder, File, Metadata},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt},
    path::PathBuf,
};

pub(super) struct Appender {
    path: PathBuf,
    directory: Directory,
    rotation: Option<Rotation>,
    fsync: bool,
    open: Option<Open>,
}

/// Whether directories are made on the way.
pub(super) enum Directory {
    /// They must be there.
    Must,
    Make {
        mode: u32,
    },
}

struct Open {
    file: File,
    /// Device and inode: another file of the same name has others.
    identity: (u64, u64),
    /// Devices and pipes have no length, cannot be cut and are not rotated.
    regular: bool,
    /// Where the last whole line ends, while a half line behind it could not be cut off.
    torn_at: Option<u64>,
    /// Written to since it was last brought to the disk.
    dirty: bool,
}

impl Appender {
    pub(super) fn new(path: PathBuf, directory: Directory, rotation: Option<Rotation>, fsync: bool) -> Self {
        Self { path, directory, rotation, fsync, open: None }
    }

    /// Opens the file, or makes it.
    pub(super) fn open(&mut self, erase: bool) -> io::Result<()> {
        if let (Directory::Make { mode }, Some(parent)) = (&self.directory, self.path.parent()) {
            DirBuilder::new().recursive(true).mode(*mode).create(parent)?;
        }
        // Pipes are opened for reading, too, or they would wait for a reader.
        let file = File::options().read(true).append(true).create(true).open(&self.path)?;
        let mut open = Open::new(file)?;
        if erase && open.regular {
            open.file.set_len(0)?;
        }
        open.finish_last_line()?;
        self.open = Some(open);
        Ok(())
    }

    /// Writes whole lines. When it fails, none of them is in the file.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.follow()?;
        self.rotate_for(lines.len())?;
        let fsync = self.fsync;
        self.current()?.append(lines, fsync)
    }

    /// Brings what was written to the disk; whether there was anything.
    pub(super) fn sync(&mut self) -> io::Result<bool> {
        self.open.as_mut().map_or(Ok(false), Open::sync)
    }

    pub(super) fn close(&mut self) -> io::Result<()> {
        self.sync()?;
        self.open = None;
        Ok(())
    }

    fn current(&mut self) -> io::Result<&mut Open> {
        self.open.as_mut().ok_or_else(|| ErrorKind::NotConnected.into())
    }

    /// Goes on with the file that has the name now, where the old one was moved away or removed.
    fn follow(&mut self) -> io::Result<()> {
        let known = self.open.as_ref().map(|open| open.identity);
        match fs::metadata(&self.path) {
            Ok(there) if known == Some(identity(&there)) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.sync()?;
        self.open(false)
    }

    fn rotate_for(&mut self, bytes: usize) -> io::Result<()> {
        let Some(rotation) = &self.rotation else { return Ok(()) };
        let Some(open) = self.open.as_mut().filter(|open| open.regular) else { return Ok(()) };
        let length = open.file.metadata()?.len();
        if length == 0 || length + bytes as u64 <= rotation.max_bytes {
            return Ok(());
        }
        open.mend()?;
        open.sync()?;
        let now = Timestamp::now();
        rotation.put_aside(&self.path, now)?;
        if let Err(error) = rotation.clean(&self.path, now) {
            tracing::warn!(path = %self.path.display(), %error, "old backups cannot be removed");
        }
        self.open(false)
    }
}

impl Open {
    fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            identity: identity(&metadata),
            regular: metadata.is_file(),
            file,
            torn_at: None,
            dirty: false,
        })
    }

    /// Whatever ended before its line did, the next line begins on its own.
    fn finish_last_line(&mut self) -> io::Result<()> {
        let length = if self.regular { self.file.metadata()?.len() } else { 0 };
        let mut last = [b'\n'];
        if length > 0 {
            self.file.read_exact_at(&mut last, length - 1)?;
        }
        if last == [b'\n'] { Ok(()) } else { self.file.write_all(b"\n") }
    }

    fn append(&mut self, lines: &[u8], fsync: bool) -> io::Result<()> {
        self.mend()?;
        let end = if self.regular { self.file.metadata()?.len() } else { 0 };
        self.dirty = self.regular;
        let written = self.file.write_all(lines);
        let written = written.and_then(|()| if fsync { self.sync().map(drop) } else { Ok(()) });
        if written.is_err() && self.regular && self.file.set_len(end).is_err() {
            self.torn_at = Some(end);
        }
        written
    }

    /// Cuts a half line off that could not be cut off when it was written.
    fn mend(&mut self) -> io::Result<()> {
        if let Some(end) = self.torn_at {
            if self.file.metadata()?.len() > end {
                self.file.set_len(end)?;
            }
            self.torn_at = None;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<bool> {
        if self.dirty {
            self.file.sync_data()?;
        }
        Ok(std::mem::take(&mut self.dirty))
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
