//! What is wrong with a JSON text or a message, and where.

use std::fmt;

/// Why a JSON text cannot be read, or a message cannot be written as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// The field, as in `resourceLogs[0].scopeLogs[0].logRecords[3].traceId`; empty for the whole.
    pub path: String,
    /// What is wrong with it. Never repeats strings of the input.
    pub message: String,
    /// Line and column in the JSON text, from 1; `None` if the parser did not get to work.
    pub position: Option<(usize, usize)>,
}

impl std::error::Error for JsonError {}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match self.position {
            Some((line, column)) => write!(f, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl JsonError {
    pub(super) fn in_message(path: &Path, message: String) -> Self {
        Self { path: path.to_string(), message, position: None }
    }

    pub(super) fn in_text(message: String) -> Self {
        Self { path: String::new(), message, position: None }
    }

    pub(super) fn from_parser(path: &Path, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let message = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        Self { path: path.to_string(), message: message.to_owned(), position: Some((line, column)) }
    }
}

/// The way from the request to the field at hand. A step is taken back only after success, so after a failure the
/// path still leads to its cause.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug)]
enum Step {
    Field(&'static str),
    Element(usize),
}

impl Path {
    pub(super) fn field(&mut self, name: &'static str) {
        self.0.push(Step::Field(name));
    }

    pub(super) fn element(&mut self, index: usize) {
        self.0.push(Step::Element(index));
    }

    pub(super) fn back(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if depth == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
