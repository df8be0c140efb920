//! Little data that unpacks into a lot.

use flate2::{Compression, write::GzEncoder};
use std::io::{self, Write};

/// What a bomb unpacks into: a dozen times what a receiver takes by default.
const UNPACKED: usize = 256 << 20;
static BLOCK: [u8; 1 << 16] = [0; 1 << 16];

/// A lot of zeros in gzip.
pub(super) fn gzip() -> io::Result<Vec<u8>> {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    fill(&mut bomb)?;
    bomb.finish()
}

/// A lot of zeros in zstd.
pub(super) fn zstd() -> io::Result<Vec<u8>> {
    let mut bomb = zstd::Encoder::new(Vec::new(), 3)?;
    fill(&mut bomb)?;
    bomb.finish()
}

fn fill(bomb: &mut impl Write) -> io::Result<()> {
    for _ in 0..UNPACKED / BLOCK.len() {
        bomb.write_all(&BLOCK)?;
    }
    Ok(())
}
