//! Replacement of texts that match.

use super::{Editor, Function, editor, maps::edit_map};
use crate::{
    Failure, RecordMut, Value, arguments::Arguments, error::Wrong, functions::Mapper, glob::Glob,
    limits::fits, node::Node, path::Path, pattern::Pattern, text::text,
};
use regex::Regex;
use std::sync::Arc;
use tidewatch_otlp::{
    edit::{Arena, Entry},
    views::{AttributesView, ValueView},
    write::MapWriter,
};

pub(super) static TABLE: &[Function] = &[
    editor(
        "replace_all_matches",
        &["target", "pattern", "replacement", "function?", "replacement_format?"],
        replace_all_matches,
    ),
    editor(
        "replace_all_patterns",
        &["target", "mode", "regex", "replacement", "function?", "replacement_format?"],
        replace_all_patterns,
    ),
    editor(
        "replace_match",
        &["target", "pattern", "replacement", "function?", "replacement_format?"],
        replace_match,
    ),
    editor(
        "replace_pattern",
        &["target", "regex", "replacement", "function?", "replacement_format?"],
        replace_pattern,
    ),
];

/// What takes the place of a match.
#[derive(Debug)]
struct Replacement {
    with: Node,
    function: Option<Mapper>,
    /// What stands around it.
    format: Option<(String, String)>,
}

impl Replacement {
    fn of(arguments: &mut Arguments) -> Result<Self, Wrong> {
        let function = arguments.optional_function("function")?;
        let function = function.map(|(name, offset)| Mapper::named(&name, offset)).transpose()?;
        let format_at = arguments.offset_of("replacement_format");
        let format = arguments.optional_text("replacement_format")?.map(|format| {
            let around = format
                .split_once("%s")
                .filter(|(before, after)| !(before.contains('%') || after.contains('%')));
            around
                .map(|(before, after)| (before.to_owned(), after.to_owned()))
                .ok_or_else(|| Wrong::new(format_at, "the format has one `%s` and no other `%`"))
        });
        Ok(Self { with: arguments.value("replacement")?, function, format: format.transpose()? })
    }

    /// The template, or the text for whole matches.
    fn template<'a>(&'a self, record: &RecordMut<'_, 'a>) -> Result<&'a str, Failure> {
        text(&self.with.evaluate(&record.read())?)
    }

    /// The function and the format, where they are given.
    fn put(&self, made: &str, arena: &Arena, out: &mut String) -> Result<(), Failure> {
        let (before, after) = self.format.as_ref().map_or(("", ""), |(before, after)| (before, after));
        out.push_str(before);
        match &self.function {
            Some(function) => out.push_str(function.map(arena.text(made), arena)?),
            None => out.push_str(made),
        }
        out.push_str(after);
        fits(out.len())
    }

    /// The text with all matches replaced; none: there are none.
    fn in_text<'a>(
        &self,
        regex: &Regex,
        template: &str,
        original: &str,
        arena: &'a Arena,
    ) -> Result<Option<&'a str>, Failure> {
        // Most texts do not match, and groups cost more than knowing that.
        if !regex.is_match(original) {
            return Ok(None);
        }
        let mut out = String::new();
        let mut copied = 0;
        for captures in regex.captures_iter(original) {
            let Some(whole) = captures.get(0) else { continue };
            out.push_str(&original[copied..whole.start()]);
            copied = whole.end();
            // No group is longer than the whole match.
            let references = template.matches('$').count();
            fits(out.len() + template.len() + references.saturating_mul(whole.len()))?;
            let mut made = String::new();
            captures.expand(template, &mut made);
            self.put(&made, arena, &mut out)?;
        }
        out.push_str(&original[copied..]);
        fits(out.len())?;
        Ok(Some(arena.text(&out)))
    }

    /// What takes the place of a text as a whole.
    fn whole<'a>(&self, template: &str, arena: &'a Arena) -> Result<&'a str, Failure> {
        let mut out = String::new();
        self.put(template, arena, &mut out)?;
        Ok(arena.text(&out))
    }
}

#[derive(Debug)]
struct ReplacePattern {
    target: Path,
    regex: Pattern,
    replacement: Replacement,
}

fn replace_pattern(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let (target, regex) = (arguments.path("target")?, Pattern::argument(arguments, "regex")?);
    Ok(Arc::new(ReplacePattern { target, regex, replacement: Replacement::of(arguments)? }))
}

