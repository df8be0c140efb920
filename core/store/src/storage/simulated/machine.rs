use std::io::{self, ErrorKind};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::content::Content;
use super::names::{Names, Node};
use super::{Faults, files};

/// Everything behind the handles.
pub(super) struct Machine {
    rng: SmallRng,
    pub(super) files: Vec<Content>,
    pub(super) directories: Vec<Names>,
    pub(super) capacity: u64,
    pub(super) faults: Faults,
    /// Counts the crashes.
    pub(super) generation: u64,
}

impl Machine {
    pub(super) const ROOT: usize = 0;

    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: SmallRng::seed_from_u64(seed),
            files: Vec::new(),
            directories: vec![Names::default()],
            capacity: u64::MAX,
            faults: Faults::default(),
            generation: 0,
        }
    }

    pub(super) fn used(&self) -> u64 {
        files(self, Self::ROOT, "").into_iter().map(|(_, file)| self.files[file].seen.len() as u64).sum()
    }

    pub(super) fn create(&mut self, directory: usize, name: &str) -> io::Result<usize> {
        if self.directories[directory].seen.contains_key(name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.files.push(Content::default());
        let file = self.files.len() - 1;
        self.directories[directory].create(name, Node::File(file));
        Ok(file)
    }

    /// A new directory is durable at once, as on the real disk.
    pub(super) fn subdirectory(&mut self, directory: usize, name: &str) -> io::Result<usize> {
        match self.directories[directory].seen.get(name) {
            Some(Node::Directory(directory)) => return Ok(*directory),
            Some(Node::File(_)) => return Err(ErrorKind::NotADirectory.into()),
            None => {}
        }
        self.fail_write()?;
        self.directories.push(Names::default());
        let new = self.directories.len() - 1;
        self.directories[directory].create(name, Node::Directory(new));
        self.directories[directory].sync();
        Ok(new)
    }

    pub(super) fn write(&mut self, file: usize, bytes: &[u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let (room, result) = match self.fail_write() {
            Err(error) => (self.rng.random_range(0..=bytes.len()), Err(error)),
            Ok(()) => match self.room(file, offset + bytes.len()) {
                end if end < offset + bytes.len() => {
                    (end.saturating_sub(offset), Err(ErrorKind::StorageFull.into()))
                }
                _ => (bytes.len(), Ok(())),
            },
        };
        // What fails half way also stays within the capacity.
        let room = room.min(self.room(file, offset + bytes.len()).saturating_sub(offset));
        self.files[file].write(&bytes[..room], offset);
        result
    }

    /// Up to where a file that shall reach until `end` can be written.
    fn room(&self, file: usize, end: usize) -> usize {
        let length = self.files[file].seen.len();
        let free = usize::try_from(self.capacity.saturating_sub(self.used())).unwrap_or(usize::MAX);
        end.min(length.saturating_add(free))
    }

    pub(super) fn set_length(&mut self, file: usize, length: u64) -> io::Result<()> {
        self.fail_write()?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        if self.room(file, length) < length {
            return Err(ErrorKind::StorageFull.into());
        }
        self.files[file].set_length(length);
        Ok(())
    }

    pub(super) fn sync(&mut self, file: usize) -> io::Result<()> {
        self.fail_sync().inspect_err(|_| self.files[file].fail_sync(&mut self.rng))?;
        self.files[file].sync();
        Ok(())
    }

    pub(super) fn crash(&mut self, rng: &mut impl Rng) {
        self.generation += 1;
        self.files.iter_mut().for_each(|file| file.crash(rng));
        self.directories.iter_mut().for_each(|directory| directory.crash(rng));
    }

    pub(super) fn flip_bit(&mut self, directory: usize, rng: &mut impl Rng) -> Option<(String, u64)> {
        let mut files = files(self, directory, "");
        files.retain(|(_, file)| !self.files[*file].seen.is_empty());
        if files.is_empty() {
            return None;
        }
        let (name, file) = files.swap_remove(rng.random_range(0..files.len()));
        let byte = rng.random_range(0..self.files[file].seen.len());
        self.files[file].flip(byte, rng.random_range(0..8));
        Some((name, byte as u64))
    }

    pub(super) fn fail_read(&mut self) -> io::Result<()> {
        let chance = self.faults.reads;
        self.fail(chance, "injected fault while reading")
    }

    pub(super) fn fail_write(&mut self) -> io::Result<()> {
        let chance = self.faults.writes;
        self.fail(chance, "injected fault while writing")
    }

    pub(super) fn fail_sync(&mut self) -> io::Result<()> {
        let chance = self.faults.syncs;
        self.fail(chance, "injected fault while syncing")
    }

    fn fail(&mut self, chance: f64, what: &str) -> io::Result<()> {
        if chance > 0.0 && self.rng.random_bool(chance) { Err(io::Error::other(what)) } else { Ok(()) }
    }
}
