//! Files that grow and are rotated, line by numbered line.

mod rotation;
mod writer;

pub use rotation::Kind;
pub use writer::{Writer, Writing};
