//! How a file is recognised: by where it is on disk, and by what it begins and goes on with.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{fs::Metadata, os::unix::fs::MetadataExt, time::UNIX_EPOCH};

/// A file's place on disk. A name may lead to another file tomorrow; this does not.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
    /// Unix nanoseconds, where the file system knows it: an inode may be used again.
    born: Option<u64>,
}

impl FileId {
    /// Of content whose file is gone.
    pub(super) const NOWHERE: Self = Self { device: 0, inode: 0, born: None };

    pub(super) fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let born = born.map(|since| since.as_nanos() as u64);
        Self { device: metadata.dev(), inode: metadata.ino(), born }
    }

    /// Device and inode: what no two files share at the same time.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// Whether it can be the same file, then and now.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.place() == other.place()
            && (self.born.is_none() || other.born.is_none() || self.born == other.born)
    }
}

/// Some bytes of a file: how many, and their hash. Enough to recognise them, and no content on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Digest {
    pub(super) bytes: usize,
    hash: u64,
}

impl Digest {
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::default();
        }
        let hash = Sha256::digest(bytes);
        let hash = hash[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self { bytes: bytes.len(), hash }
    }

    /// Whether `bytes` begin with these.
    pub(super) fn begins(&self, bytes: &[u8]) -> bool {
        bytes.get(..self.bytes).is_some_and(|first| Self::of(first) == *self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_recognised_at_the_start_of_more() {
        let digest = Digest::of(b"first line\n");
        assert!(digest.begins(b"first line\nand more"));
        assert!(!digest.begins(b"first line") && !digest.begins(b"other line\nand more"));
        assert!(Digest::of(b"").begins(b"") && Digest::of(b"").begins(b"anything"));
    }

    #[test]
    fn an_inode_that_is_used_again_is_another_file() {
        let id = |born| FileId { device: 1, inode: 2, born };
        assert!(id(Some(1)).is_same(&id(Some(1))) && id(None).is_same(&id(Some(1))));
        assert!(!id(Some(1)).is_same(&id(Some(2))));
    }
}
