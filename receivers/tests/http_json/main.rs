//! The `http_json` receiver in a running agent, over real connections.

mod agent;
#[path = "../otlp/authority.rs"]
mod authority;
mod files;
mod keys;
mod picky;
#[path = "../otlp/recorder.rs"]
mod recorder;
mod records;
