//! Patterns for whole texts.

use crate::{arguments::Arguments, error::Wrong};
use regex::Regex;

/// `*` is any text, `?` a character, `[a-c]` one of several, `[!a-c]` another one, `{a,b}` either; a backslash takes the
/// next character as it is.
#[derive(Debug)]
pub(crate) struct Glob(Regex);

impl Glob {
    /// The argument of this name, which is written out.
    pub(crate) fn argument(arguments: &mut Arguments, name: &str) -> Result<Self, Wrong> {
        let offset = arguments.offset_of(name);
        Self::new(&arguments.text(name)?).map_err(|error| Wrong::new(offset, error))
    }

    fn new(pattern: &str) -> Result<Self, String> {
        let expression = format!("^(?s:{})$", expression(pattern)?);
        Regex::new(&expression).map(Self).map_err(|_| format!("`{pattern}` is not a pattern for texts"))
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// As a regular expression. The crates for file names see bytes, where a character is several.
fn expression(pattern: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut alternatives = 0;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '\\' => put_literal(characters.next().ok_or("a `\\` stands at the end")?, &mut out),
            '[' => {
                let (class, rest) = characters.as_str().split_once(']').ok_or("a `[` without its `]`")?;
                put_class(class, &mut out)?;
                characters = rest.chars();
            }
            '{' => {
                alternatives += 1;
                out.push_str("(?:");
            }
            ',' if alternatives > 0 => out.push('|'),
            '}' if alternatives > 0 => {
                alternatives -= 1;
                out.push(')');
            }
            other => put_literal(other, &mut out),
        }
    }
    if alternatives > 0 { Err("a `{` without its `}`") } else { Ok(out) }
}

fn put_literal(character: char, out: &mut String) {
    out.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
}

fn put_class(class: &str, out: &mut String) -> Result<(), &'static str> {
    let members = class.strip_prefix(['!', '^']).unwrap_or(class);
    if members.is_empty() {
        return Err("nothing stands between `[` and `]`");
    }
    out.push_str(if members.len() < class.len() { "[^" } else { "[" });
    for member in members.chars() {
        // The one that is a range in both.
        if member != '-' && member.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(member);
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_for_whole_texts_and_characters() {
        for (pattern, matches, others) in [
            ("*", &["", "a/b", "a\nb"][..], &[][..]),
            ("a*c", &["ac", "a/b.c"], &["abcd", "bac"]),
            ("?", &["a", "ü", "地", "🌊", "\n"], &["", "ab"]),
            ("[a-cü]x", &["bx", "üx"], &["dx", "x", "-x"]),
            ("[!a-c]", &["d", "ß"], &["a"]),
            ("{cat,d?g}s", &["cats", "dogs", "dügs"], &["cat", "{cat,d?g}s"]),
            (r"\*.(a|b)+", &["*.(a|b)+"], &["x.a"]),
            ("a,b}", &["a,b}"], &["a"]),
            ("[.$]", &[".", "$"], &["a"]),
        ] {
            let glob = Glob::new(pattern).unwrap();
            matches.iter().for_each(|text| assert!(glob.is_match(text), "{pattern} {text}"));
            others.iter().for_each(|text| assert!(!glob.is_match(text), "{pattern} {text}"));
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["[a", "{a", "a\\", "[]", "[z-a]"] {
            assert!(Glob::new(pattern).is_err(), "{pattern}");
        }
    }
}