impl Editor for ReplacePattern {
    /// What is no text stays as it is.
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let found = self.target.read(&record.read())?;
        let Value::Text(original) = found else { return self.target.leave(record) };
        let (template, arena) = (self.replacement.template(record)?, record.arena);
        let replaced = self
            .regex
            .with(&record.read(), |regex| self.replacement.in_text(regex, template, original, arena))??;
        match replaced {
            Some(replaced) => self.target.write(record, Value::Text(replaced)),
            None => self.target.leave(record),
        }
    }
}

#[derive(Debug)]
struct ReplaceMatch {
    target: Path,
    pattern: Glob,
    replacement: Replacement,
}

fn replace_match(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let (target, pattern) = (arguments.path("target")?, Glob::argument(arguments, "pattern")?);
    Ok(Arc::new(ReplaceMatch { target, pattern, replacement: Replacement::of(arguments)? }))
}

impl Editor for ReplaceMatch {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let found = self.target.read(&record.read())?;
        if !found.as_str().is_some_and(|original| self.pattern.is_match(original)) {
            return self.target.leave(record);
        }
        let replaced = self.replacement.whole(self.replacement.template(record)?, record.arena)?;
        self.target.write(record, Value::Text(replaced))
    }
}

#[derive(Debug)]
struct ReplaceAllMatches {
    target: Path,
    pattern: Glob,
    replacement: Replacement,
}

fn replace_all_matches(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let (target, pattern) = (arguments.path("target")?, Glob::argument(arguments, "pattern")?);
    Ok(Arc::new(ReplaceAllMatches { target, pattern, replacement: Replacement::of(arguments)? }))
}

impl Editor for ReplaceAllMatches {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let replaced = self.replacement.whole(self.replacement.template(record)?, record.arena)?;
        edit_map(&self.target, record, |map, arena| {
            let edited = map.edited(arena, |_, value| match value {
                ValueView::Str(text) if self.pattern.is_match(text) => {
                    Entry::Replace(ValueView::Str(replaced))
                }
                _ => Entry::Keep,
            });
            fits(edited.bytes().len())?;
            Ok(edited)
        })
    }
}

#[derive(Debug)]
struct ReplaceAllPatterns {
    target: Path,
    keys: bool,
    regex: Pattern,
    replacement: Replacement,
}

fn replace_all_patterns(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let mode_at = arguments.offset_of("mode");
    let keys = match arguments.text("mode")?.as_str() {
        "key" => true,
        "value" => false,
        other => return Err(Wrong::new(mode_at, format!("the mode is `key` or `value`, not `{other}`"))),
    };
    let (target, regex) = (arguments.path("target")?, Pattern::argument(arguments, "regex")?);
    Ok(Arc::new(ReplaceAllPatterns { target, keys, regex, replacement: Replacement::of(arguments)? }))
}

impl Editor for ReplaceAllPatterns {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let template = self.replacement.template(record)?;
        let map = match self.target.read(&record.read())? {
            Value::Map(map) => map,
            Value::Nil => return self.target.leave(record),
            other => return Err(Failure::expected("a map", &other)),
        };
        let edited =
            self.regex.with(&record.read(), |regex| self.replaced(map, regex, template, record.arena))??;
        edit_map(&self.target, record, |_, _| Ok(edited))
    }
}

impl ReplaceAllPatterns {
    /// The same bytes, where nothing matches.
    fn replaced<'a>(
        &self,
        map: AttributesView<'a>,
        regex: &Regex,
        template: &str,
        arena: &'a Arena,
    ) -> Result<AttributesView<'a>, Failure> {
        let (mut result, mut size) = (Ok(()), 0);
        let edited = map.edited(arena, |key, value| {
            let original = match value {
                _ if result.is_err() => return Entry::Keep,
                _ if self.keys => key,
                ValueView::Str(text) => text,
                _ => return Entry::Keep,
            };
            let made = self.replacement.in_text(regex, template, original, arena).and_then(|made| {
                size += made.map_or(0, str::len);
                fits(size).map(|()| made)
            });
            match made {
                Ok(Some(made)) if self.keys => Entry::Rename(made),
                Ok(Some(made)) => Entry::Replace(ValueView::Str(made)),
                Ok(None) => Entry::Keep,
                Err(failure) => {
                    result = Err(failure);
                    Entry::Keep
                }
            }
        });
        result?;
        if !self.keys || std::ptr::eq(edited.bytes(), map.bytes()) {
            return Ok(edited);
        }
        // Of keys that have become one, the last value counts.
        let bytes = arena.write(|out| {
            let mut distinct = MapWriter::new(1, out);
            edited.iter().for_each(|(key, value)| distinct.put(key, value));
            distinct.keep_last();
        });
        Ok(AttributesView::of_map(bytes))
    }
}
