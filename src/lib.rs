//! Tidewatch: receives telemetry, understands it while it streams, and passes it on.
//!
//! This crate is the command line and the table of components. Who wants components of their own builds a
//! binary of them:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     // .receiver::<MyReceiver>() adds one to those that come with Tidewatch.
//!     tidewatch::main(tidewatch::components())
//! }
//! ```

mod acknowledgement;
mod cli;
mod commands;
mod components;
mod panics;
mod reload;
mod shutdown;
mod sources;
mod terminal;

pub use components::components;

use clap::Parser;
use std::process::ExitCode;
use tidewatch_component::Registry;

/// Does what the command line says, with the components of `registry`. For the `main` of a binary; the exit
/// code is for its caller.
///
/// 0: done, or stopped with everything delivered. 1: a mistake in the configuration, or a start that failed.
/// 2: a mistake on the command line. 3: stopped with items undelivered. 130, 143: ended by SIGINT
/// or SIGTERM at once, by a second one or before it was ready.
#[expect(clippy::needless_pass_by_value, reason = "nothing is left to do for who made the registry")]
pub fn main(registry: Registry) -> ExitCode {
    cli::Cli::parse().run(&registry)
}
