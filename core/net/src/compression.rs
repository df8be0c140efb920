//! What HTTP and gRPC bodies are compressed with.
//!
//! Opening is bounded: a body that grows beyond its limit is given up at the limit, whatever it claims.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use thiserror::Error;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// Gzip.
    Gzip,
    /// Zlib, which HTTP calls `deflate`. Raw deflate is understood, too, since some clients send it.
    Deflate,
    /// Zstandard.
    Zstd,
    /// Snappy: written in the framed format; the raw block format is understood, too.
    Snappy,
}

/// Every encoding by the name that it has in `Content-Encoding` and `grpc-encoding` headers.
const NAMES: [(&str, Encoding); 7] = [
    ("identity", Encoding::Identity),
    ("gzip", Encoding::Gzip),
    ("deflate", Encoding::Deflate),
    ("zlib", Encoding::Deflate),
    ("zstd", Encoding::Zstd),
    ("snappy", Encoding::Snappy),
    ("x-snappy-framed", Encoding::Snappy),
];

/// The largest window that a zstd stream of unknown size may ask for: 8 MiB, as RFC 8878 recommends.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// What a framed snappy stream begins with.
const SNAPPY_STREAM: &[u8] = b"\xff\x06\x00\x00sNaPpY";

/// Why a body could not be opened.
#[derive(Debug, Error)]
pub enum DecompressError {
    /// It is larger than the limit.
    #[error("the decompressed body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It is not what it claims to be.
    #[error("the {encoding} body is corrupt: {source}")]
    Corrupt {
        /// The name of the encoding.
        encoding: &'static str,
        /// What the decoder said.
        source: io::Error,
    },
}

impl Encoding {
    /// The encoding that a header names, if it is known. An empty name is [`Encoding::Identity`].
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let name = name.trim_ascii();
        if name.is_empty() {
            return Some(Self::Identity);
        }
        NAMES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name)).map(|(_, it)| *it)
    }

    /// The name in headers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
        }
    }
}

thread_local! {
    // Contexts of zstd are large: making one costs more than to compress a small body.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses `body`. `level` is the encoder's own scale (gzip, deflate: 0 to 9, zstd: 1 to 22);
/// `None` is the encoder's default.
///
/// # Errors
///
/// If the level is outside the encoder's scale.
pub fn compress(encoding: Encoding, level: Option<i32>, body: &[u8]) -> io::Result<Vec<u8>> {
    let out = Vec::with_capacity(body.len() / 4 + 64);
    match encoding {
        Encoding::Identity => Ok(body.to_vec()),
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(out, flate_level(level)?);
            encoder.write_all(body)?;
            encoder.finish()
        }
        Encoding::Deflate => {
            let mut encoder = ZlibEncoder::new(out, flate_level(level)?);
            encoder.write_all(body)?;
            encoder.finish()
        }
        Encoding::Zstd => COMPRESSOR.with_borrow_mut(|context| {
            let level = level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
            let compressor = match context {
                Some(compressor) => compressor,
                None => context.insert(zstd::bulk::Compressor::new(level)?),
            };
            compressor.set_compression_level(level)?;
            compressor.compress(body)
        }),
        Encoding::Snappy => {
            let mut encoder = snap::write::FrameEncoder::new(out);
            encoder.write_all(body)?;
            encoder.into_inner().map_err(snap::write::IntoInnerError::into_error)
        }
    }
}

/// Opens `body`, which may have at most `limit` bytes then.
///
/// # Errors
///
/// [`DecompressError`] if it is larger or corrupt.
pub fn decompress(encoding: Encoding, body: &Bytes, limit: usize) -> Result<Bytes, DecompressError> {
    let corrupt = |source| DecompressError::Corrupt { encoding: encoding.name(), source };
    match encoding {
        Encoding::Identity if body.len() > limit => Err(DecompressError::TooLarge { limit }),
        Encoding::Identity => Ok(body.clone()),
        Encoding::Gzip => {
            // The last four bytes are the size of the last member: a good guess, no more.
            let guess = body.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
            read_bounded(MultiGzDecoder::new(&body[..]), guess, limit, corrupt)
        }
        Encoding::Deflate if is_zlib(body) => {
            read_bounded(ZlibDecoder::new(&body[..]), body.len() * 4, limit, corrupt)
        }
        Encoding::Deflate => read_bounded(DeflateDecoder::new(&body[..]), body.len() * 4, limit, corrupt),
        Encoding::Zstd => decompress_zstd(body, limit, corrupt),
        // The stream of nothing is nothing.
        Encoding::Snappy if body.is_empty() => Ok(Bytes::new()),
        Encoding::Snappy if body.starts_with(SNAPPY_STREAM) => {
            read_bounded(snap::read::FrameDecoder::new(&body[..]), body.len() * 2, limit, corrupt)
        }
        Encoding::Snappy => {
            let size = snap::raw::decompress_len(body).map_err(|error| corrupt(error.into()))?;
            if size > limit {
                return Err(DecompressError::TooLarge { limit });
            }
            let opened = snap::raw::Decoder::new().decompress_vec(body);
            opened.map(Bytes::from).map_err(|error| corrupt(error.into()))
        }
    }
}

