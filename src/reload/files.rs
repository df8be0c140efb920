//! Whether files have another content than before.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Files, as they were when they were last looked at.
pub(super) struct Files(Vec<File>);

struct File {
    path: PathBuf,
    /// Of the file that a reader gets, whatever links lead to it: modified, size, inode, device.
    stamp: Option<[i64; 5]>,
    content: Option<u64>,
    /// Somebody may still be writing.
    unsettled: bool,
}

impl Files {
    pub(super) fn look(paths: &[PathBuf]) -> Self {
        let file = |path: &PathBuf| File {
            path: path.clone(),
            // In this order: a change between the two is seen the next time.
            stamp: stamp(path),
            content: content(path),
            unsettled: false,
        };
        Self(paths.iter().map(file).collect())
    }

    /// Whether any file has another content than before, and has had it for the time between two looks.
    pub(super) fn have_changed(&mut self) -> bool {
        let mut changed = false;
        for file in &mut self.0 {
            let now = stamp(&file.path);
            let settled = now == file.stamp;
            file.stamp = now;
            if settled && std::mem::take(&mut file.unsettled) {
                let content = content(&file.path);
                changed |= content != file.content;
                file.content = content;
            }
            file.unsettled |= !settled;
        }
        changed
    }
}

fn stamp(path: &Path) -> Option<[i64; 5]> {
    let file = std::fs::metadata(path).ok()?;
    let number = |number: u64| number.cast_signed();
    Some([file.mtime(), file.mtime_nsec(), number(file.size()), number(file.ino()), number(file.dev())])
}

/// Nothing for what is no regular file: a pipe would be waited for.
fn content(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok()?.is_file().then_some(())?;
    let mut hasher = DefaultHasher::new();
    std::fs::read(path).ok()?.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What two looks see of a change.
    fn seen(files: &mut Files) -> bool {
        assert!(!files.have_changed(), "it may still be written to");
        files.have_changed()
    }

    #[test]
    fn another_content_is_a_change_and_another_time_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent.yaml");
        fs::write(&path, "a: 1").expect("written");
        let mut files = Files::look(std::slice::from_ref(&path));
        assert!(!seen(&mut files));
        fs::write(&path, "a: 22").expect("written");
        assert!(seen(&mut files));
        assert!(!seen(&mut files), "it is told once");
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "a: 22").expect("written");
        assert!(!seen(&mut files), "the same again");
        fs::remove_file(&path).expect("removed");
        assert!(seen(&mut files));
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_a_change() {
        // As Kubernetes changes a ConfigMap: agent.yaml -> ..data/agent.yaml, and ..data -> ..1 is replaced.
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, at(name)).expect("a link");
        for (version, text) in [("..1", "a: 1"), ("..2", "a: 2")] {
            fs::create_dir(at(version)).expect("a folder");
            fs::write(at(version).join("agent.yaml"), text).expect("written");
        }
        link("..1", "..data");
        link("..data/agent.yaml", "agent.yaml");
        let mut files = Files::look(&[at("agent.yaml")]);
        link("..2", "..data_tmp");
        fs::rename(at("..data_tmp"), at("..data")).expect("replaced");
        assert!(seen(&mut files));
    }
}
