//! Where one run may write.

use crate::Result;
use std::{
    fs, io,
    ops::Deref,
    path::{Path, PathBuf},
};

/// An empty directory, removed when dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Makes it, without what a run that was cut short has left there.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn new(parent: &Path, name: &str) -> Result<Self> {
        let path = parent.join(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(format!("{}: {error}", path.display()).into());
            }
            _ => fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?,
        }
        Ok(Self(path))
    }
}

impl Deref for Directory {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // The next run tries again.
        fs::remove_dir_all(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_empty_and_gone_afterwards() {
        let name = format!("tidewatch-bench-directory-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("left"), "over").unwrap();
        let directory = Directory::new(&std::env::temp_dir(), &name).unwrap();
        assert_eq!(fs::read_dir(&*directory).unwrap().count(), 0);
        drop(directory);
        assert!(!path.exists());
    }
}
