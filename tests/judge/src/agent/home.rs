//! Where agents live, one after another.

use crate::{Result, ports};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

/// A folder with the ports and the surroundings of the agents that are started in it, one after another. It is
/// removed in the end, unless somebody wants to look into it.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    kept: AtomicBool,
    /// Where `/metrics` is served.
    pub metrics: SocketAddr,
    /// Where the health check answers.
    pub health: SocketAddr,
    /// Extensions that the scenario's configuration describes, to be enabled beside the health check.
    pub extensions: &'static [&'static str],
    /// Variables of the agents' environment.
    pub environment: Vec<(&'static str, String)>,
    /// A command that starts the agent, such as `prlimit --fsize=…`; empty: it is started directly.
    pub wrapper: Vec<String>,
}

impl Home {
    /// A new folder.
    ///
    /// # Errors
    /// When none can be made.
    pub fn new() -> Result<Self> {
        Ok(Self {
            path: tempfile::Builder::new().prefix("tidewatch-judge-").tempdir()?.keep(),
            kept: AtomicBool::new(false),
            metrics: ports::free(),
            health: ports::free(),
            extensions: &[],
            environment: Vec::new(),
            wrapper: Vec::new(),
        })
    }

    /// The folder. Relative paths in configurations are below it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the folder, and says where it is.
    pub fn keep(&self) -> &Path {
        self.kept.store(true, Relaxed);
        &self.path
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.kept.load(Relaxed) {
            // What cannot be removed is in the folder for temporary files, and stays there.
            std::fs::remove_dir_all(&self.path).ok();
        }
    }
}
