//! logfmt: `level=info msg="it is up" cached`.

use std::borrow::Cow;

use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::AttributesView;
use tidewatch_otlp::write::MapWriter;

use crate::{ParseFailure, into_arena};

/// The pairs of a line. Values are texts, in quotes with the escapes of JSON; a key that stands alone is `true`; the
/// last value of a key counts.
///
/// # Errors
/// There is no pair, a key is missing before `=`, or a quoted value does not end as it should.
pub fn fields<'a>(text: &str, arena: &'a Arena) -> Result<AttributesView<'a>, ParseFailure> {
    into_arena(arena, |map| Line { text, at: 0 }.read(map))
}

struct Line<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Line<'t> {
    fn read(&mut self, map: &mut MapWriter<'_>) -> Result<(), ParseFailure> {
        let mut any = false;
        loop {
            self.at += self.count(is_space);
            if self.at == self.text.len() {
                return if any { Ok(()) } else { Err(self.failure("there are no pairs")) };
            }
            any = true;
            let key = self.take(|byte| !is_space(byte) && byte != b'=' && byte != b'"');
            if key.is_empty() {
                return Err(self.failure("a key is missing"));
            }
            if self.byte() == Some(b'=') {
                self.at += 1;
                map.put(key, &*self.value()?);
            } else {
                map.put(key, true);
            }
        }
    }

    fn value(&mut self) -> Result<Cow<'t, str>, ParseFailure> {
        if self.byte() != Some(b'"') {
            let value = self.take(|byte| !is_space(byte) && byte != b'"');
            return match self.byte() {
                Some(b'"') => Err(self.failure("a quote within a value that is not quoted")),
                _ => Ok(value.into()),
            };
        }
        let start = self.at;
        self.at += 1;
        let plain = self.take(|byte| byte != b'"' && byte != b'\\');
        if self.byte() == Some(b'"') {
            self.at += 1;
            self.ends()?;
            return Ok(plain.into());
        }
        let quoted = self.rest_of_quoted(start)?;
        self.ends()?;
        Ok(quoted.into())
    }

    /// The whole of a quoted value that has escapes.
    fn rest_of_quoted(&mut self, start: usize) -> Result<String, ParseFailure> {
        loop {
            self.at += self.count(|byte| byte != b'"' && byte != b'\\');
            match self.byte() {
                Some(b'"') => break,
                Some(_) => match self.text[self.at + 1..].chars().next() {
                    Some(escaped) if !escaped.is_ascii_control() => self.at += 1 + escaped.len_utf8(),
                    _ => return Err(self.failure("an escape is unknown")),
                },
                None => {
                    self.at = start;
                    return Err(self.failure("a quoted value has no end"));
                }
            }
        }
        self.at += 1;
        // Control characters as they are, which JSON has not.
        let mut json = String::new();
        for char in self.text[start..self.at].chars() {
            match char {
                '\0'..' ' => json.push_str(&format!("\\u{:04x}", char as u32)),
                _ => json.push(char),
            }
        }
        serde_json::from_str(&json)
            .map_err(|_| ParseFailure::at(self.text, start, "a quoted value has an unknown escape"))
    }

    fn ends(&self) -> Result<(), ParseFailure> {
        match self.byte() {
            Some(byte) if !is_space(byte) => Err(self.failure("a space is missing behind a quoted value")),
            _ => Ok(()),
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn count(&self, of: impl Fn(u8) -> bool) -> usize {
        self.text.as_bytes()[self.at..].iter().take_while(|byte| of(**byte)).count()
    }

    /// What ends before an ASCII character never ends within another one.
    fn take(&mut self, of: impl Fn(u8) -> bool) -> &'t str {
        let start = self.at;
        self.at += self.count(of);
        &self.text[start..self.at]
    }

    fn failure(&self, reason: &'static str) -> ParseFailure {
        ParseFailure::at(self.text, self.at, reason)
    }
}

fn is_space(byte: u8) -> bool {
    byte <= b' '
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<String, String> {
        let arena = Arena::new();
        let fields = fields(text, &arena).map(|fields| fields.to_json().to_string());
        fields.map_err(|failure| failure.to_string())
    }

    #[test]
    fn pairs_become_fields() {
        for (text, expected) in [
            ("a=1", r#"{"a":"1"}"#),
            (" level=info  msg=\"it is up\" cached ", r#"{"level":"info","msg":"it is up","cached":true}"#),
            (r#"msg="say \"hi\" \\ \u00e4\n" x="#, r#"{"msg":"say \"hi\" \\ ä\n","x":""}"#),
            ("msg=\"one\\ttwo\nthree\u{1}\"", r#"{"msg":"one\ttwo\nthree\u0001"}"#),
            ("url=/x?a=b&c=d ä=ö", r#"{"url":"/x?a=b&c=d","ä":"ö"}"#),
            ("a=1 b=2 a=3", r#"{"a":"3","b":"2"}"#),
        ] {
            assert_eq!(read(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_by_their_place() {
        for (text, failure) in [
            ("", "there are no pairs at line 1, column 1"),
            ("a=1 =2", "a key is missing at line 1, column 5"),
            ("a=\"x", "a quoted value has no end at line 1, column 3"),
            ("a=\"x\\\"", "a quoted value has no end at line 1, column 3"),
            ("a=\"x\"y", "a space is missing behind a quoted value at line 1, column 6"),
            ("a=x\"y", "a quote within a value that is not quoted at line 1, column 4"),
            (r#"a="\q""#, "a quoted value has an unknown escape at line 1, column 3"),
            ("a=\"x\\\ny\"", "an escape is unknown at line 1, column 5"),
        ] {
            assert_eq!(read(text), Err(failure.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoted_values_come_back(values in prop::collection::vec("\\PC*", 1..5)) {
            let line: Vec<_> = values.iter().enumerate().map(|(index, value)| format!("k{index}={}", serde_json::json!(value))).collect();
            let arena = Arena::new();
            let fields = fields(&line.join(" "), &arena).unwrap();
            let found: Vec<_> = fields.iter().map(|(_, value)| value.as_str().unwrap().to_owned()).collect();
            prop_assert_eq!(found, values);
        }

        #[test]
        fn nothing_makes_it_panic(text in "([a-c=\"\\\\ ä\n]|\\PC){0,30}") {
            if let Err(failure) = fields(&text, &Arena::new()) {
                prop_assert!(failure.offset <= text.len());
            }
        }
    }
}
