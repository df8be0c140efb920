//! Compression of request bodies.

use crate::Result;
use bytes::Bytes;
use serde::Deserialize;
use std::io::Read;
use tonic::codec::CompressionEncoding;

/// A body larger than this is cut off, and so not counted whole.
const LARGEST: u64 = 64 << 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compression {
    #[default]
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Its name in `content-encoding`.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }

    pub(crate) fn of_grpc(self) -> Option<CompressionEncoding> {
        match self {
            Self::None => None,
            Self::Gzip => Some(CompressionEncoding::Gzip),
            Self::Zstd => Some(CompressionEncoding::Zstd),
        }
    }

    pub(crate) fn compress(self, body: Bytes) -> Result<Bytes> {
        let mut out = Vec::new();
        match self {
            Self::None => return Ok(body),
            Self::Gzip => {
                flate2::bufread::GzEncoder::new(&body[..], flate2::Compression::default())
                    .read_to_end(&mut out)?;
            }
            Self::Zstd => zstd::stream::copy_encode(&body[..], &mut out, 0)?,
        }
        Ok(out.into())
    }
}

/// A body as it was before `encoding`.
pub(crate) fn decompress(encoding: Option<&str>, body: Bytes) -> Result<Bytes> {
    let mut out = Vec::new();
    match encoding {
        None | Some("identity") => return Ok(body),
        Some("gzip") => {
            flate2::bufread::GzDecoder::new(&body[..]).take(LARGEST).read_to_end(&mut out)?;
        }
        Some("zstd") => {
            zstd::stream::Decoder::new(&body[..])?.take(LARGEST).read_to_end(&mut out)?;
        }
        Some("snappy") => out = snap::raw::Decoder::new().decompress_vec(&body)?,
        Some(other) => return Err(format!("unknown encoding {other}").into()),
    }
    Ok(out.into())
}
