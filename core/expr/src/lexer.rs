//! Text to tokens.

use crate::error::Wrong;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'t> {
    Name(&'t str),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// An operator, bracket, dot or comma.
    Symbol(&'static str),
    End,
}

/// Longer ones first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 20] =
    ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ".", ",", "{", "}", ":", "="];

/// The tokens with their offsets; the last one is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token<'_>, usize)>, Wrong> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = if first.is_ascii_alphabetic() || first == '_' {
            let length = span(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            (Token::Name(&rest[..length]), length)
        } else if let Some(digits) = rest.strip_prefix("0x") {
            let length = span(digits, |c| c.is_ascii_hexdigit());
            let bytes = hex::decode(&digits[..length])
                .map_err(|_| Wrong::new(at, "bytes need an even number of hexadecimal digits"))?;
            (Token::Bytes(bytes), length + 2)
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            number(rest, at)?
        } else if first == '"' {
            string(rest, at)?
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else if first == '\'' {
            return Err(Wrong::new(at, "text stands in double quotes"));
        } else {
            return Err(Wrong::new(at, format!("unexpected character `{first}`")));
        };
        tokens.push((token, at));
        at += length;
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn number(text: &str, at: usize) -> Result<(Token<'static>, usize), Wrong> {
    let digits = |from: usize| from + span(&text[from..], |c| c.is_ascii_digit());
    let whole = digits(0);
    let mut end = whole;
    if text[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let written = &text[..end];
    if text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return Err(Wrong::new(at, format!("`{written}` is followed by a letter")));
    }
    let token = if end == whole {
        Token::Int(
            written.parse().map_err(|_| Wrong::new(at, format!("`{written}` is larger than 64 bits")))?,
        )
    } else {
        Token::Float(written.parse().map_err(|_| Wrong::new(at, format!("`{written}` is not a number")))?)
    };
    Ok((token, end))
}

fn string(text: &str, at: usize) -> Result<(Token<'static>, usize), Wrong> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Ok((Token::Text(value), index + 1)),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, quoted @ ('"' | '\\'))) => value.push(quoted),
                // As in OTTL, where patterns are written with single backslashes.
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err(Wrong::new(at, "the text that starts here has no closing quote"))
}