/// One frame of known size is opened at once with a context kept per thread; all else as a stream.
fn decompress_zstd(
    body: &Bytes,
    limit: usize,
    corrupt: impl Fn(io::Error) -> DecompressError,
) -> Result<Bytes, DecompressError> {
    let one_frame = zstd::zstd_safe::find_frame_compressed_size(body).is_ok_and(|size| size == body.len());
    let size = zstd::zstd_safe::get_frame_content_size(body).ok().flatten();
    let Some(size) = size.filter(|_| one_frame) else {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(&body[..]).map_err(&corrupt)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(&corrupt)?;
        return read_bounded(decoder, body.len() * 4, limit, corrupt);
    };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > limit {
        return Err(DecompressError::TooLarge { limit });
    }
    DECOMPRESSOR
        .with_borrow_mut(|context| {
            let decoder = match context {
                Some(decoder) => decoder,
                None => context.insert(zstd::bulk::Decompressor::new()?),
            };
            decoder.decompress(body, size)
        })
        .map(Bytes::from)
        .map_err(corrupt)
}

fn read_bounded(
    reader: impl Read,
    guess: usize,
    limit: usize,
    corrupt: impl Fn(io::Error) -> DecompressError,
) -> Result<Bytes, DecompressError> {
    // A guess may lie, so that it never takes more than 1 MiB ahead of the data.
    let mut out = Vec::with_capacity(guess.min(limit).min(1 << 20) + 1);
    reader.take(limit as u64 + 1).read_to_end(&mut out).map_err(corrupt)?;
    if out.len() > limit {
        return Err(DecompressError::TooLarge { limit });
    }
    out.shrink_to_fit();
    Ok(out.into())
}

/// A zlib header: method 8, and both bytes together a multiple of 31.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [a, b, ..] if a & 0x0f == 8 && u16::from_be_bytes([*a, *b]) % 31 == 0)
}

fn flate_level(level: Option<i32>) -> io::Result<Compression> {
    match level {
        None => Ok(Compression::default()),
        Some(level @ 0..=9) => Ok(Compression::new(level.unsigned_abs())),
        Some(level) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("compression level {level} is not between 0 and 9"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Encoding; 5] =
        [Encoding::Identity, Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy];

    #[test]
    fn every_encoding_gives_back_what_it_was_given() {
        for size in [0, 1, 5_000, 3 << 20] {
            let body: Vec<u8> = (0..size).map(|i: usize| (i / 7) as u8).collect();
            for encoding in ALL {
                let packed = Bytes::from(compress(encoding, None, &body).unwrap());
                assert_eq!(decompress(encoding, &packed, size).unwrap(), body, "{encoding:?}, {size} bytes");
                assert_eq!(Encoding::from_name(encoding.name().as_bytes()), Some(encoding));
            }
        }
    }

    #[test]
    fn one_byte_over_the_limit_is_too_large() {
        for encoding in ALL {
            let packed = Bytes::from(compress(encoding, None, &[0; 10_000]).unwrap());
            assert!(
                matches!(
                    decompress(encoding, &packed, 9_999),
                    Err(DecompressError::TooLarge { limit: 9_999 })
                ),
                "{encoding:?}"
            );
        }
    }

    #[test]
    fn zstd_without_a_size_in_its_header_and_in_two_frames() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        encoder.write_all(&[7; 100_000]).unwrap();
        let mut packed = encoder.finish().unwrap();
        packed.extend(compress(Encoding::Zstd, None, &[8; 10]).unwrap());
        let packed = Bytes::from(packed);
        assert_eq!(decompress(Encoding::Zstd, &packed, 100_010).unwrap().len(), 100_010);
        assert!(matches!(
            decompress(Encoding::Zstd, &packed, 100_009),
            Err(DecompressError::TooLarge { .. })
        ));
    }

    #[test]
    fn raw_snappy_blocks_and_raw_deflate_are_understood() {
        let block = snap::raw::Encoder::new().compress_vec(b"hello hello hello").unwrap();
        assert_eq!(decompress(Encoding::Snappy, &block.into(), 100).unwrap(), "hello hello hello");
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(b"hello hello hello").unwrap();
        let raw = Bytes::from(raw.finish().unwrap());
        assert_eq!(decompress(Encoding::Deflate, &raw, 100).unwrap(), "hello hello hello");
    }

    #[test]
    fn what_is_corrupt_or_cut_short_is_an_error() {
        for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy] {
            let garbage = Bytes::from_static(b"\xff\xfe certainly nothing that was compressed");
            assert!(decompress(encoding, &garbage, 1000).is_err(), "{encoding:?}");
            let packed = Bytes::from(compress(encoding, None, &[1; 5000]).unwrap());
            assert!(decompress(encoding, &packed.slice(..packed.len() / 2), 5000).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn levels_outside_the_scale_are_refused() {
        assert!(compress(Encoding::Gzip, Some(10), b"x").is_err());
        assert!(compress(Encoding::Deflate, Some(-1), b"x").is_err());
        assert!(compress(Encoding::Zstd, Some(19), b"x").is_ok());
    }
}
