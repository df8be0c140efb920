//! Regular expressions as Go's RE2 reads them.

use regex::bytes;

/// Compiles an expression for texts.
///
/// # Errors
/// What is wrong with it, in one line.
pub fn text(pattern: &str) -> Result<regex::Regex, String> {
    regex::Regex::new(&translate(pattern)).map_err(|error| explain(&error))
}

/// Compiles an expression for lines whose encoding is not known to be right; `^` and `$` match at each line.
///
/// # Errors
/// What is wrong with it, in one line.
pub fn lines(pattern: &str) -> Result<bytes::Regex, String> {
    bytes::RegexBuilder::new(&translate(pattern)).multi_line(true).build().map_err(|error| explain(&error))
}

fn explain(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    format!("this is no regular expression: {}", last.strip_prefix("error: ").unwrap_or(last))
}

/// Go's classes `\d`, `\w`, `\s` and `\b` are ASCII, a `[` inside of brackets stands for itself, and `\Q...\E` quotes.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    // Whether we are inside of brackets, and how many characters stand there already.
    let mut class: Option<usize> = None;
    while let Some(char) = rest.next() {
        let inside = class.is_some();
        match (char, class) {
            ('\\', _) => match rest.next() {
                Some('Q') => quote(&mut rest, &mut out),
                Some(escaped) => out.push_str(&escape(escaped, inside)),
                None => out.push('\\'),
            },
            ('[', None) => {
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                class = Some(0);
                continue;
            }
            ('[', Some(_)) if rest.peek() == Some(&':') => out.push('['),
            (']', Some(0)) => out.push_str("\\]"),
            (']', Some(_)) if out.ends_with(':') && out.rfind("[:").is_some_and(|at| at + 2 < out.len()) => {
                // The end of `[:alpha:]`.
                out.push(']');
            }
            (']', Some(_)) => {
                out.push(']');
                class = None;
                continue;
            }
            ('[' | '&' | '~', Some(_)) => out.extend(['\\', char]),
            ('-', Some(_)) if rest.peek() == Some(&'-') => out.push_str("\\-"),
            _ => out.push(char),
        }
        class = class.map(|seen| seen + 1);
    }
    out
}

/// What stands for an escaped character.
fn escape(char: char, inside_brackets: bool) -> String {
    let (class, negated) = match char.to_ascii_lowercase() {
        'd' => ("0-9", char == 'D'),
        'w' => ("0-9A-Za-z_", char == 'W'),
        's' => ("\\t\\n\\f\\r ", char == 'S'),
        'b' if char == 'b' && !inside_brackets => return "(?-u:\\b)".into(),
        _ => return format!("\\{char}"),
    };
    match (negated, inside_brackets) {
        (true, _) => format!("[^{class}]"),
        (false, true) => class.to_owned(),
        (false, false) => format!("[{class}]"),
    }
}

/// Takes everything up to `\E` as it is.
fn quote(rest: &mut impl Iterator<Item = char>, out: &mut String) {
    let mut quoted: String = String::new();
    for char in rest {
        quoted.push(char);
        if quoted.ends_with("\\E") {
            quoted.truncate(quoted.len() - 2);
            break;
        }
    }
    out.push_str(&regex::escape(&quoted));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_they_mean_in_go() {
        for (pattern, matches, does_not) in [
            (r"^\d+$", "12", "١٢"),
            (r"^\w+$", "a_1", "ä"),
            (r"^\W$", "ä", "a"),
            (r"^[\d.]+$", "1.2", "١"),
            (r"^[^\s]+$", "a\u{a0}b", "a b"),
            (r"^[\D]$", "x", "1"),
            (r"\bfoo\b", "a foo.", "afoo"),
            ("^[[]$", "[", "]"),
            ("^[]]$", "]", "["),
            ("^[^]]+$", "a[b", "a]"),
            ("^[[:alpha:]]+$", "abc", "a1"),
            ("^[[:alpha:]1]+$", "abc1", "a2"),
            ("^[a&&b]+$", "a&b", "c"),
            ("^[a--c]+$", "a-", "d"),
            (r"^[a\]]+$", "a]", "["),
            (r"^\Qa.b[\E+$", "a.b[[", "aXb["),
            ("(?i)^error", "ERROR: x", "no error"),
            (r"^(?P<a>\S+) (?P<b>.*)$", "x y z", "x"),
        ] {
            let regex = text(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert!(regex.is_match(matches), "{pattern} and {matches}: {regex}");
            assert!(!regex.is_match(does_not), "{pattern} and {does_not}: {regex}");
        }
    }

    #[test]
    fn mistakes_are_told_in_one_line() {
        assert_eq!(text("(").unwrap_err(), "this is no regular expression: unclosed group");
        assert!(lines("a{1001,1000}").is_err());
    }

    #[test]
    fn lines_match_each_for_themselves() {
        let found: Vec<_> =
            lines("^ERROR").unwrap().find_iter(b"x\nERROR\nERROR").map(|at| at.start()).collect();
        assert_eq!(found, [2, 8]);
    }
}
