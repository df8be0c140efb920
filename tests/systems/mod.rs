//! The systems that configurations in `configs/` are, run as anybody would: a file in, files out.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::common::{Agent, tidewatch};
use serde_json::Value;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with the input, and one for the output.
pub(crate) struct Place {
    folder: TempDir,
    config: &'static str,
}

/// A file of the samples.
pub(crate) fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines that are expected; keys that begin with `_` are notes.
pub(crate) fn expected(name: &str) -> Vec<Value> {
    let parse = |line: &str| {
        let mut value: Value = serde_json::from_str(line).expect("JSON");
        value.as_object_mut().expect("an object").retain(|key, _| !key.starts_with('_'));
        value
    };
    data(name).lines().map(parse).collect()
}

impl Place {
    /// `config` as in the repository.
    pub(crate) fn new(config: &'static str, input: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder"), config };
        place.write("input.jsonl", input);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the agent writes.
    pub(crate) fn output(&self) -> PathBuf {
        self.path("out")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// More input.
    pub(crate) fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).open(self.path("input.jsonl")).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
    }

    /// Starts the agent, with further configurations from the folder.
    pub(crate) fn start(&self, more: &[&str]) -> Agent {
        let mut command = tidewatch(&["run", "--config"]);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(self.config));
        for name in more {
            command.arg("--config").arg(self.path(name));
        }
        command.args(["--set", "service::telemetry::metrics::address=127.0.0.1:0"]);
        command.env("INPUT", self.path("input.jsonl")).env("OUTPUT", self.output());
        command.env("LISTEN", "127.0.0.1:0").env("ROOT", self.folder.path());
        Agent::spawn(&mut command)
    }

    /// Stops the agent, so that all it has taken is written.
    pub(crate) fn stop(&self, agent: Agent) {
        agent.signal("TERM");
        let (status, lines) = agent.wait();
        assert!(status.success(), "{status}: {lines:#?}");
    }

    /// The lines of an output that are there now.
    pub(crate) fn now(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.output().join(name)).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
            .collect()
    }

    /// Waits for so many lines of an output.
    pub(crate) fn lines(&self, name: &str, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The last line may be half written.
            let text = fs::read_to_string(self.output().join(name)).unwrap_or_default();
            if text.lines().count() >= count && text.ends_with('\n') {
                return self.now(name);
            }
            assert!(Instant::now() < deadline, "{} of {count} lines in {name}: {text}", text.lines().count());
            sleep(Duration::from_millis(20));
        }
    }
}
