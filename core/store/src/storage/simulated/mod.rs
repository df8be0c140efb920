//! A disk in memory for tests. It fills up, fails and flips bits on request, and a [crash](SimulatedDisk::crash) loses
//! any part of what was not synced.

mod content;
mod machine;
mod names;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::Rng;

use super::{File, Storage};
use machine::Machine;
use names::Node;

/// A directory of a simulated disk; clones are the same directory.
///
/// All that it does follows from its seed, the random numbers given to it, and the order of calls.
#[derive(Clone)]
pub struct SimulatedDisk {
    machine: Arc<Mutex<Machine>>,
    directory: usize,
}

/// How likely it is that a call fails with an I/O error; 0 for each in the beginning.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Reading from a file.
    pub reads: f64,
    /// Writing to a file, cutting or extending it, creating, renaming and removing one. A part of the bytes may have
    /// been written.
    pub writes: f64,
    /// Syncing. A file forgets what was not synced: a later success does not bring it back.
    pub syncs: f64,
}

impl SimulatedDisk {
    /// An empty disk without limits and faults.
    pub fn new(seed: u64) -> Self {
        Self { machine: Arc::new(Mutex::new(Machine::new(seed))), directory: Machine::ROOT }
    }

    /// The machine loses its power, and starts again: of everything that was not synced, any part is lost. Each sector
    /// of 512 bytes is written or not, a few in part; each change of a length, and each created, renamed or removed
    /// name has happened or not. Files that were open are of no use any more.
    pub fn crash(&self, rng: &mut impl Rng) {
        self.machine().crash(rng);
    }

    /// Flips one random bit of one random file, at rest; says which file and which byte.
    pub fn flip_bit(&self, rng: &mut impl Rng) -> Option<(String, u64)> {
        self.machine().flip_bit(self.directory, rng)
    }

    /// From now on, writes fail when all files together would hold more bytes than this.
    pub fn set_capacity(&self, bytes: u64) {
        self.machine().capacity = bytes;
    }

    /// From now on, calls fail this often.
    pub fn set_faults(&self, faults: Faults) {
        self.machine().faults = faults;
    }

    /// The bytes of all files together.
    pub fn used(&self) -> u64 {
        self.machine().used()
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, file: usize, generation: u64) -> Box<dyn File> {
        Box::new(OpenFile { machine: Arc::clone(&self.machine), file, generation })
    }
}

impl Storage for SimulatedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.machine().directories[self.directory].seen.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        let machine = self.machine();
        let file = machine.directories[self.directory].file(name)?;
        Ok(self.handle(file, machine.generation))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let mut machine = self.machine();
        machine.fail_write()?;
        let file = machine.create(self.directory, name)?;
        Ok(self.handle(file, machine.generation))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut machine = self.machine();
        machine.fail_write()?;
        machine.directories[self.directory].rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut machine = self.machine();
        machine.fail_write()?;
        machine.directories[self.directory].remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        let mut machine = self.machine();
        machine.fail_sync()?;
        machine.directories[self.directory].sync();
        Ok(())
    }

    fn directory(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        let directory = self.machine().subdirectory(self.directory, name)?;
        Ok(Arc::new(Self { machine: Arc::clone(&self.machine), directory }))
    }
}

struct OpenFile {
    machine: Arc<Mutex<Machine>>,
    file: usize,
    generation: u64,
}

impl OpenFile {
    fn machine(&self) -> io::Result<MutexGuard<'_, Machine>> {
        let machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        if machine.generation == self.generation {
            Ok(machine)
        } else {
            Err(io::Error::other("the machine has crashed since the file was opened"))
        }
    }
}

impl File for OpenFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut machine = self.machine()?;
        machine.fail_read()?;
        let bytes = &machine.files[self.file].seen;
        let bytes = bytes.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.machine()?.write(self.file, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.machine()?.sync(self.file)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.machine()?.files[self.file].seen.len() as u64)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.machine()?.set_length(self.file, length)
    }
}

/// A directory's files, with those of the directories in it, by their paths.
fn files(machine: &Machine, directory: usize, prefix: &str) -> Vec<(String, usize)> {
    let entries = machine.directories[directory].seen.iter();
    entries
        .flat_map(|(name, node)| match *node {
            Node::File(file) => vec![(format!("{prefix}{name}"), file)],
            Node::Directory(inner) => files(machine, inner, &format!("{prefix}{name}/")),
        })
        .collect()
}
