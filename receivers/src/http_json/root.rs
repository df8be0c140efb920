//! The folder that files are read from, and nothing outside of it.

use rustix::{
    fs::{Mode, OFlags, openat},
    io::Errno,
};
use std::{
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

/// The folder as it is configured.
#[derive(Debug, Clone)]
pub(super) struct Root(pub(super) PathBuf);

/// A file in the folder, open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    /// Bytes that it has now.
    pub(super) length: u64,
    /// Its path in the folder.
    pub(super) name: String,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("there is no such file")]
    Missing,
    #[error("it lies outside of the folder that files are read from")]
    Outside,
    #[error("`..` is not allowed in the path of a file")]
    Upwards,
    #[error("it is no regular file")]
    NoFile,
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Root {
    /// Whether it is a folder, at the start.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self) -> io::Result<()> {
        match fs::metadata(&self.0)?.is_dir() {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::NotADirectory)),
        }
    }

    /// Opens a file by its path in the folder, or by its whole path. Links are followed as long as they stay inside.
    /// Must not run where it is not allowed to block.
    ///
    /// # Errors
    /// Why it is not read.
    pub(super) fn open(&self, asked: &str) -> Result<Opened, Unreadable> {
        let root = fs::canonicalize(&self.0)?;
        let asked = Path::new(asked);
        if asked.components().any(|part| part == Component::ParentDir) {
            return Err(Unreadable::Upwards);
        }
        // Nothing is asked of the file system about what lies outside.
        if asked.is_absolute() && !asked.starts_with(&root) && !asked.starts_with(&self.0) {
            return Err(Unreadable::Outside);
        }
        let real = fs::canonicalize(root.join(asked)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unreadable::Missing,
            _ => error.into(),
        })?;
        let inside = real.strip_prefix(&root).map_err(|_| Unreadable::Outside)?;
        let file = beneath(&root, inside)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(Unreadable::NoFile);
        }
        Ok(Opened { file, length: metadata.len(), name: inside.to_string_lossy().into_owned() })
    }
}

/// Opens folder after folder without following links: what was put into the way meanwhile leads nowhere.
fn beneath(root: &Path, inside: &Path) -> Result<File, Unreadable> {
    let mut folder = File::open(root)?;
    let mut parts = inside.components().peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        // A pipe that nobody writes to is not waited for.
        let kind = if last { OFlags::NONBLOCK | OFlags::NOCTTY } else { OFlags::DIRECTORY };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind;
        folder = openat(&folder, part.as_os_str(), flags, Mode::empty())
            .map_err(|error| match error {
                Errno::NOENT => Unreadable::Missing,
                Errno::LOOP | Errno::NOTDIR => Unreadable::Outside,
                // A socket.
                Errno::NXIO => Unreadable::NoFile,
                other => Unreadable::Io(other.into()),
            })?
            .into();
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::{io::Read, os::unix::net::UnixListener};

    #[test]
    fn files_inside_are_read_and_nothing_else() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("root");
        fs::create_dir_all(path.join("sub")).unwrap();
        fs::write(path.join("sub/a.jsonl"), "inside").unwrap();
        fs::write(outer.path().join("secret"), "outside").unwrap();
        symlink("sub/a.jsonl", path.join("link")).unwrap();
        symlink(path.join("sub"), path.join("folder")).unwrap();
        symlink("../secret", path.join("out")).unwrap();
        symlink(outer.path(), path.join("up")).unwrap();
        symlink("circle", path.join("circle")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, path.join("pipe"), rustix::fs::FileType::Fifo, Mode::RUSR, 0)
            .unwrap();
        let _socket = UnixListener::bind(path.join("socket")).unwrap();
        let root = Root(path.clone());
        root.check().unwrap();
        let whole = path.join("sub/a.jsonl").display().to_string();
        for inside in ["sub/a.jsonl", "./sub//a.jsonl", "link", "folder/a.jsonl", &whole] {
            let mut opened = root.open(inside).unwrap_or_else(|error| panic!("{inside}: {error}"));
            let mut text = String::new();
            opened.file.read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), opened.length, opened.name.as_str()), ("inside", 6, "sub/a.jsonl"));
        }
        let said = |asked: &str| root.open(asked).unwrap_err().to_string();
        for asked in ["out", "up/secret", "/etc/passwd", "/nothing/there"] {
            assert_eq!(said(asked), Unreadable::Outside.to_string(), "{asked}");
        }
        for asked in ["../secret", "sub/../../secret", "sub/../link", ".."] {
            assert_eq!(said(asked), Unreadable::Upwards.to_string(), "{asked}");
        }
        for asked in ["", ".", "sub", "pipe", "socket"] {
            assert_eq!(said(asked), Unreadable::NoFile.to_string(), "{asked}");
        }
        for asked in ["b", "sub/a.jsonl/b"] {
            assert_eq!(said(asked), Unreadable::Missing.to_string(), "{asked}");
        }
        for asked in ["circle", "a\0b"] {
            assert!(said(asked).starts_with("it cannot be read"), "{}", said(asked));
        }
    }

    #[test]
    fn a_link_that_is_put_into_the_way_leads_nowhere() {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("root")).unwrap();
        fs::create_dir(outer.path().join("other")).unwrap();
        fs::write(outer.path().join("other/a"), "outside").unwrap();
        let root = outer.path().join("root");
        // What is asked for was looked up when it was still a folder and a file.
        symlink("../other", root.join("folder")).unwrap();
        symlink("../other/a", root.join("file")).unwrap();
        for inside in ["folder/a", "file"] {
            assert!(matches!(beneath(&root, Path::new(inside)), Err(Unreadable::Outside)), "{inside}");
        }
    }

    #[test]
    fn a_root_is_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Root(file).check().is_err());
        assert!(Root(folder.path().join("missing")).check().is_err());
    }
}
