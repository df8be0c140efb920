//! Which agents there are, and how they are started.

use crate::Result;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    env,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

/// Agents by their names.
pub(crate) type Agents = BTreeMap<String, Agent>;

/// How to start an agent.
#[derive(Debug, Deserialize)]
pub(crate) struct Agent {
    /// Binary and arguments; the configuration comes last.
    command: Vec<String>,
    /// Folder of its configurations: one for each name of a cell, `forward.yaml`. Without, it sits out.
    configs: String,
}

/// What stands for `{bench}`, `{target}` and `{rivals}` in an agent's command.
pub(crate) struct Places {
    pub(crate) bench: PathBuf,
    pub(crate) target: PathBuf,
    rivals: PathBuf,
}

impl Places {
    pub(crate) fn new(bench: &Path, rivals: Option<&Path>) -> Result<Self> {
        let bench =
            bench.canonicalize().map_err(|error| format!("{}: {error}; see `--bench`", bench.display()))?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| bench.join("../target"), PathBuf::from);
        let rivals = rivals.map_or_else(|| bench.join("rivals/bin"), Path::to_owned);
        Ok(Self { bench, target, rivals })
    }

    fn fill(&self, text: &str) -> String {
        [("{bench}", &self.bench), ("{target}", &self.target), ("{rivals}", &self.rivals)]
            .iter()
            .fold(text.to_owned(), |text, (place, path)| text.replace(place, &path.to_string_lossy()))
    }
}

impl Agent {
    /// Its configuration for a cell, whether or not it is there.
    pub(crate) fn config(&self, cell: &str, places: &Places) -> PathBuf {
        Path::new(&places.fill(&self.configs)).join(format!("{cell}.yaml"))
    }

    /// The command for a cell; none where there is no binary or no configuration.
    pub(crate) fn command(&self, cell: &str, places: &Places) -> Option<Vec<String>> {
        let mut command: Vec<String> = self.command.iter().map(|part| places.fill(part)).collect();
        let config = self.config(cell, places);
        let ready = Path::new(command.first()?).exists() && config.exists();
        command.push(config.to_string_lossy().into_owned());
        ready.then_some(command)
    }
}

/// Reads a plan.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Whether a list of names, where empty means all, has this one.
pub(crate) fn wanted(names: &[String], name: &str) -> bool {
    names.is_empty() || names.iter().any(|wanted| wanted == name)
}

/// Writes one JSON object for each run.
pub(crate) fn write_rows<T: Serialize>(path: &Path, rows: &[T]) -> Result<()> {
    let mut file = File::create(path)?;
    for row in rows {
        serde_json::to_writer(&mut file, row)?;
        writeln!(file)?;
    }
    Ok(())
}
