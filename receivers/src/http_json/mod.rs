//! People's own JSON over HTTP, without an SDK: each record becomes a log record whose body is the record's map.

mod answer;
mod body;
mod config;
mod files;
mod ingest;
mod load;
mod root;
mod server;
mod service;
mod submit;

pub use config::{Config, FilesConfig, HttpJson, RecordsConfig, TriggerConfig};
