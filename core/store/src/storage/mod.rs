//! The seam to the disk: a directory and its files, so that a test can take the disk's place and crash.

use std::io;
use std::sync::Arc;

mod disk;
#[cfg(feature = "simulation")]
pub mod simulated;

pub use disk::Disk;
#[cfg(feature = "simulation")]
pub use simulated::SimulatedDisk;

/// A directory.
///
/// What is written, renamed or removed survives the end of the process at once, and a crash of the machine only after
/// the matching `sync`: [`File::sync`] for what is in a file, [`Storage::sync`] for the names.
pub trait Storage: Send + Sync + 'static {
    /// The names of all files and sub-directories, in no order. Names that are not UTF-8 are left out.
    ///
    /// # Errors
    ///
    /// As the operating system's.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens an existing file to read and write.
    ///
    /// # Errors
    ///
    /// `NotFound`, and as the operating system's.
    fn open(&self, name: &str) -> io::Result<Box<dyn File>>;

    /// Makes a new, empty file to read and write.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`, and as the operating system's.
    fn create(&self, name: &str) -> io::Result<Box<dyn File>>;

    /// Gives a file another name; a file that had that name is gone.
    ///
    /// # Errors
    ///
    /// As the operating system's.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// As the operating system's.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names durable: what was created, renamed and removed so far survives a crash of the machine.
    ///
    /// # Errors
    ///
    /// As the operating system's. Nothing since the last success is durable for certain then.
    fn sync(&self) -> io::Result<()>;

    /// The sub-directory of this name, made if it is missing.
    ///
    /// # Errors
    ///
    /// As the operating system's.
    fn directory(&self, name: &str) -> io::Result<Arc<dyn Storage>>;
}

/// An open file.
pub trait File: Send + Sync + 'static {
    /// Reads at most as much as the buffer holds; fewer bytes, and 0 in the end, behind the end of the file.
    ///
    /// # Errors
    ///
    /// As the operating system's.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes at the offset; the file grows as needed.
    ///
    /// # Errors
    ///
    /// As the operating system's. A part of the bytes may have been written then.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the file's bytes and its length durable (fdatasync).
    ///
    /// # Errors
    ///
    /// As the operating system's. What was written since the last success may be lost for good then, even if a later
    /// sync succeeds: the kernel forgets what it could not write.
    fn sync(&self) -> io::Result<()>;

    /// The length in bytes.
    ///
    /// # Errors
    ///
    /// As the operating system's.
    fn length(&self) -> io::Result<u64>;

    /// Cuts the file, or extends it by zeros.
    ///
    /// # Errors
    ///
    /// As the operating system's.
    fn set_length(&self, length: u64) -> io::Result<()>;
}
