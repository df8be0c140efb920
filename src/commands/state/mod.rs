//! `tidewatch state`: what a directory of `file_storage` holds.

mod drop;
mod dump;
mod list;
mod queue;

use crate::terminal;
use clap::{Args, Subcommand};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tidewatch_store::{Store, StoreOptions};

/// What to do with it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List whose state there is, and the queues
    List {
        /// The `directory` of the extension `file_storage`
        directory: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what a component remembers, or what waits in a queue, as lines of JSON
    Dump {
        /// The `directory` of the extension `file_storage`
        directory: PathBuf,
        #[command(flatten)]
        what: What,
    },
    /// Remove what a component remembers, or a queue with all that waits in it
    Drop {
        /// The `directory` of the extension `file_storage`
        directory: PathBuf,
        #[command(flatten)]
        what: What,
    },
}

/// A component's state, or a queue.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// Whose state, as `state list` says it
    owner: Option<String>,
    /// The exporter whose queue it is
    #[arg(long, value_name = "EXPORTER")]
    queue: Option<String>,
}

/// Does it, while no agent uses the directory.
pub(crate) fn run(command: &Command) -> ExitCode {
    let done = match command {
        Command::List { directory, json } => open(directory).and_then(|store| list::run(&store, *json)),
        Command::Dump { directory, what } => {
            open(directory).and_then(|store| match (&what.owner, &what.queue) {
                (Some(owner), _) => dump::state(&store, owner),
                (None, queue) => dump::queue(&store, queue.as_deref().unwrap_or_default()),
            })
        }
        Command::Drop { directory, what } => {
            open(directory).and_then(|store| match (&what.owner, &what.queue) {
                (Some(owner), _) => drop::state(&store, owner),
                (None, queue) => drop::queue(&store, queue.as_deref().unwrap_or_default()),
            })
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::fail(&error);
            ExitCode::FAILURE
        }
    }
}

/// Opens a store as it is: nothing is made, and nothing damaged is put aside.
fn open(directory: &Path) -> Result<Arc<Store>, String> {
    if !directory.is_dir() {
        return Err(format!("{} is no directory", directory.display()));
    }
    if !["state.redb", "queues"].iter().any(|name| directory.join(name).exists()) {
        return Err(format!("no agent has kept anything in {}", directory.display()));
    }
    let store = Store::new(StoreOptions {
        create_directory: false,
        recreate: false,
        lock_timeout: Duration::ZERO,
        ..StoreOptions::new(directory)
    });
    store.open().map_err(|error| error.to_string())?;
    Ok(store)
}

/// That there is no such thing, and what there is.
fn unknown(kind: &str, name: &str, known: &[String]) -> String {
    match known {
        [] => format!("there is no {kind} of `{name}`, nor of anybody else"),
        known => format!("there is no {kind} of `{name}`; there is of `{}`", known.join("`, `")),
    }
}
