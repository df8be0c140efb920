//! From the bytes of a file to OTLP log records.
//!
//! A [`Pattern`] is compiled once from an [`EntriesConfig`]. Each file has [`Entries`], which cut its bytes into
//! entries, run the operators over them, and write records into [`Requests`] that several files share.

mod condition;
mod config;
mod encoding;
mod feed;
mod field;
mod header;
mod join;
mod operators;
mod pattern;
mod record;
mod requests;
mod run;
mod split;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use config::EntriesConfig;
pub(crate) use feed::{Entries, FileNames, Saved};
pub(crate) use pattern::Pattern;
pub(crate) use requests::Requests;
