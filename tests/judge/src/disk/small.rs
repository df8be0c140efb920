//! A file system of its own with little room.

use crate::Result;
use std::{path::PathBuf, process::Command};

/// A small tmpfs, mounted as long as this lives.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

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
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, as an agent may be on it for a moment still.
        if let Err(error) = Command::new("umount").arg("-l").arg(&self.0).status() {
            eprintln!("{} stays mounted: {error}", self.0.display());
        }
    }
}
