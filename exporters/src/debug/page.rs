//! Text for a terminal: what comes from outside can neither break a line nor speak to the terminal.

use std::fmt::{self, Write};
use tidewatch_component::timestamp;
use tidewatch_otlp::views::AttributesView;

/// Lines under way.
pub(super) struct Page {
    text: String,
    colours: bool,
}

/// A colour, as its SGR parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
    Grey = 90,
}

impl Page {
    pub(super) fn new(colours: bool) -> Self {
        Self { text: String::new(), colours }
    }

    /// Adds to the line.
    pub(super) fn put(&mut self, part: fmt::Arguments<'_>) {
        self.write_fmt(part).expect("a page takes every text");
    }

    /// Adds to the line, in a colour where there are colours.
    pub(super) fn paint(&mut self, colour: Colour, part: fmt::Arguments<'_>) {
        if !self.colours {
            return self.put(part);
        }
        self.text.push_str(&format!("\x1b[{}m", colour as u8));
        self.put(part);
        self.text.push_str("\x1b[0m");
    }

    /// Ends the line.
    pub(super) fn end(&mut self) {
        self.text.push('\n');
    }

    /// Adds a whole line.
    pub(super) fn line(&mut self, line: fmt::Arguments<'_>) {
        self.put(line);
        self.end();
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Escapes control characters.
impl Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            match part.chars().next_back() {
                Some(last) if last.is_control() => {
                    self.text.push_str(&part[..part.len() - last.len_utf8()]);
                    self.text.extend(last.escape_default());
                }
                _ => self.text.push_str(part),
            }
        }
        Ok(())
    }
}

/// Unix nanoseconds as RFC 3339, always with nine digits behind the point; `-` where there is no time.
pub(super) fn time(nanos: u64) -> String {
    if nanos == 0 {
        return "-".into();
    }
    let text = timestamp::to_rfc3339(nanos);
    let (seconds, fraction) =
        text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    format!("{seconds}.{fraction:0<9}Z")
}

/// `service.name` of a resource.
pub(super) fn service(resource: AttributesView<'_>) -> String {
    resource.get("service.name").map_or_else(|| "-".into(), |name| name.to_string())
}

/// What a severity looks like: red for what needs somebody, yellow for warnings.
pub(super) fn severity_colour(severity: &str) -> Colour {
    match severity.to_ascii_lowercase().as_str() {
        "critical" | "page" | "fatal" | "error" | "high" | "major" | "emergency" => Colour::Red,
        "info" | "low" | "none" | "debug" | "trace" => Colour::Blue,
        _ => Colour::Yellow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_on_its_line_and_sends_no_commands() {
        let mut page = Page::new(true);
        page.paint(Colour::Red, format_args!("{}", "a\nb\x1b[2Jc"));
        page.end();
        assert_eq!(page.into_text(), "\x1b[31ma\\nb\\u{1b}[2Jc\x1b[0m\n");
    }

    #[test]
    fn times_are_equally_wide() {
        assert_eq!(time(1_767_607_380_000_000_000), "2026-01-05T10:03:00.000000000Z");
        assert_eq!(time(1_767_607_380_012_000_000), "2026-01-05T10:03:00.012000000Z");
        assert_eq!(time(0), "-");
    }

    #[test]
    fn without_colours_there_are_none() {
        let mut page = Page::new(false);
        page.paint(Colour::Red, format_args!("é"));
        assert_eq!(page.into_text(), "é");
    }
}
