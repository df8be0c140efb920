//! What lies beside the segments: done files, what damage left, and what is to be removed.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use super::segment::{Place, Segment};
use super::survey::Hole;
use super::window::Window;
use crate::storage::{File, Storage};

/// The sub-directory for what was damaged, and how many bytes and files it takes.
const DAMAGED: &str = "damaged";
const DAMAGED_BYTES: u64 = 64 << 20;
const DAMAGED_FILES: usize = 1024;

/// Writes done files, of which the last one used stays open.
#[derive(Default)]
pub(super) struct DoneFiles {
    open: Option<(Place, Box<dyn File>)>,
}

impl DoneFiles {
    /// Writes the entries that a segment has noted.
    ///
    /// # Errors
    ///
    /// The entries stay noted.
    pub(super) fn write(&mut self, storage: &dyn Storage, segment: &mut Segment) -> io::Result<()> {
        if segment.pending.is_empty() {
            return Ok(());
        }
        let place = segment.place;
        let file = match &self.open {
            Some((open, file)) if *open == place => file,
            _ => &self.open.insert((place, open_or_create(storage, &place.done())?)).1,
        };
        let mut bytes = Vec::new();
        for entry in &segment.pending {
            bytes.extend_from_slice(&entry.encode(place.salt));
        }
        file.write_at(&bytes, segment.done_bytes)?;
        segment.done_bytes += bytes.len() as u64;
        segment.pending.clear();
        Ok(())
    }

    pub(super) fn forget(&mut self, place: Place) {
        self.open.take_if(|(open, _)| *open == place);
    }
}

fn open_or_create(storage: &dyn Storage, name: &str) -> io::Result<Box<dyn File>> {
    match storage.open(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => storage.create(name),
        opened => opened,
    }
}

/// Segments that nobody needs any more, until their files are gone.
#[derive(Default)]
pub(super) struct Retired(Vec<(Place, u64)>);

impl Retired {
    pub(super) fn push(&mut self, place: Place, bytes: u64) {
        self.0.push((place, bytes));
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Removes the files. Done files go last, after it is durable that their records are gone.
    ///
    /// # Errors
    ///
    /// If some are left, for the next time.
    pub(super) fn remove(&mut self, storage: &dyn Storage) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        for (place, _) in &self.0 {
            remove_if_there(storage, &place.log())?;
        }
        storage.sync()?;
        while let Some((place, _)) = self.0.last() {
            remove_if_there(storage, &place.done())?;
            self.0.pop();
        }
        Ok(())
    }
}

/// Removes a file; that there is none is no error.
pub(super) fn remove_if_there(storage: &dyn Storage, name: &str) -> io::Result<()> {
    match storage.remove(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Copies of what could not be read as records, for whoever wants to look into it.
#[derive(Default)]
pub(super) struct Damaged {
    directory: Option<Arc<dyn Storage>>,
    bytes: u64,
    files: usize,
}

impl Damaged {
    /// Copies a hole's bytes; says how many were not kept.
    pub(super) fn keep(&mut self, storage: &dyn Storage, window: &mut Window, hole: &Hole) -> u64 {
        let length = hole.bytes.end - hole.bytes.start;
        match self.copy(storage, window, hole) {
            Ok(kept) => length - kept,
            Err(_) => length,
        }
    }

    fn copy(&mut self, storage: &dyn Storage, window: &mut Window, hole: &Hole) -> io::Result<u64> {
        let directory = self.directory(storage)?;
        let room = DAMAGED_BYTES.saturating_sub(self.bytes);
        let end = hole.bytes.end.min(hole.bytes.start + room);
        if self.files >= DAMAGED_FILES || end == hole.bytes.start {
            return Ok(0);
        }
        let name = format!("{}-{:08x}.bin", window.place().stem(), hole.bytes.start);
        let file = open_or_create(&*directory, &name)?;
        self.files += 1;
        let mut offset = hole.bytes.start;
        while offset < end {
            let bytes = window.peek(offset, 1, end)?;
            if bytes.is_empty() {
                break;
            }
            let bytes = &bytes[..bytes.len().min(usize::try_from(end - offset).unwrap_or(usize::MAX))];
            file.write_at(bytes, offset - hole.bytes.start)?;
            offset += bytes.len() as u64;
            self.bytes += bytes.len() as u64;
        }
        Ok(offset - hole.bytes.start)
    }

    /// The sub-directory, and for the first time what is in it already.
    fn directory(&mut self, storage: &dyn Storage) -> io::Result<Arc<dyn Storage>> {
        if let Some(directory) = &self.directory {
            return Ok(Arc::clone(directory));
        }
        let directory = storage.directory(DAMAGED)?;
        for name in directory.list()? {
            self.bytes += directory.open(&name)?.length()?;
            self.files += 1;
        }
        Ok(Arc::clone(self.directory.insert(directory)))
    }
}
