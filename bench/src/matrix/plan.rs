//! What is in agents.json and cells.json.

use crate::{
    Result,
    compression::Compression,
    load::{Load, Protocol},
    signal::Signal,
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    env, fmt,
    path::{Path, PathBuf},
};

/// Agents by their names.
pub(super) type Agents = BTreeMap<String, Agent>;

/// How to start an agent.
#[derive(Debug, Deserialize)]
pub(super) struct Agent {
    /// Binary and arguments; the configuration comes last.
    command: Vec<String>,
    /// Folder of its configurations: one for each name of a cell, `forward.yaml`. Without, it sits out.
    configs: String,
}

/// One shape of load.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Cell {
    /// What the agent has to do.
    pub(super) name: String,
    pub(super) signal: Signal,
    /// Items per second.
    pub(super) rate: u64,
    /// Items per request.
    #[serde(default = "hundred")]
    pub(super) batch: u32,
    #[serde(default)]
    pub(super) compression: Compression,
}

fn hundred() -> u32 {
    100
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {} a request, {}/s", self.name, self.signal, self.batch, self.rate)
    }
}

impl Cell {
    pub(super) fn load(&self, to: &str, seconds: u64) -> Load {
        Load {
            to: to.to_owned(),
            protocol: Protocol::Grpc,
            signal: self.signal,
            rate: self.rate,
            batch: self.batch,
            connections: 4,
            in_flight: 4,
            seconds,
            compression: self.compression,
            resources: 64,
            seed: 7,
        }
    }
}

/// What stands for `{bench}`, `{target}` and `{rivals}` in agents.json.
pub(super) struct Places {
    bench: PathBuf,
    target: PathBuf,
    rivals: PathBuf,
}

impl Places {
    pub(super) fn new(bench: &Path, rivals: Option<&Path>) -> Result<Self> {
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
    /// The command for a cell; none where there is no binary or no configuration.
    pub(super) fn command(&self, cell: &Cell, places: &Places) -> Option<Vec<String>> {
        let mut command: Vec<String> = self.command.iter().map(|part| places.fill(part)).collect();
        let config = Path::new(&places.fill(&self.configs)).join(format!("{}.yaml", cell.name));
        let ready = Path::new(command.first()?).exists() && config.exists();
        command.push(config.to_string_lossy().into_owned());
        ready.then_some(command)
    }
}

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_of_this_folder_is_whole() {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
        let agents: Agents = read(&bench.join("agents.json")).unwrap();
        let cells: Vec<Cell> = read(&bench.join("cells.json")).unwrap();
        let places = Places::new(bench, None).unwrap();
        for cell in cells {
            for (name, agent) in &agents {
                let config = Path::new(&places.fill(&agent.configs)).join(format!("{}.yaml", cell.name));
                assert!(config.exists(), "{name} has no {}", config.display());
            }
        }
    }
}
