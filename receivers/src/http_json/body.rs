//! A request's body, cut into records: one JSON value, the elements of an array, or lines.

use memchr::{memchr, memchr_iter};
use serde::{Deserialize, de::IgnoredAny};

/// The text of one record, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    pub(super) text: &'t [u8],
    /// From 1.
    pub(super) line: u64,
    /// The byte in its line, from 1.
    pub(super) column: usize,
}

/// Why a body has no records.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Uncut {
    /// There are more than are allowed.
    TooMany,
    /// There is nothing in it.
    Empty,
    /// It is no JSON, from there on.
    Malformed { line: u64, column: usize, reason: String },
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Cuts a body. `lines` says that its sender has called it lines of JSON; otherwise it is one value, an array, or
/// lines if that is what it looks like.
pub(super) fn cut(body: &[u8], lines: bool, max: usize) -> Result<Vec<Piece<'_>>, Uncut> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    let Some(first) = body.trim_ascii_start().first() else { return Err(Uncut::Empty) };
    if lines {
        return cut_lines(body, max);
    }
    if *first == b'[' {
        return cut_array(body, max);
    }
    match whole(body) {
        Ok(()) => {
            let mut start = Cursor { body, at: 0, line: 1, line_start: 0 };
            start.next();
            Ok(vec![Piece { text: start.rest().trim_ascii_end(), line: start.line, column: start.column() }])
        }
        Err(_) if looks_like_lines(body) => cut_lines(body, max),
        Err(error) => Err(malformed(&error)),
    }
}

/// Whether it is one JSON value and nothing else.
fn whole(body: &[u8]) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_slice(body);
    IgnoredAny::deserialize(&mut json)?;
    json.end()
}

/// Whether its first line looks like a record by itself, and there are more.
fn looks_like_lines(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let Some(newline) = memchr(b'\n', body) else { return false };
    let first = body[..newline].trim_ascii();
    first.starts_with(b"{") && first.ends_with(b"}")
}

fn cut_lines(body: &[u8], max: usize) -> Result<Vec<Piece<'_>>, Uncut> {
    let mut pieces = Vec::new();
    for (line, number) in body.split(|byte| *byte == b'\n').zip(1..) {
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if pieces.len() == max {
            return Err(Uncut::TooMany);
        }
        let column = line.len() - line.trim_ascii_start().len() + 1;
        pieces.push(Piece { text, line: number, column });
    }
    Ok(pieces)
}

fn cut_array(body: &[u8], max: usize) -> Result<Vec<Piece<'_>>, Uncut> {
    let mut cursor = Cursor { body, at: 0, line: 1, line_start: 0 };
    let mut pieces = Vec::new();
    cursor.next();
    cursor.advance(1);
    loop {
        match cursor.next() {
            None => return Err(cursor.malformed("EOF while parsing a list")),
            Some(b']') if pieces.is_empty() => break,
            Some(b']') => return Err(cursor.malformed("trailing comma")),
            Some(_) if pieces.len() == max => return Err(Uncut::TooMany),
            Some(_) => pieces.push(cursor.element()?),
        }
        match cursor.next() {
            None => return Err(cursor.malformed("EOF while parsing a list")),
            Some(b']') => break,
            Some(b',') => cursor.advance(1),
            Some(_) => return Err(cursor.malformed("expected `,` or `]`")),
        }
    }
    cursor.advance(1);
    match cursor.next() {
        None => Ok(pieces),
        Some(_) => Err(cursor.malformed("trailing characters")),
    }
}

/// A place in a body.
struct Cursor<'t> {
    body: &'t [u8],
    at: usize,
    line: u64,
    line_start: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t [u8] {
        &self.body[self.at..]
    }

    /// Goes on by so many bytes.
    fn advance(&mut self, bytes: usize) {
        let from = self.at;
        self.at += bytes;
        for newline in memchr_iter(b'\n', &self.body[from..self.at]) {
            self.line += 1;
            self.line_start = from + newline + 1;
        }
    }

    /// Goes on to the next byte that is no space.
    fn next(&mut self) -> Option<u8> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let spaces = self.rest().iter().take_while(|byte| is_space(byte)).count();
        self.advance(spaces);
        self.rest().first().copied()
    }

    /// Takes one JSON value.
    fn element(&mut self) -> Result<Piece<'t>, Uncut> {
        let rest = self.rest();
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        if let Some(Err(error)) = values.next() {
            let Uncut::Malformed { line, column, reason } = malformed(&error) else {
                return Err(Uncut::Empty);
            };
            let column = if line == 1 { self.column() + column - 1 } else { column };
            return Err(Uncut::Malformed { line: self.line + line - 1, column, reason });
        }
        let length = values.byte_offset();
        let piece = Piece { text: &rest[..length], line: self.line, column: self.column() };
        self.advance(length);
        Ok(piece)
    }

    fn column(&self) -> usize {
        self.at - self.line_start + 1
    }

    fn malformed(&self, reason: &str) -> Uncut {
        Uncut::Malformed { line: self.line, column: self.column(), reason: reason.to_owned() }
    }
}

