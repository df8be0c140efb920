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
        let format = match (compression, Format::detect(&file)?) {
            (Compression::None, Some(_)) => return Err(OpenError::Compressed),
            (Compression::None, None) => None,
            (Compression::Auto, detected) => detected,
            (Compression::Gzip, _) => Some(Format::Gzip),
            (Compression::Zstd, _) => Some(Format::Zstd),
        };
        let packed = format.map(|format| Packed { format, decoder: None, position: 0 });
        Ok((Self { file, packed }, metadata))
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
        match &mut self.packed {
            Some(packed) => packed.read_at(&self.file, position, buffer),
            None => fill(buffer, |rest, filled| self.file.read_at(rest, position + filled as u64)),
        }
    }
}

impl Format {
    fn detect(file: &File) -> io::Result<Option<Self>> {
        let mut first = [0; 4];
        let length = file.read_at(&mut first, 0)?;
        Ok(match &first[..length] {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd] => Some(Self::Zstd),
            _ => None,
        })
    }
}

impl Packed {
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
