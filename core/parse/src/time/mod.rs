//! Times as people and programs write them, and Unix nanoseconds.

mod epoch;
mod format;
mod gotime;
mod layout;
mod parse;
mod strptime;
mod write;
mod zone;

pub use epoch::Epoch;
pub use format::{Format, Formats};
pub use layout::Layout;
pub use zone::zone;

/// Why something is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTime {
    /// The text is written in another way.
    #[error("the time is not written as the layout says")]
    NotAsTheLayout,
    /// Such as 30 February.
    #[error("the time does not exist")]
    DoesNotExist,
    /// Before 1677 or after 2262.
    #[error("the time is out of range")]
    OutOfRange,
    /// The zone that is named in the text is unknown.
    #[error("there is no time zone of this name")]
    UnknownZone,
    /// An epoch that is neither a number nor the text of one.
    #[error("the time is no number of this layout")]
    NoNumber,
    /// Neither text nor a number.
    #[error("the time is no text")]
    NoText,
    /// None of several formats fits.
    #[error("the time is in none of the formats")]
    NoFormat,
}

#[cfg(test)]
mod tests;
