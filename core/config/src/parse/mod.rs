//! YAML text to tree.

use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScanError};

use crate::{Diagnostic, Diagnostics, Node, SourceText, Span, secrecy};

mod builder;
mod syntax;

pub(crate) use builder::MAX_DEPTH;

/// The most that one source may hold.
pub(crate) const MAX_BYTES: usize = 10 << 20;

/// The document in bytes `start..` of `source`. A text without a document is null; what cannot be read at all is
/// `None`. A mapping with duplicate or unusable keys is read without them.
pub(crate) fn parse(source: &Arc<SourceText>, start: usize, diagnostics: &mut Diagnostics) -> Option<Node> {
    let skipped = if source.text[start..].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let positions = Positions::new(source, start + skipped);
    if source.text.len() > MAX_BYTES {
        diagnostics.push(Diagnostic::error(None, format!("{} is larger than 10 MiB", source.name)));
        return None;
    }
    let mut parser = Parser::new_from_str(&source.text[start + skipped..]);
    let mut builder = builder::Builder::new();
    let mut documents = 0;
    loop {
        let (event, place) = match parser.next_event() {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                diagnostics.push(positions.explain(&error));
                return None;
            }
            None => break,
        };
        let span = positions.span(place.start, place.end);
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                let help = "remove the `---`; or write several files and name each with `--config`";
                diagnostics.push(Diagnostic::error(span, "there is more than one YAML document").help(help));
                return None;
            }
        }
        if let Err(fatal) = builder.event(event, span, diagnostics) {
            diagnostics.push(*fatal);
            return None;
        }
    }
    let nothing = || Node::new(crate::Value::Null, Span::new(source.clone(), start..start));
    let root = builder.finish().unwrap_or_else(nothing);
    secrecy::hide(&root, false);
    Some(root)
}

/// A document that is no configuration, such as a table. Its mistakes have their places.
///
/// # Errors
///
/// All its mistakes, if it has any.
pub fn read_yaml(source: &Arc<SourceText>) -> Result<Node, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let root = parse(source, 0, &mut diagnostics);
    root.filter(|_| !diagnostics.has_errors()).ok_or(diagnostics)
}

/// From the parser's positions, which count characters, to spans, which count bytes.
struct Positions<'a> {
    source: &'a Arc<SourceText>,
    start: usize,
    /// The byte of each character, unless every character is one byte.
    bytes: Option<Vec<usize>>,
}

impl<'a> Positions<'a> {
    fn new(source: &'a Arc<SourceText>, start: usize) -> Self {
        let text = &source.text[start..];
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(byte, _)| byte).collect());
        Self { source, start, bytes }
    }

    fn byte(&self, marker: Marker) -> usize {
        let index = match &self.bytes {
            Some(bytes) => bytes.get(marker.index()).copied().unwrap_or(self.source.text.len() - self.start),
            None => marker.index(),
        };
        self.start + index
    }

    /// The span between two markers, without white space at its end.
    fn span(&self, start: Marker, end: Marker) -> Span {
        let (start, end) = (self.byte(start), self.byte(end));
        let text = self.source.text.get(start..end).unwrap_or_default();
        Span::new(self.source.clone(), start..start + text.trim_end().len())
    }

    fn explain(&self, error: &ScanError) -> Diagnostic {
        syntax::explain(self.source, self.byte(*error.marker()), error.info())
    }
}
