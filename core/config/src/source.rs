//! Where configuration comes from.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::parse::MAX_BYTES;
use crate::{Diagnostic, SourceText};

/// A place that configuration is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file; relative paths are read as they are.
    File(PathBuf),
    /// An environment variable that holds YAML.
    Env(String),
    /// YAML itself; its top-level keys may be paths, e.g. `exporters::debug::verbosity: detailed`.
    Yaml(String),
    /// A scheme that the Collector has, but Tidewatch does not.
    Unsupported(String),
}

/// Which files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// Pipes and devices, too, such as `/dev/stdin`.
    All,
    /// Those that nobody has to be waited for.
    Regular,
}

/// Schemes of the Collector's providers that there is no counterpart for.
const UNSUPPORTED: [&str; 4] = ["http", "https", "s3", "secretsmanager"];

impl Source {
    /// The source that a `--config` argument names: a path, `file:PATH`, `env:NAME` or `yaml:TEXT`.
    pub fn parse(argument: &str) -> Self {
        match argument.split_once(':') {
            Some(("file", path)) => Self::File(path.into()),
            Some(("env", name)) => Self::Env(name.into()),
            Some(("yaml", text)) => Self::Yaml(text.into()),
            Some((scheme, _)) if UNSUPPORTED.contains(&scheme) => Self::Unsupported(argument.into()),
            _ => Self::File(argument.into()),
        }
    }

    /// The text of the source, which is the one after `order` others.
    ///
    /// # Errors
    ///
    /// If there is no such file or variable, or if it cannot be read, is too large or not UTF-8.
    pub(crate) fn read(
        &self,
        order: usize,
        env: &dyn Fn(&str) -> Option<String>,
        files: Files,
    ) -> Result<SourceText, Diagnostic> {
        let (name, text) = match self {
            Self::File(path) => (path.display().to_string(), read_file(path, files)?),
            Self::Env(variable) => {
                let name = format!("env:{variable}");
                let message =
                    || Diagnostic::error(None, format!("the environment variable {variable} is not set"));
                (name, env(variable).ok_or_else(message)?)
            }
            Self::Yaml(text) => ("yaml".into(), text.clone()),
            Self::Unsupported(argument) => {
                return Err(Diagnostic::error(
                    None,
                    format!("configuration cannot be read from `{argument}`"),
                )
                .help("sources are a path, `file:PATH`, `env:NAME` and `yaml:TEXT`"));
            }
        };
        Ok(SourceText::new(name, text, order))
    }
}

/// The text of a file.
///
/// # Errors
///
/// If there is no such file, or if it cannot be read, is of another kind than `files`, too large or not UTF-8.
pub(crate) fn read_file(path: &Path, files: Files) -> Result<String, Diagnostic> {
    let failed =
        |reason: String| Diagnostic::error(None, format!("cannot read {}: {reason}", path.display()));
    let mut bytes = Vec::new();
    // Before it is opened: opening a pipe waits for a writer.
    if files == Files::Regular {
        let metadata = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
        if !metadata.is_file() {
            return Err(failed("it is not a regular file, and a reload reads no other".into()));
        }
    }
    let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    if bytes.len() > MAX_BYTES {
        return Err(failed("it is larger than 10 MiB".into()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        failed(format!("it is not UTF-8, see line {line}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_sources() {
        assert_eq!(Source::parse("a/b.yaml"), Source::File("a/b.yaml".into()));
        assert_eq!(Source::parse("file:a.yaml"), Source::File("a.yaml".into()));
        assert_eq!(Source::parse("C:\\a.yaml"), Source::File("C:\\a.yaml".into()));
        assert_eq!(Source::parse("env:CONF"), Source::Env("CONF".into()));
        assert_eq!(Source::parse("yaml:a::b: 1"), Source::Yaml("a::b: 1".into()));
        assert!(matches!(Source::parse("https://x/y"), Source::Unsupported(_)));
    }
}
