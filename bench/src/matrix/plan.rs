//! What is in cells.json.

use crate::{compression::Compression, load::Load, signal::Signal};
use serde::Deserialize;
use std::fmt;

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
            signal: self.signal,
            rate: self.rate,
            batch: self.batch,
            seconds,
            compression: self.compression,
            ..Load::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::{Agents, Places, read};
    use std::path::Path;

    #[test]
    fn the_plan_of_this_folder_is_whole() {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
        let agents: Agents = read(&bench.join("agents.json")).unwrap();
        let cells: Vec<Cell> = read(&bench.join("cells.json")).unwrap();
        let places = Places::new(bench, None).unwrap();
        let mut missing: Vec<(&str, &str)> = Vec::new();
        for cell in &cells {
            let without = agents.iter().filter(|(_, agent)| !agent.config(&cell.name, &places).exists());
            missing.extend(without.map(|(name, _)| (name.as_str(), cell.name.as_str())));
        }
        missing.dedup();
        // It has no processor that drops by an attribute.
        assert_eq!(missing, [("engine", "half")]);
    }
}
