//! Times as logs write them, by the Collector's layouts.

mod epoch;
mod gotime;
mod layout;
mod parse;
mod strptime;
mod zone;

pub(super) use epoch::Epoch;
pub(super) use layout::Layout;
pub(super) use zone::zone;

#[cfg(test)]
mod tests;
