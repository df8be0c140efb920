/// How a log is written.
#[derive(Debug, Clone, Copy)]
pub struct LogOptions {
    /// A segment that has reached this many bytes is closed and a new one begun; 16 MiB by default. A segment holds at
    /// least one group of records, however large.
    pub segment_bytes: u64,
    /// How the bodies of new records are stored; not at all compressed by default.
    pub compression: Compression,
    /// The longest record in bytes, context and body together and not compressed; 64 MiB by default, 1 GiB at most.
    pub max_record_bytes: u64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20, compression: Compression::None, max_record_bytes: 64 << 20 }
    }
}

/// How the bodies of records are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// Compressed by zstd, where that makes them smaller.
    Zstd,
}
