//! The ways in which log files are put aside.

use crate::Result;
use flate2::{Compression, write::GzEncoder};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// How a file is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It gets another name, and a new file its own.
    Rename,
    /// It is copied, and then made empty. Nothing is written in between: a line that is would be lost to every
    /// reader.
    CopyTruncate,
    /// It is removed after everything in it has been delivered.
    Delete,
    /// It gets another name, and at the next rotation it is compressed (`delaycompress` of logrotate).
    Gzip,
}

impl Kind {
    /// All of them in turn.
    pub fn of(index: usize) -> Self {
        [Self::Rename, Self::CopyTruncate, Self::Delete, Self::Gzip][index % 4]
    }

    /// Puts this file aside, behind those before it.
    pub(super) fn rotate(self, file: &Path, generations: usize) -> Result<()> {
        if self == Self::Delete {
            return Ok(fs::remove_file(file)?);
        }
        // The oldest first, or the others would be written over.
        for generation in (1..=generations).rev() {
            let plain = numbered(file, generation, "");
            let packed = numbered(file, generation, ".gz");
            if packed.exists() {
                fs::rename(&packed, numbered(file, generation + 1, ".gz"))?;
            } else if self == Self::Gzip && plain.exists() {
                compress(&plain, &numbered(file, generation + 1, ".gz"))?;
            } else if plain.exists() {
                fs::rename(&plain, numbered(file, generation + 1, ""))?;
            }
        }
        let first = numbered(file, 1, "");
        match self {
            Self::CopyTruncate => {
                fs::copy(file, &first)?;
                File::options().write(true).open(file)?.set_len(0)?;
            }
            _ => fs::rename(file, &first)?,
        }
        Ok(())
    }
}

/// Removes the oldest of a file's generations.
pub(super) fn forget(file: &Path, generation: usize) -> Result<()> {
    for suffix in ["", ".gz"] {
        match fs::remove_file(numbered(file, generation, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// `app.log` becomes `app.log.2.gz`.
fn numbered(file: &Path, generation: usize, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{generation}{suffix}"));
    name.into()
}

/// As gzip does it: the new file appears whole, under its name, and then the old one goes.
fn compress(from: &Path, to: &Path) -> Result<()> {
    // Beside the folder that is read, not in it.
    let packing = from.parent().ok_or("no folder")?.with_extension("packing");
    fs::create_dir_all(&packing)?;
    let part = packing.join(to.file_name().ok_or("no name")?);
    let mut packed = GzEncoder::new(File::create(&part)?, Compression::fast());
    io::copy(&mut File::open(from)?, &mut packed)?;
    packed.finish()?;
    fs::rename(&part, to)?;
    Ok(fs::remove_file(from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn generations_move_up() {
        for (kind, expected) in [
            (Kind::Rename, vec!["a.log.1", "a.log.2", "a.log.3"]),
            (Kind::Gzip, vec!["a.log.1", "a.log.2.gz", "a.log.3.gz"]),
            (Kind::CopyTruncate, vec!["a.log", "a.log.1", "a.log.2", "a.log.3"]),
            (Kind::Delete, vec![]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let logs = folder.path().join("logs");
            fs::create_dir(&logs).unwrap();
            let file = logs.join("a.log");
            for generation in 0..3 {
                fs::write(&file, format!("{generation}")).unwrap();
                kind.rotate(&file, generation).unwrap();
            }
            assert_eq!(names(&logs), expected, "{kind:?}");
            if kind == Kind::Rename {
                assert_eq!(fs::read_to_string(logs.join("a.log.3")).unwrap(), "0");
            }
            forget(&file, 3).unwrap();
            assert!(names(&logs).len() < 4);
        }
    }
}
