//! A file that somebody else may change at any time.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// A file that is looked at from time to time, whether it has another content than before.
///
/// It is read only after it has stayed as it is from one look to the next, and never while it changes: a file that
/// somebody is still writing is not taken half. Works on every file system, and through links that are
/// replaced, as Kubernetes does with a `ConfigMap`.
#[derive(Debug)]
pub struct WatchedFile {
    path: PathBuf,
    /// The most that it may hold, in bytes.
    max_bytes: u64,
    stamp: Option<Stamp>,
    content: Option<u64>,
    /// Somebody may still be writing.
    unsettled: bool,
}

/// Of the file that a reader gets, whatever links lead to it: modified, size, inode, device.
type Stamp = [i64; 5];

/// How often a file is read again that changes meanwhile, and the pause in between.
const TRIES: (usize, Duration) = (50, Duration::from_millis(10));

impl WatchedFile {
    /// The file as it is now, and what it holds.
    ///
    /// # Errors
    /// That it cannot be read, is no regular file, larger than `max_bytes`, or changes all the time. It can be
    /// watched nonetheless.
    pub fn open(path: impl Into<PathBuf>, max_bytes: u64) -> (Self, io::Result<Vec<u8>>) {
        let mut file = Self { path: path.into(), max_bytes, stamp: None, content: None, unsettled: false };
        let (tries, pause) = TRIES;
        for _ in 0..tries {
            file.stamp = stamp(&file.path);
            if let Some(bytes) = file.read() {
                return (file, bytes);
            }
            thread::sleep(pause);
        }
        file.unsettled = true;
        (file, Err(io::Error::other("it is being written all the time")))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds, if that is something else than before, and it has stayed the same since the last look.
    /// Every content is given once.
    pub fn look(&mut self) -> Option<io::Result<Vec<u8>>> {
        let now = stamp(&self.path);
        let settled = now == self.stamp;
        self.stamp = now;
        if !settled || !self.unsettled {
            self.unsettled |= !settled;
            return None;
        }
        let before = self.content;
        let bytes = self.read()?;
        self.unsettled = false;
        (self.content != before).then_some(bytes)
    }

    /// None: it has changed meanwhile.
    fn read(&mut self) -> Option<io::Result<Vec<u8>>> {
        let bytes = read(&self.path, self.max_bytes);
        if stamp(&self.path) != self.stamp {
            return None;
        }
        self.content = bytes.as_ref().ok().map(|bytes| {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            hasher.finish()
        });
        Some(bytes)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    let number = |number: u64| number.cast_signed();
    Some([file.mtime(), file.mtime_nsec(), number(file.size()), number(file.ino()), number(file.dev())])
}

fn read(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    // Before it is opened: a pipe would be waited for.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {max_bytes} bytes"),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What two looks see of a change.
    fn seen(file: &mut WatchedFile) -> Option<String> {
        assert!(file.look().is_none(), "it may still be written to");
        text(file.look())
    }

    fn text(bytes: Option<io::Result<Vec<u8>>>) -> Option<String> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        bytes.map(|bytes| bytes.map(text).unwrap_or_else(|error| format!("{:?}", error.kind())))
    }

    #[test]
    fn another_content_is_a_change_and_another_time_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        fs::write(&path, "a: 1").expect("written");
        let (mut file, first) = WatchedFile::open(&path, 10);
        assert_eq!(text(Some(first)).as_deref(), Some("a: 1"));
        fs::write(&path, "a: 22").expect("written");
        assert_eq!(seen(&mut file).as_deref(), Some("a: 22"));
        assert_eq!(seen(&mut file), None, "it is told once");
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "a: 22").expect("written");
        assert_eq!(seen(&mut file), None, "the same again");
        fs::remove_file(&path).expect("removed");
        assert_eq!(seen(&mut file).as_deref(), Some("NotFound"));
        fs::write(&path, "a: 1").expect("written");
        assert_eq!(seen(&mut file).as_deref(), Some("a: 1"));
        fs::write(&path, "more than ten").expect("written");
        assert_eq!(seen(&mut file).as_deref(), Some("FileTooLarge"));
        fs::remove_file(&path).expect("removed");
        fs::create_dir(&path).expect("a folder");
        assert_eq!(seen(&mut file), None, "of what cannot be read, there is one kind");
    }

    #[test]
    fn what_is_being_written_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        fs::write(&path, "").expect("written");
        let (mut file, _) = WatchedFile::open(&path, 1000);
        for length in 1..20 {
            fs::write(&path, "x".repeat(length)).expect("written");
            assert!(file.look().is_none(), "it grows from look to look");
        }
        assert_eq!(text(file.look()), Some("x".repeat(19)));
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
        let (mut file, _) = WatchedFile::open(at("agent.yaml"), 1000);
        link("..2", "..data_tmp");
        fs::rename(at("..data_tmp"), at("..data")).expect("replaced");
        assert_eq!(seen(&mut file).as_deref(), Some("a: 2"));
    }
}
