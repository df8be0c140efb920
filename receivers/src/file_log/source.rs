//! An open file, plain or compressed, read by the position in its text.

use super::config::Compression;
use flate2::read::MultiGzDecoder;
use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, BufReader, Read, Seek},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

/// An open file.
pub(super) struct Source {
    file: File,
    packed: Option<Packed>,
    /// There is too little in it to see whether it is compressed; then this counts.
    undecided: Option<Compression>,
}

/// The way through a compressed file, which leads only forward.
struct Packed {
    format: Format,
    decoder: Option<Box<dyn Read + Send>>,
    /// Of the text that comes next.
    position: u64,
}

#[derive(Clone, Copy)]
enum Format {
    Gzip,
    Zstd,
}

/// What a file's first bytes say.
enum Detected {
    Plain,
    Packed(Format),
    /// Not enough.
    Nothing,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("it is not a regular file")]
    NotRegular,
    #[error("it is compressed, and `compression` does not say `auto`")]
    Compressed,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What compressed text is skipped in.
const SKIP: u64 = 64 << 10;

impl Source {
    pub(super) fn open(path: &Path, compression: Compression) -> Result<(Self, Metadata), OpenError> {
        // A pipe must not keep us waiting for somebody who writes.
        let no_wait = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(no_wait).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(OpenError::NotRegular);
        }
        let packed = match compression {
            Compression::Gzip => Some(Packed::new(Format::Gzip)),
            Compression::Zstd => Some(Packed::new(Format::Zstd)),
            Compression::None | Compression::Auto => None,
        };
        let undecided = packed.is_none().then_some(compression);
        let mut source = Self { file, packed, undecided };
        source.decide()?;
        Ok((source, metadata))
    }

    /// Looks whether it is compressed, if that is not known. What packs a file makes it empty first.
    fn decide(&mut self) -> Result<(), OpenError> {
        let Some(compression) = self.undecided else { return Ok(()) };
        match Format::detect(&self.file)? {
            Detected::Nothing => return Ok(()),
            Detected::Packed(_) if compression == Compression::None => return Err(OpenError::Compressed),
            Detected::Packed(format) => self.packed = Some(Packed::new(format)),
            Detected::Plain => {}
        }
        self.undecided = None;
        Ok(())
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    pub(super) fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Reads the text at `position`, as much of it as there is room and text.
    pub(super) fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.decide().map_err(|error| match error {
            OpenError::Io(error) => error,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        })?;
        if self.undecided.is_some() {
            return Ok(0);
        }
        match &mut self.packed {
            Some(packed) => packed.read_at(&self.file, position, buffer),
            None => fill(buffer, |rest, filled| self.file.read_at(rest, position + filled as u64)),
        }
    }
}

impl Format {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

    fn detect(file: &File) -> io::Result<Detected> {
        let mut first = [0; 4];
        let length = file.read_at(&mut first, 0)?;
        let first = &first[..length];
        Ok(if first.starts_with(Self::GZIP) {
            Detected::Packed(Self::Gzip)
        } else if first.starts_with(Self::ZSTD) {
            Detected::Packed(Self::Zstd)
        } else if Self::GZIP.starts_with(first) || Self::ZSTD.starts_with(first) {
            Detected::Nothing
        } else {
            Detected::Plain
        })
    }
}

impl Packed {
    fn new(format: Format) -> Self {
        Self { format, decoder: None, position: 0 }
    }

    fn read_at(&mut self, file: &File, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.decoder.is_none() || position < self.position {
            self.restart(file)?;
        }
        while self.position < position {
            let step = (position - self.position).min(SKIP) as usize;
            if self.read(&mut vec![0; step])? < step {
                return Ok(0);
            }
        }
        self.read(buffer)
    }

    fn restart(&mut self, file: &File) -> io::Result<()> {
        let mut file = file.try_clone()?;
        file.rewind()?;
        let file = BufReader::new(file);
        self.decoder = Some(match self.format {
            Format::Gzip => Box::new(MultiGzDecoder::new(file)),
            Format::Zstd => Box::new(zstd::Decoder::with_buffer(file)?),
        });
        self.position = 0;
        Ok(())
    }

    /// Reads on. What ends too early is still being written: it is begun anew with the next call.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return Ok(0) };
        let mut ended = false;
        let length = fill(buffer, |rest, _| match decoder.read(rest) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            read => read,
        })?;
        ended |= length < buffer.len();
        self.position += length as u64;
        if ended {
            self.decoder = None;
        }
        Ok(length)
    }
}

/// Calls `read` with what is left of the buffer until it is full or nothing comes.
fn fill(buffer: &mut [u8], mut read: impl FnMut(&mut [u8], usize) -> io::Result<usize>) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read(&mut buffer[filled..], filled) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
