use std::borrow::Cow;

/// Why a text is not what it should be, and where. Nothing of the text is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line}, column {column}")]
pub struct ParseFailure {
    /// What is wrong.
    pub reason: Cow<'static, str>,
    /// Bytes before the place.
    pub offset: usize,
    /// The line of the place, from 1.
    pub line: usize,
    /// The byte within the line, from 1.
    pub column: usize,
}

impl ParseFailure {
    /// Something is wrong so many bytes into a text.
    pub(crate) fn at(text: &str, offset: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        Self {
            reason: reason.into(),
            offset,
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            column: before.len() - line_start + 1,
        }
    }
}
