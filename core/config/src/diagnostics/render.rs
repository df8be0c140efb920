//! The look of a diagnostic: rustc's.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::{Span, secrecy};

/// `diagnostic` with its source line, the spot underlined, without a newline at the end.
pub(super) fn render(diagnostic: &Diagnostic, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let group = level.primary_title(secrecy::hide_urls(&diagnostic.message)).elements(snippets(diagnostic));
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    match &diagnostic.help {
        // Without a source line there is no margin to hang the advice on.
        Some(help) if diagnostic.span.is_none() => {
            let help = Level::HELP.primary_title(help.as_str()).elements(snippets(diagnostic));
            format!("{}\n{}", renderer.render(&[group]), renderer.render(&[help]))
        }
        Some(help) => renderer.render(&[group.element(Level::HELP.message(help.as_str()))]),
        None => renderer.render(&[group]),
    }
}

/// The lines of the diagnostic's span and of the related one: together if they are in one source.
fn snippets(diagnostic: &Diagnostic) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
    let Some(span) = &diagnostic.span else { return Vec::new() };
    let untold = span.via().filter(|reference| !diagnostic.message.contains(reference));
    let label = untold.map(|reference| format!("the value comes from `{reference}`"));
    let primary = |window: &Window| {
        let annotation = AnnotationKind::Primary.span(window.place(span));
        match label.clone() {
            Some(label) => annotation.label(label),
            None => annotation,
        }
    };
    match diagnostic.related.as_deref() {
        None => {
            let window = Window::around(&[span]);
            vec![window.snippet().annotation(primary(&window))]
        }
        Some((related, reason)) if related.source() == span.source() => {
            let window = Window::around(&[span, related]);
            let context = AnnotationKind::Context.span(window.place(related)).label(reason.as_str());
            vec![window.snippet().annotation(primary(&window)).annotation(context)]
        }
        Some((related, reason)) => {
            let (own, other) = (Window::around(&[span]), Window::around(&[related]));
            let context = AnnotationKind::Context.span(other.place(related)).label(reason.as_str());
            vec![own.snippet().annotation(primary(&own)), other.snippet().annotation(context)]
        }
    }
}

/// Whole lines of a source.
struct Window<'a> {
    name: &'a str,
    text: String,
    start: usize,
    first_line: usize,
}

impl<'a> Window<'a> {
    /// The lines that hold all `spans`, which are of one source.
    fn around(spans: &[&'a Span]) -> Self {
        let source = spans[0].source();
        let start = spans.iter().map(|span| span.range().start).min().unwrap_or(0);
        let end = spans.iter().map(|span| span.range().end).max().unwrap_or(0);
        let start = source.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = source.text[end..].find('\n').map_or(source.text.len(), |newline| end + newline);
        Self {
            name: &source.name,
            text: secrecy::mask(source, start..end.max(start)),
            start,
            first_line: source.text[..start].matches('\n').count() + 1,
        }
    }

    fn snippet(&self) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        Snippet::source(self.text.clone()).path(self.name).line_start(self.first_line)
    }

    /// Where `span` is in the window. What covers several lines is underlined in its first one only.
    fn place(&self, span: &Span) -> std::ops::Range<usize> {
        let (start, end) = (span.range().start - self.start, span.range().end - self.start);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |newline| start + newline);
        start..end.min(line_end)
    }
}
