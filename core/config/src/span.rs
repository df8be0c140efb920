//! Where a piece of configuration was written.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A text that configuration was read from.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// What it is called in messages: a path, `env:NAME`, `--set`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// How many sources were named before it.
    pub order: usize,
    /// Which bytes hold secrets.
    hidden: Hidden,
}

impl SourceText {
    /// A source with nothing to hide so far.
    pub fn new(name: impl Into<String>, text: impl Into<String>, order: usize) -> Self {
        Self { name: name.into(), text: text.into(), order, hidden: Hidden::default() }
    }

    /// The ranges that must not be shown.
    pub(crate) fn hidden(&self) -> Vec<Range<usize>> {
        self.hidden.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Ranges that must not be shown. They are known only once a text has been read, when spans share it.
#[derive(Debug, Default)]
struct Hidden(Mutex<Vec<Range<usize>>>);

/// Texts are the same whatever is known about them.
impl PartialEq for Hidden {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Hidden {}

/// A range of a source.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    source: Arc<SourceText>,
    range: Range<usize>,
    via: Option<Arc<str>>,
}

impl Span {
    /// The bytes `range` of `source`, cut back to character boundaries within it.
    pub fn new(source: Arc<SourceText>, range: Range<usize>) -> Self {
        let start = floor(&source.text, range.start);
        let end = floor(&source.text, range.end).max(start);
        Self { source, range: start..end, via: None }
    }

    /// The same place, for a value that does not stand there itself but came through `reference`, e.g. `${env:PORT}`.
    #[must_use]
    pub fn through(&self, reference: &str) -> Self {
        Self { via: Some(reference.into()), ..self.clone() }
    }

    /// The reference that the value came through, e.g. `${env:PORT}`.
    pub fn via(&self) -> Option<&str> {
        self.via.as_deref()
    }

    /// The text that the span is in.
    pub fn source(&self) -> &Arc<SourceText> {
        &self.source
    }

    /// The bytes of the source that the span covers.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What is written there.
    pub fn text(&self) -> &str {
        &self.source.text[self.range.clone()]
    }

    /// Stars the span out wherever its line is shown.
    pub(crate) fn hide(&self) {
        let mut hidden = self.source.hidden.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !hidden.contains(&self.range) {
            hidden.push(self.range.clone());
        }
    }

    /// Whether any of it is starred out.
    pub(crate) fn is_hidden(&self) -> bool {
        let overlaps = |range: &Range<usize>| range.start < self.range.end && self.range.start < range.end;
        self.source.hidden().iter().any(overlaps)
    }

    /// The span from byte `offset` of the text on that it is, if it is one line as it is written, perhaps in quotes.
    pub(crate) fn tail(&self, offset: usize) -> Option<Self> {
        let text = self.text();
        let plain = self.via.is_none() && !text.contains(['\n', '\\']) && !text.contains("''");
        let quoted = usize::from(text.starts_with(['"', '\'']));
        let inside = offset < text.len().saturating_sub(2 * quoted);
        let start = self.range.start + quoted + offset;
        (plain && inside).then(|| Self::new(self.source.clone(), start..self.range.end - quoted))
    }

    /// Line and column of the start, in characters, both from 1.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.source.text[..self.range.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// The last character boundary of `text` that is not after `index`.
fn floor(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let source = Arc::new(SourceText::new("a.yaml", "ä: 1\nö: zwei\n", 0));
        let start = source.text.find("zwei").unwrap_or_default();
        let span = Span::new(source.clone(), start..start + 4);
        assert_eq!((span.to_string().as_str(), span.text()), ("a.yaml:2:4", "zwei"));
        assert_eq!(Span::new(source, 1..99).range(), 0..15, "cut to boundaries");
    }
}
