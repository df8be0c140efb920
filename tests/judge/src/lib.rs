//! The judge: the release binary as a black box between senders of uniquely numbered log records and
//! sinks that record every number.
//!
//! It says what was delivered, lost, duplicated and reordered, and holds the agent's own counters
//! against what it saw from outside.

pub mod agent;
pub mod books;
pub mod causes;
pub mod dead_letters;
pub mod disk;
pub mod files;
pub mod hostile;
pub mod items;
pub mod lifetimes;
pub mod numbers;
pub mod ports;
pub mod process;
pub mod protocol;
pub mod scenarios;
pub mod sender;
pub mod setup;
pub mod sink;
pub mod summary;
pub mod trial;
pub mod verdict;
pub mod wire;

/// What stops the judge itself: never a finding about the agent.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A result of the judge's own work.
pub type Result<T, E = Error> = std::result::Result<T, E>;
