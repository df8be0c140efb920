//! Where the agent runs, without a call over the network.

mod cloud;
mod container;
mod environment;
mod kubernetes;
mod process;
mod system;
#[cfg(test)]
mod tests;

use super::config::Detector;
use serde_json::Value as Json;
use std::{collections::HashMap, fs::File, io::Read, path::PathBuf};

/// Attributes by their names in the semantic conventions.
pub(super) type Found = Vec<(String, Json)>;

/// What a detector finds; or why it finds nothing.
pub(super) fn run(detector: Detector, machine: &Machine) -> Result<Found, String> {
    match detector {
        Detector::Env => environment::detect(machine),
        Detector::System => system::detect(machine),
        Detector::Process => process::detect(machine),
        Detector::Container => container::detect(machine),
        Detector::K8s => kubernetes::detect(machine),
        Detector::Lambda => cloud::lambda(machine),
        Detector::ElasticBeanstalk => cloud::elastic_beanstalk(machine),
        Detector::CloudRun => cloud::cloud_run(machine),
        Detector::AzureAppService => cloud::azure_app_service(machine),
        Detector::Heroku => cloud::heroku(machine),
    }
}

/// The most that is read of a file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// What detectors look at.
pub(super) struct Machine {
    root: PathBuf,
    variables: HashMap<String, String>,
}

impl Machine {
    /// The one that the agent runs on.
    pub(super) fn own() -> Self {
        // A variable that is not UTF-8 is none that detectors know.
        let variables = std::env::vars_os();
        let variables =
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { root: PathBuf::from("/"), variables: variables.collect() }
    }

    /// One with files below a folder, and variables of its own.
    #[cfg(test)]
    pub(super) fn new(root: impl Into<PathBuf>, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { root: root.into(), variables: variables.collect() }
    }

    /// A variable that is set, and not to nothing.
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A text file, as far as [`MAX_FILE`].
    fn file(&self, path: &str) -> Option<String> {
        let path = self.root.join(path);
        // A pipe would be waited for.
        std::fs::metadata(&path).ok()?.is_file().then_some(())?;
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A file of one line that is not empty.
    fn line(&self, path: &str) -> Option<String> {
        let text = self.file(path)?;
        Some(text.lines().next()?.trim().to_owned()).filter(|line| !line.is_empty())
    }
}

/// Those attributes that have a value.
fn found<const N: usize>(attributes: [(&str, Option<Json>); N]) -> Found {
    let known = attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.collect()
}

/// A text, if there is one.
fn text(value: Option<impl Into<String>>) -> Option<Json> {
    value.map(|value| Json::String(value.into()))
}
