//! Keeping secrets out of what is printed.

use std::ops::Range;

use crate::values::REDACTED;
use crate::{Node, SourceText, Value};

/// What the names of keys that hold secrets contain, in lower case and without separators.
const SECRET_NAMES: [&str; 9] = [
    "password",
    "passwd",
    "token",
    "secret",
    "apikey",
    "authorization",
    "credential",
    "privatekey",
    "accesskey",
];

/// What such names end with when they hold something about a secret, not the secret: `token_url`, `password_file`.
const HARMLESS_ENDS: [&str; 9] =
    ["file", "url", "path", "type", "name", "header", "scheme", "timeout", "endpoint"];

/// Whether a key of this name holds a secret, by the look of it.
pub(crate) fn looks_secret(key: &str) -> bool {
    let name: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
        && !HARMLESS_ENDS.iter().any(|end| name.ends_with(end))
}

/// Stars out, wherever their lines are shown, the values of keys that look secret. `secret` says that a key above
/// `node` does, so that all of it is.
pub(crate) fn hide(node: &Node, secret: bool) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| hide(item, secret)),
        Value::Map(map) => {
            map.iter().for_each(|(key, entry)| hide(&entry.value, secret || looks_secret(key)));
        }
        Value::Number(_) | Value::String(_) if secret => node.span.hide(),
        _ => {}
    }
}

/// `text` with who logs in and the query of every URL in it redacted.
pub(crate) fn hide_urls(text: &str) -> String {
    let mut shown = String::new();
    let mut end = 0;
    let mut secrets: Vec<_> = in_urls(text).into_iter().chain(logins(text)).collect();
    secrets.sort_by_key(|secret| secret.start);
    for secret in secrets {
        if secret.start < end {
            continue;
        }
        shown.push_str(&text[end..secret.start]);
        shown.push_str(REDACTED);
        end = secret.end;
    }
    shown + &text[end..]
}

/// The bytes `range` of `source`, with `*` for every byte of a secret, so that positions stay the same: of what is
/// known to be one, of values behind keys that look like it (a text that is not YAML has no others), and of URLs.
pub(crate) fn mask(source: &SourceText, range: Range<usize>) -> String {
    let mut bytes = source.text[range.clone()].as_bytes().to_vec();
    let cut = |secret: &Range<usize>| {
        secret.start.clamp(range.start, range.end) - range.start
            ..secret.end.clamp(range.start, range.end) - range.start
    };
    let known: Vec<_> = source.hidden().iter().map(cut).collect();
    let text = &source.text[range];
    let mut start = 0;
    for line in text.split('\n') {
        let place = |secret: Range<usize>| start + secret.start..start + secret.end;
        let secrets = in_urls(line).into_iter().chain(behind_keys(line)).chain(logins(line)).map(place);
        secrets.for_each(|secret| star(text, secret, &mut bytes));
        start += line.len() + 1;
    }
    known.into_iter().for_each(|secret| star(text, secret, &mut bytes));
    String::from_utf8(bytes).unwrap_or_default()
}

/// Stars out all but white space and references.
fn star(text: &str, range: Range<usize>, bytes: &mut [u8]) {
    let mut at = range.start;
    while at < range.end {
        let rest = &text.as_bytes()[at..range.end];
        let reference = rest.starts_with(b"${").then(|| rest.iter().position(|byte| *byte == b'}')).flatten();
        match reference.filter(|end| !rest[..*end].windows(2).any(|pair| pair == b":-")) {
            Some(end) => at += end + 1,
            None => {
                if !matches!(bytes[at], b' ' | b'\n' | b'\r' | b'\t') {
                    bytes[at] = b'*';
                }
                at += 1;
            }
        }
    }
}

/// Where a word ends that has no quotes of its own.
const ENDS: [char; 6] = [' ', '\t', '"', '\'', '`', '\n'];

/// Who logs in (`me:password` of `https://me:password@host`), and the query, of every URL in `text`.
fn in_urls(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, separator) in text.match_indices("://") {
        let start = at + separator.len();
        let url = &text[start..];
        let url = &url[..url.find(ENDS).unwrap_or(url.len())];
        let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
        let login = authority.rfind('@').unwrap_or(0);
        if login > 0 {
            found.push(start..start + login);
        }
        if let Some(query) = url.find('?').filter(|query| query + 1 < url.len()) {
            found.push(start + query + 1..start + url.len());
        }
    }
    found
}

/// Who logs in where there is no scheme: `me:password` of `me:password@host:4317`.
fn logins(text: &str) -> Vec<Range<usize>> {
    let ends = |c: char| ENDS.contains(&c) || ['{', '[', ',', '/'].contains(&c);
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        let start = text[..at].rfind(ends).map_or(0, |end| end + 1);
        let named = |user: &str| {
            !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || "._-%".contains(c))
        };
        let login = text[start..at].split_once(':');
        let host = text[at + 1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[' || c == '$');
        if host && login.is_some_and(|(user, password)| named(user) && !password.is_empty()) {
            found.push(start..at);
        }
    }
    found
}

/// What follows the first key in `line` that looks secret.
fn behind_keys(line: &str) -> Option<Range<usize>> {
    let mut separators = line.match_indices([':', '=']).map(|(at, _)| at);
    let at = separators.find(|at| {
        let before = line[..*at].trim_end_matches(['"', '\'']);
        looks_secret(before.rsplit([' ', '{', ',', '"', '\'', ':']).next().unwrap_or_default())
    })?;
    Some(at + 1..line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for key in ["password", "api_key", "Authorization", "X-Api-Key", "bearer_token", "client_secret"] {
            assert!(looks_secret(key), "{key}");
        }
        for key in ["endpoint", "token_url", "password_file", "key", "routing_key"] {
            assert!(!looks_secret(key), "{key}");
        }
    }

    #[test]
    fn logins_and_queries_of_urls_are_redacted() {
        for (text, shown) in [
            ("postgres://me:hunter2@db:5432/x?y=z", "postgres://[REDACTED]@db:5432/x?[REDACTED]"),
            ("to `https://token@host` and http://a/b@c", "to `https://[REDACTED]@host` and http://a/b@c"),
            ("`u:SEC@b:4317` is not an address", "`[REDACTED]@b:4317` is not an address"),
            ("git@host:a b: c@d", "git@host:a b: c@d"),
        ] {
            assert_eq!(hide_urls(text), shown);
        }
    }

    #[test]
    fn lines_are_masked_in_place() {
        let mask = |text: &str| mask(&SourceText::new("", text, 0), 0..text.len());
        assert_eq!(mask("  passwort: a\n  password: abc d"), "  passwort: a\n  password: *** *");
        assert_eq!(mask("{\"token\": x}"), "{\"token\": **");
        assert_eq!(mask("token: ${env:T}"), "token: ${env:T}");
        assert_eq!(mask("a: {b: 'x://u:p@h/?k=${env:K}&q=é'}"), "a: {b: 'x://***@h/?**${env:K}*****'}");
    }
}
