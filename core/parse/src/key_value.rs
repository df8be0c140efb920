use std::borrow::Cow;

use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::AttributesView;
use tidewatch_otlp::write::MapWriter;

use crate::{ParseFailure, into_arena};

/// Reads key-value pairs as OTTL's `ParseKeyValue` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    delimiter: String,
    pair_delimiter: String,
}

impl Default for KeyValue {
    /// `key=value key=value`
    fn default() -> Self {
        Self { delimiter: "=".into(), pair_delimiter: " ".into() }
    }
}

impl KeyValue {
    /// What stands between key and value, and what stands between pairs.
    ///
    /// # Errors
    /// One of them is empty, or both are the same.
    pub fn new(delimiter: &str, pair_delimiter: &str) -> Result<Self, String> {
        if delimiter.is_empty() || pair_delimiter.is_empty() {
            return Err("a delimiter has at least one character".into());
        }
        if delimiter == pair_delimiter {
            return Err("the delimiters of keys and of pairs cannot be the same".into());
        }
        Ok(Self { delimiter: delimiter.into(), pair_delimiter: pair_delimiter.into() })
    }

    /// The pairs of a text. Within `"` or `'`, a pair delimiter is part of the pair; the quotes themselves are left
    /// out, and one behind a backslash is no quote. Spaces around keys and values are left out. All values are texts;
    /// the last one of a key counts.
    ///
    /// # Errors
    /// There is no pair, a piece has no delimiter, or a quote has no end.
    pub fn fields<'a>(&self, text: &str, arena: &'a Arena) -> Result<AttributesView<'a>, ParseFailure> {
        into_arena(arena, |map| self.read(text, map))
    }

    fn read(&self, text: &str, map: &mut MapWriter<'_>) -> Result<(), ParseFailure> {
        let mut any = false;
        let mut at = 0;
        while at < text.len() {
            let (piece, end) = self.piece(text, at)?;
            if !piece.is_empty() {
                let (key, value) = piece
                    .split_once(&*self.delimiter)
                    .ok_or_else(|| ParseFailure::at(text, at, "the delimiter of a pair is missing"))?;
                map.put(key.trim(), value.trim());
                any = true;
            }
            at = end + self.pair_delimiter.len();
        }
        if any { Ok(()) } else { Err(ParseFailure::at(text, 0, "there are no pairs")) }
    }

    /// The piece that begins at a byte, without its quotes, and where it ends.
    fn piece<'t>(&self, text: &'t str, start: usize) -> Result<(Cow<'t, str>, usize), ParseFailure> {
        let (bytes, delimiter) = (text.as_bytes(), self.pair_delimiter.as_bytes());
        let mut piece: Cow<'t, str> = Cow::Borrowed("");
        // Since where the text has not been taken into the piece yet.
        let mut from = start;
        let mut quote: Option<(u8, usize)> = None;
        let mut escaped = false;
        let mut at = start;
        while at < bytes.len() {
            let byte = bytes[at];
            if byte == delimiter[0] && quote.is_none() && bytes[at..].starts_with(delimiter) {
                break;
            }
            let opens = quote.is_none() && matches!(byte, b'"' | b'\'');
            let closes = quote.is_some_and(|(open, _)| open == byte);
            if !escaped && (opens || closes) {
                piece += &text[from..at];
                from = at + 1;
                quote = opens.then_some((byte, at));
            }
            escaped = byte == b'\\' && !escaped;
            at += 1;
        }
        if let Some((_, opened)) = quote {
            return Err(ParseFailure::at(text, opened, "a quote has no end"));
        }
        piece += &text[from..at];
        Ok((piece, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(parser: &KeyValue, text: &str) -> Result<String, String> {
        let arena = Arena::new();
        let fields = parser.fields(text, &arena).map(|fields| fields.to_json().to_string());
        fields.map_err(|failure| failure.to_string())
    }

    #[test]
    fn pairs_become_fields() {
        let parser = KeyValue::default();
        for (text, expected) in [
            ("a=1  b=2 ", r#"{"a":"1","b":"2"}"#),
            (r#"a="x y" b='it is "so"'"#, r#"{"a":"x y","b":"it is \"so\""}"#),
            (r#"a=b=c d=" e ""#, r#"{"a":"b=c","d":"e"}"#),
            (r#"a="x \"y\" z""#, r#"{"a":"x \\\"y\\\" z"}"#),
            ("=x", r#"{"":"x"}"#),
            ("a=1 a=2", r#"{"a":"2"}"#),
        ] {
            assert_eq!(read(&parser, text), Ok(expected.to_owned()), "{text}");
        }
        let parser = KeyValue::new(": ", "||").unwrap();
        assert_eq!(read(&parser, "ä: 1||b: 'x||y'||"), Ok(r#"{"ä":"1","b":"x||y"}"#.into()));
    }

    #[test]
    fn mistakes_are_told_by_their_place() {
        let parser = KeyValue::default();
        for (text, failure) in [
            ("", "there are no pairs at line 1, column 1"),
            ("  ", "there are no pairs at line 1, column 1"),
            ("a=1 b", "the delimiter of a pair is missing at line 1, column 5"),
            ("a='1 b=2", "a quote has no end at line 1, column 3"),
        ] {
            assert_eq!(read(&parser, text), Err(failure.to_owned()), "{text}");
        }
        assert!(KeyValue::new("", " ").is_err() && KeyValue::new("=", "").is_err());
        assert!(KeyValue::new("=", "=").is_err());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[a-c=\"'\\\\ äß|]{0,30}", delimiter in "[=ä:|]{1,2}", pairs in "[ ß|]{1,2}") {
            if let Ok(parser) = KeyValue::new(&delimiter, &pairs)
                && let Err(failure) = parser.fields(&text, &Arena::new()) {
                prop_assert!(failure.offset <= text.len());
            }
        }
    }
}
