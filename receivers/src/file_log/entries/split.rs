//! Where entries begin and end.

use super::{
    config::{EntriesConfig, MaxLogSizeBehavior, MultilineConfig},
    encoding::Encoding,
    operators::Mistakes,
};
use regex::bytes::Regex;
use std::{borrow::Cow, ops::Range};
use tidewatch_parse::go_regex;

/// Cuts bytes into entries.
#[derive(Debug)]
pub(super) struct Splitter {
    encoding: Encoding,
    bounds: Bounds,
    omit_pattern: bool,
    /// Bytes.
    max_size: usize,
    behavior: MaxLogSizeBehavior,
}

#[derive(Debug)]
enum Bounds {
    Lines,
    /// Entries begin where this matches.
    Starts(Regex),
    /// Entries end where this matches.
    Ends(Regex),
    /// Only size counts.
    None,
}

/// An entry, or something to leave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// The entry's bytes, none if there is nothing to make a record of.
    pub(super) entry: Range<usize>,
    /// Where the next one begins.
    pub(super) next: usize,
    /// Whether it is longer than it may be: what follows is its rest, or has been left out.
    pub(super) too_long: bool,
    /// Whether what follows is the rest of an entry and is to be left out.
    pub(super) skipping: bool,
}

impl Splitter {
    pub(super) fn build(config: &EntriesConfig, encoding: Encoding, mistakes: &mut Mistakes) -> Option<Self> {
        let max_size = config.max_log_size.as_usize();
        if !(MIN_SIZE..=MAX_SIZE).contains(&max_size) {
            let help = "the Collector's default is 1MiB";
            mistakes.add("max_log_size", "entries are between 4B and 1GiB long".into(), help);
        }
        let none = MultilineConfig::default();
        let multiline = config.multiline.as_ref().unwrap_or(&none);
        Some(Self {
            encoding,
            bounds: Bounds::build(multiline, encoding, mistakes)?,
            omit_pattern: multiline.omit_pattern,
            max_size,
            behavior: config.max_log_size_behavior,
        })
    }

    /// The same for lines, whatever entries are.
    pub(super) fn lines(&self) -> Self {
        Self { bounds: Bounds::Lines, omit_pattern: false, ..*self }
    }

    /// With as many bytes, there is always something to cut.
    pub(super) fn window(&self) -> usize {
        self.max_size + 2 * self.encoding.unit()
    }

    /// The first entry in `bytes`, if it is certain where it ends. With `flush` nothing more is to come.
    pub(super) fn first(&self, bytes: &[u8], skipping: bool, flush: bool) -> Option<Cut> {
        if bytes.is_empty() {
            return None;
        }
        // What is further away makes no difference.
        let window = self.window();
        let seen = &bytes[..bytes.len().min(window)];
        let full = seen.len() == window;
        let last = flush && seen.len() == bytes.len();
        if skipping {
            return self.skip(seen, full, last);
        }
        match self.bound(seen, full, flush) {
            Some((entry, _)) if entry.len() > self.max_size => Some(self.cut_short(seen, entry.start)),
            Some((entry, next)) => Some(Cut { entry, next, too_long: false, skipping: false }),
            None if full => Some(self.cut_short(seen, 0)),
            None if flush && seen.len() > self.max_size => Some(self.cut_short(seen, 0)),
            None if flush => {
                let entry = self.begin(seen)..seen.len();
                Some(Cut { entry, next: seen.len(), too_long: false, skipping: false })
            }
            None => None,
        }
    }

    /// As much as an entry may have.
    fn cut_short(&self, bytes: &[u8], start: usize) -> Cut {
        let end = start + self.encoding.character_boundary(&bytes[start..], self.max_size);
        // Without bounds, there is nothing that would be too long.
        let too_long = !matches!(self.bounds, Bounds::None);
        let skipping = too_long && self.behavior == MaxLogSizeBehavior::Truncate;
        Cut { entry: start..end, next: end, too_long, skipping }
    }

    /// Where an entry begins that nothing follows on.
    fn begin(&self, bytes: &[u8]) -> usize {
        match &self.bounds {
            Bounds::Starts(regex) if self.omit_pattern => {
                let text = self.text(bytes);
                let first = regex.find(&text).filter(|first| first.start() == 0);
                first.map_or(0, |first| self.raw(bytes, &text, first.end()))
            }
            _ => 0,
        }
    }

    /// Leaves out the rest of an entry. With `last` nothing comes behind these bytes.
    fn skip(&self, bytes: &[u8], full: bool, last: bool) -> Option<Cut> {
        let found = self.bound(bytes, full, last);
        let end = match (&self.bounds, &found) {
            // Where a start pattern matches at once, the rest is over.
            (Bounds::Starts(regex), _) if starts_at_once(regex, &self.text(bytes)) => Some(0),
            (_, found) => found.as_ref().map(|(_, next)| *next),
        };
        let (next, skipping) = match end {
            Some(end) => (end, false),
            None if last => (bytes.len(), false),
            None => match self.encoding.last_line_end(bytes) {
                0 if full => (bytes.len() / 2 * 2, true),
                0 => return None,
                // Patterns are looked for in whole lines.
                lines => (lines, true),
            },
        };
        Some(Cut { entry: 0..0, next, too_long: false, skipping })
    }