/// Nothing of the body is in it.
fn malformed(error: &serde_json::Error) -> Uncut {
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default().to_owned();
    Uncut::Malformed { line: error.line() as u64, column: error.column().max(1), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value as Json;

    fn texts(body: &[u8], lines: bool) -> Vec<(String, u64, usize)> {
        let pieces = cut(body, lines, 100).unwrap();
        pieces
            .iter()
            .map(|piece| (String::from_utf8_lossy(piece.text).into_owned(), piece.line, piece.column))
            .collect()
    }

    fn told(pieces: &[(&str, u64, usize)]) -> Vec<(String, u64, usize)> {
        pieces.iter().map(|(text, line, column)| ((*text).to_owned(), *line, *column)).collect()
    }

    #[test]
    fn a_body_is_one_record_or_an_array_or_lines() {
        for (body, pieces) in [
            (r#" {"a": 1} "#, vec![(r#"{"a": 1}"#, 1, 2)]),
            ("\u{feff}{}", vec![("{}", 1, 1)]),
            ("\n{\n \"a\":\n 1}\r\n", vec![("{\n \"a\":\n 1}", 2, 1)]),
            // The first line alone could be a record.
            ("{\"a\": {}\n}", vec![("{\"a\": {}\n}", 1, 1)]),
            ("[{\"a\":1},\n  {\"b\":2} ,3]", vec![("{\"a\":1}", 1, 2), ("{\"b\":2}", 2, 3), ("3", 2, 12)]),
            ("[]", vec![]),
            ("{\"a\":1}\r\n\r\n {\"b\":2}\r\n", vec![("{\"a\":1}", 1, 1), ("{\"b\":2}", 3, 2)]),
            ("{a}\n{\"b\":2}", vec![("{a}", 1, 1), ("{\"b\":2}", 2, 1)]),
            ("5", vec![("5", 1, 1)]),
        ] {
            assert_eq!(texts(body.as_bytes(), false), told(&pieces), "{body:?}");
        }
        assert_eq!(texts(b"[1]\n{}\n", true), told(&[("[1]", 1, 1), ("{}", 2, 1)]));
        // Only the record itself is at fault.
        assert_eq!(texts(b"[{\"a\":\"\xff\"},1]", false)[1], ("1".to_owned(), 1, 12));
    }

    #[test]
    fn what_is_no_json_is_told_by_its_place() {
        let wrong = |body: &[u8]| cut(body, false, 100).unwrap_err();
        let malformed =
            |line, column, reason: &str| Uncut::Malformed { line, column, reason: reason.to_owned() };
        assert_eq!(wrong(b"  \r\n"), Uncut::Empty);
        assert_eq!(wrong(b"\xef\xbb\xbf"), Uncut::Empty);
        assert_eq!(wrong(b"{\"secret\" 1}"), malformed(1, 11, "expected `:`"));
        assert_eq!(wrong(b"{\"a\": 1}{}"), malformed(1, 9, "trailing characters"));
        assert_eq!(wrong(b"[{},\n{},]"), malformed(2, 4, "trailing comma"));
        assert_eq!(wrong(b"[{}"), malformed(1, 4, "EOF while parsing a list"));
        assert_eq!(wrong(b"[{}] 5"), malformed(1, 6, "trailing characters"));
        assert_eq!(wrong(b"[{},\n {\"a\" 1}]"), malformed(2, 7, "expected `:`"));
        assert_eq!(wrong(b"[{} {}]"), malformed(1, 5, "expected `,` or `]`"));
        assert_eq!(wrong(b"NaN"), malformed(1, 1, "expected value"));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            ".{0,10}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::vec((".{0,4}", inner), 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    /// What the pieces are, and whether each stands where it says.
    fn read(body: &[u8], pieces: &[Piece<'_>]) -> Vec<Json> {
        let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
        let read = |piece: &Piece<'_>| {
            let first = piece.text.split(|byte| *byte == b'\n').next().unwrap();
            assert!(lines[piece.line as usize - 1][piece.column - 1..].starts_with(first));
            serde_json::from_slice(piece.text).unwrap()
        };
        pieces.iter().map(read).collect()
    }

    proptest! {
        #[test]
        fn records_are_found_however_they_are_written(records in prop::collection::vec(any_json(), 0..6)) {
            let array = Json::from(records.clone());
            for body in [array.to_string(), format!("{array:#}"), format!("\n {array:#}\r\n")] {
                prop_assert_eq!(&read(body.as_bytes(), &cut(body.as_bytes(), false, 6).unwrap()), &records);
            }
            let lines: String = records.iter().map(|record| format!("  {record}\r\n\n")).collect();
            match cut(lines.as_bytes(), true, 6) {
                Ok(pieces) => prop_assert_eq!(&read(lines.as_bytes(), &pieces), &records),
                Err(error) => prop_assert!(records.is_empty() && error == Uncut::Empty),
            }
        }

        #[test]
        fn an_array_is_one_where_others_think_so_too(text in r#"\[([\[\]{}:,"\\0-9eE.+-]|true|null|ä|\n| ){0,30}"#) {
            let others = serde_json::from_str::<Vec<IgnoredAny>>(&text).map(|elements| elements.len());
            let found = cut(text.as_bytes(), false, 100).map(|pieces| pieces.len());
            prop_assert_eq!(found.ok(), others.ok(), "{}", text);
        }
    }

    #[test]
    fn no_more_records_are_taken_than_allowed() {
        for body in ["[1,2,3]", "[1,2,3", "{}\n{}\n{}"] {
            assert_eq!(cut(body.as_bytes(), false, 2), Err(Uncut::TooMany), "{body}");
        }
        assert_eq!(cut(b"[1,2]", false, 2).unwrap().len(), 2);
        assert_eq!(cut(b"{}\n{}\n\n", false, 2).unwrap().len(), 2);
    }

    #[test]
    fn what_is_nested_a_million_times_needs_no_stack() {
        for body in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 20)] {
            assert!(cut(body.as_bytes(), false, 2).is_err());
        }
    }
}
