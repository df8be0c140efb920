use std::io;

/// Why state cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Nobody has opened the store yet, or it is closed again.
    #[error("the state store is not open")]
    Closed,
    /// The disk is full, or a quota is used up.
    #[error("there is no room on the disk for the state: {0}; writing goes on when there is")]
    DiskFull(String),
    /// The disk does not do what it should.
    #[error("the state cannot be read or written: {0}")]
    Io(String),
    /// The file is damaged.
    #[error("the state file is damaged: {0}")]
    Corrupt(String),
    /// A newer Tidewatch has written the file.
    #[error(
        "the state file has format {found}, this version knows {known}: run the newer version that wrote it, or \
         move the file away to start without state"
    )]
    Newer {
        /// The file's format.
        found: u64,
        /// The newest that is known here.
        known: u64,
    },
    /// More than may wait at all.
    #[error("{bytes} bytes are too many for one write: at most {limit}")]
    TooLarge {
        /// What was to be written.
        bytes: usize,
        /// What could be.
        limit: usize,
    },
}

impl From<io::Error> for StateError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull(error.to_string())
            }
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Corrupt(error.to_string()),
            _ => Self::Io(error.to_string()),
        }
    }
}

impl From<redb::Error> for StateError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => error.into(),
            redb::Error::Corrupted(what) => Self::Corrupt(what),
            redb::Error::RepairAborted | redb::Error::UpgradeRequired(_) => Self::Corrupt(error.to_string()),
            other => Self::Io(other.to_string()),
        }
    }
}
