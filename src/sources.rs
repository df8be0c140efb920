//! Where a command's configuration comes from.

use crate::terminal;
use clap::Args;
use std::process::ExitCode;
use tidewatch_component::Registry;
use tidewatch_config::{Loaded, Source, load, reload};

/// The options that name it.
#[derive(Debug, Default, Args)]
pub(crate) struct Sources {
    /// A configuration: a file, `env:NAME` or `yaml:TEXT`; several are laid on top of each other
    #[arg(short, long, value_name = "SOURCE")]
    pub(crate) config: Vec<String>,

    /// Sets one key, e.g. `exporters::debug::verbosity=detailed`; repeatable
    #[arg(long, value_name = "KEY::KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

impl Sources {
    /// These, and then the others.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.config.extend(others.config);
        self.set.extend(others.set);
        self
    }

    /// Reads and checks them.
    ///
    /// # Errors
    /// The exit code where none is named; the user has been told.
    pub(crate) fn load(&self, registry: &Registry) -> Result<Loaded, ExitCode> {
        Ok(load(&self.named()?, &self.set, registry.catalog(), &|name| std::env::var(name).ok()))
    }

    /// The same while the agent runs: only regular files are read.
    ///
    /// # Errors
    /// As [`Sources::load`].
    pub(crate) fn reload(&self, registry: &Registry) -> Result<Loaded, ExitCode> {
        Ok(reload(&self.named()?, &self.set, registry.catalog(), &|name| std::env::var(name).ok()))
    }

    fn named(&self) -> Result<Vec<Source>, ExitCode> {
        if self.config.is_empty() {
            terminal::error(
                "no configuration is given",
                "name one with --config, for example\n\n    tidewatch --config configs/quickstart.yaml\n\n\
                 and see `tidewatch --help` for more",
            );
            return Err(ExitCode::from(2));
        }
        Ok(self.config.iter().map(|argument| Source::parse(argument)).collect())
    }
}