    /// The first entry and where the next one begins, if that can be seen.
    fn bound(&self, bytes: &[u8], full: bool, flush: bool) -> Option<(Range<usize>, usize)> {
        match &self.bounds {
            Bounds::Lines => {
                let newline = self.encoding.find_newline(bytes)?;
                let unit = self.encoding.unit();
                let returns = self.encoding.ends_with_return(&bytes[..newline]);
                Some((0..newline - if returns { unit } else { 0 }, newline + unit))
            }
            Bounds::None => None,
            Bounds::Starts(regex) => {
                let decided = self.decided(bytes, full || flush);
                let text = self.text(decided);
                let first = regex.find(&text)?;
                let raw = |at| self.raw(decided, &text, at);
                if first.start() > 0 {
                    // What stands before the first start is an entry, too.
                    let start = raw(first.start());
                    return (first.start() < text.len()).then_some((0..start, start));
                }
                let begin = if self.omit_pattern { raw(first.end()) } else { 0 };
                let mut others = regex.find_iter(&text).skip(1);
                let second =
                    others.find(|other| other.start() > first.end() && other.start() < text.len())?;
                let end = raw(second.start());
                Some((begin..end, end))
            }
            Bounds::Ends(regex) => {
                let decided = self.decided(bytes, full || flush);
                let text = self.text(decided);
                let end = regex.find_iter(&text).find(|end| end.end() > 0)?;
                let next = self.raw(decided, &text, end.end());
                Some((0..if self.omit_pattern { self.raw(decided, &text, end.start()) } else { next }, next))
            }
        }
    }

    /// The part that patterns are looked for in: whole lines, so that it does not matter how much of a line is there.
    fn decided<'b>(&self, bytes: &'b [u8], everything: bool) -> &'b [u8] {
        if everything { bytes } else { &bytes[..self.encoding.last_line_end(bytes)] }
    }

    /// What patterns are matched against.
    fn text<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Raw | Encoding::Nop => Cow::Borrowed(bytes),
            encoding => match encoding.decode(bytes) {
                Some((Cow::Borrowed(text), _)) => Cow::Borrowed(text.as_bytes()),
                Some((Cow::Owned(text), _)) => Cow::Owned(text.into_bytes()),
                None => Cow::Borrowed(bytes),
            },
        }
    }

    /// The place in the file's bytes that stands for a place in their text.
    fn raw(&self, bytes: &[u8], text: &[u8], at: usize) -> usize {
        self.encoding.encoded_len(bytes, &text[..at])
    }
}

/// The shortest entries that hold any character, and the longest that a configuration may ask for.
const MIN_SIZE: usize = 4;
const MAX_SIZE: usize = 1 << 30;

fn starts_at_once(regex: &Regex, text: &[u8]) -> bool {
    regex.find(text).is_some_and(|found| found.start() == 0 && found.end() > 0)
}

impl Bounds {
    fn build(config: &MultilineConfig, encoding: Encoding, mistakes: &mut Mistakes) -> Option<Self> {
        let (start, end) = (&config.line_start_pattern, &config.line_end_pattern);
        let mut compile = |key: &str, pattern: &str| {
            let path = format!("multiline.{key}");
            let help = "for example `^\\d{4}-\\d{2}-\\d{2}`";
            if encoding == Encoding::Nop {
                let problem = "bytes that stand for nothing have no lines";
                mistakes.add(&path, problem.into(), "leave out `multiline`, or name an encoding");
                return None;
            }
            go_regex::lines(pattern).map_err(|problem| mistakes.add(&path, problem, help)).ok()
        };
        match (start.is_empty(), end.is_empty()) {
            (true, true) if encoding == Encoding::Nop => Some(Self::None),
            (true, true) => Some(Self::Lines),
            (false, true) => compile("line_start_pattern", start).map(Self::Starts),
            (true, false) => compile("line_end_pattern", end).map(Self::Ends),
            (false, false) => {
                let problem = "only one of both patterns can say where entries are cut";
                mistakes.add("multiline.line_end_pattern", problem.into(), "leave one out");
                None
            }
        }
    }
}

/// Spaces, tabs and line ends.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What of an entry's ends is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trim {
    pub(super) leading: bool,
    pub(super) trailing: bool,
}

impl Trim {
    /// The part of some bytes that stays.
    pub(super) fn keep(self, bytes: &[u8]) -> Range<usize> {
        let end = if self.trailing {
            bytes.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1)
        } else {
            bytes.len()
        };
        let start = if self.leading {
            bytes[..end].iter().position(|byte| !is_space(*byte)).unwrap_or(end)
        } else {
            0
        };
        start..end
    }
}
