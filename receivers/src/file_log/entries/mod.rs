//! From the bytes of a file to OTLP log records.
//!
//! A [`Pattern`] is compiled once from an [`EntriesConfig`]. Each file has [`Entries`], which cut its bytes into
//! entries, run the operators over them, and write records into [`Requests`] that several files share.

#![allow(dead_code, unused_imports, reason = "not wired in yet")]
mod config;
mod feed;
mod pattern;
mod requests;

pub(crate) use config::EntriesConfig;
pub(crate) use feed::{Entries, FileNames, Progress, Saved};
pub(crate) use pattern::Pattern;
pub(crate) use requests::Requests;
