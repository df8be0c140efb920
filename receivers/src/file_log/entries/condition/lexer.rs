use super::Wrong;

/// A word of a condition and the byte it begins at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'t> {
    Name(&'t str),
    Text(String),
    Int(i64),
    Double(f64),
    Sign(&'static str),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 19] =
    ["==", "!=", "<=", ">=", "&&", "||", "?.", "<", ">", "!", "(", ")", "[", "]", ",", ".", "-", "+", "$"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Wrong> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            tokens.push(Token { kind: Kind::End, at });
            return Ok(tokens);
        };
        let wrong = |problem: &str| Wrong { problem: problem.into(), at };
        let (kind, length) = if first.is_ascii_alphabetic() || first == '_' {
            let end =
                rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(rest.len());
            (Kind::Name(&rest[..end]), end)
        } else if first.is_ascii_digit() {
            number(rest).ok_or_else(|| wrong("this is no number"))?
        } else if ['"', '\'', '`'].contains(&first) {
            quoted(rest, first)
                .ok_or_else(|| wrong("the quote is never closed, or has an unknown escape in it"))?
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| wrong("this is not supported here"))?;
            (Kind::Sign(sign), sign.len())
        };
        tokens.push(Token { kind, at });
        rest = &rest[length..];
    }
}

fn number(text: &str) -> Option<(Kind<'static>, usize)> {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let number = &text[..end];
    let kind = match number.parse() {
        Ok(integer) => Kind::Int(integer),
        Err(_) => Kind::Double(number.parse().ok()?),
    };
    Some((kind, end))
}

/// A text in quotes and how long it is with them. Only back quotes take everything as it is.
fn quoted(text: &str, quote: char) -> Option<(Kind<'static>, usize)> {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            _ if char == quote => return Some((Kind::Text(content), at + 1)),
            '\\' if quote != '`' => content.push(match chars.next()?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                escaped @ ('\\' | '"' | '\'') => escaped,
                _ => return None,
            }),
            _ => content.push(char),
        }
    }
    None
}
