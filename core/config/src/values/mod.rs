//! Value types that configuration structs use, each with its own syntax and its own `format` in the JSON schema.

mod byte_size;
mod duration;
mod secret;

pub use byte_size::{ByteSize, ByteSizeError};
pub use duration::{DurationError, GoDuration};
pub use secret::Secret;

pub(crate) use secret::REDACTED;
