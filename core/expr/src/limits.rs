//! How much one function may make.

use crate::Failure;

/// The largest value that a function makes, in bytes.
pub(crate) const MAX_VALUE: usize = 16 << 20;

/// Fails where a value of so many bytes would be too large.
pub(crate) fn fits(length: usize) -> Result<(), Failure> {
    if length > MAX_VALUE { Err(Failure::new("the value would have more than 16 MiB")) } else { Ok(()) }
}
