//! A file system of its own with little room.

use crate::Result;
use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    path::PathBuf,
    process::Command,
};

/// A small tmpfs, mounted as long as this lives.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

/// The file that takes room.
const BALLAST: &str = "ballast";

impl SmallDisk {
    /// Mounts one with so many MiB.
    ///
    /// # Errors
    /// When the system does not permit it.
    pub fn mount(at: PathBuf, mib: u64) -> Result<Self> {
        std::fs::create_dir_all(&at)?;
        let options = format!("size={mib}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&at).output()?;
        if !mounted.status.success() {
            return Err(String::from_utf8_lossy(&mounted.stderr).trim().to_owned().into());
        }
        Ok(Self(at))
    }

    /// Takes all the room that is left.
    ///
    /// # Errors
    /// When the disk fails otherwise.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = File::create(self.0.join(BALLAST))?;
        // As much as there is at once, and then the rest of the last page.
        for size in [1 << 16, 1] {
            match fill_by(&mut ballast, size) {
                Err(error) if error.kind() != ErrorKind::StorageFull => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Gives back what [`SmallDisk::fill`] has taken, or [`SmallDisk::take`].
    ///
    /// # Errors
    /// When the disk fails.
    pub fn make_room(&self) -> Result<()> {
        match std::fs::remove_file(self.0.join(BALLAST)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Takes so many MiB.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn take(&self, mib: u64) -> Result<()> {
        Ok(std::fs::write(self.0.join(BALLAST), vec![1; (mib as usize) << 20])?)
    }
}

/// Writes pieces of this size for as long as there is room.
fn fill_by(file: &mut File, size: usize) -> io::Result<()> {
    loop {
        file.write_all(&vec![1; size])?;
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, as an agent may be on it for a moment still.
        if let Err(error) = Command::new("umount").arg("-l").arg(&self.0).status() {
            eprintln!("{} stays mounted: {error}", self.0.display());
        }
    }
}
