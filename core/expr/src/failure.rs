use crate::Value;
use std::borrow::Cow;

/// Why an expression has no value, or a statement could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(Cow<'static, str>);

impl Failure {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        let mut message = message.into();
        if message.len() > LONGEST {
            let end = message.floor_char_boundary(LONGEST);
            message = format!("{}...", &message[..end]).into();
        }
        Self(message)
    }

    /// A value of the wrong type.
    pub(crate) fn expected(what: &str, found: &Value<'_>) -> Self {
        Self::new(format!("{what} is needed, there is {}", found.kind()))
    }
}

/// Bytes of a message: what it names may have come with the data.
const LONGEST: usize = 300;

/// What is done where a statement or a condition fails on an item, as in the Collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorMode {
    /// The failure is logged and counted, and the next statement is carried out.
    Ignore,
    /// The same, without the log.
    Silent,
    /// The batch is given up.
    #[default]
    Propagate,
}
