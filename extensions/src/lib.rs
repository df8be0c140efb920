//! Extensions: what serves the agent beside the data path.

pub mod basicauth;
pub mod bearertokenauth;
pub mod file_storage;
pub mod health_check;
mod idle;
pub mod pprof;
mod watched;
pub mod zpages;
