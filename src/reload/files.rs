//! Whether files have another content than before.

use std::path::PathBuf;
use tidewatch_component::WatchedFile;

/// Files, as they were when they were last looked at.
pub(super) struct Files(Vec<WatchedFile>);

impl Files {
    pub(super) fn look(paths: &[PathBuf]) -> Self {
        Self(paths.iter().map(|path| WatchedFile::open(path, u64::MAX).0).collect())
    }

    /// Whether any file has another content than before, and has had it for the time between two looks.
    pub(super) fn have_changed(&mut self) -> bool {
        // Every file is looked at, not only up to the first that has changed.
        self.0.iter_mut().filter_map(WatchedFile::look).count() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn any_file_that_has_changed_is_a_change_and_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = ["a.yaml", "b.yaml"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "a: 1").expect("written"));
        let mut files = Files::look(&paths);
        let mut looks = |changes: [bool; 2]| {
            for (path, change) in paths.iter().zip(changes) {
                if change {
                    let before = fs::read_to_string(path).expect("read");
                    fs::write(path, before + "1").expect("written");
                }
            }
            (files.have_changed(), files.have_changed())
        };
        assert_eq!(looks([false, false]), (false, false));
        assert_eq!(looks([false, true]), (false, true), "at first it may still be written to");
        assert_eq!(looks([true, true]), (false, true));
        assert_eq!(looks([false, false]), (false, false));
    }
}
