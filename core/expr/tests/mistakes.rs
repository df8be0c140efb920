//! What is said about texts that are no expressions: message, column and help.

use proptest::prelude::*;
use tidewatch_expr::{Condition, Context, Expression};

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, expected) in [
        ("", "the expression is empty at column 1"),
        (
            "severity_nubmer > 9",
            "unknown path `severity_nubmer` at column 1; did you mean `severity_number`?",
        ),
        (
            r#"true and attribute["a"] == 1"#,
            "unknown path `attribute` at column 10; did you mean `attributes`?",
        ),
        (
            r#"resource.attribute["a"] == 1"#,
            "unknown path `resource.attribute` at column 1; did you mean `resource.attributes`?",
        ),
        ("elephant == 1", "unknown path `elephant` at column 1"),
        ("span.name == 1", "`span.name` is a path of a span, not of a log at column 1"),
        (
            "severity_number > SEVERITY_NUMBER_WRAN",
            "unknown enum `SEVERITY_NUMBER_WRAN` at column 19; did you mean `SEVERITY_NUMBER_WARN`?",
        ),
        ("severity_number = 9", "unexpected `=` at column 17; equality is `==`"),
        ("severity_text == 'WARN'", "text stands in double quotes at column 18"),
        (r#"severity_text == "WARN"#, "the text that starts here has no closing quote at column 18"),
        (r#""ä" == severity_txt"#, "unknown path `severity_txt` at column 8; did you mean `severity_text`?"),
        ("severity_number >", "a value is missing before the end at column 18"),
        ("(true", "a `)` is missing before the end at column 6"),
        ("true)", "a `)` without its `(` at column 5"),
        ("1 < 2 < 3", "comparisons do not chain at column 7; join two of them with `and`"),
        ("true false", "unexpected `false` at column 6; join conditions with `and` or `or`"),
        ("true and 1", "`and` takes conditions, this is a value at column 10"),
        (r#"1 + "a" == 2"#, "`+` takes numbers, this is something else at column 5"),
        (
            "1 + 2",
            "a condition is true or false, this is a value at column 1; compare it, e.g. with `==` or `>`",
        ),
        (r#"IsMacth(body, "x")"#, "unknown function `IsMacth` at column 1; did you mean `IsMatch`?"),
        (r#"IsMatch(body)"#, "`IsMatch` needs its `pattern` at column 1; IsMatch(target, pattern)"),
        (
            r#"IsMatch(body, patern="x")"#,
            "`IsMatch` has no parameter `patern` at column 15; IsMatch(target, pattern)",
        ),
        ("Len(body, 1) > 1", "`Len` takes at most 1 arguments at column 11; Len(target)"),
        (r#"set(body, "x")"#, "`set` changes something and gives no value at column 1"),
        (r#"severity_text["a"] == 1"#, "`severity_text` has no keys at column 1"),
        ("attributes[0] == 1", "the keys of `attributes` are text at column 1"),
        (
            "attributes[a] == 1",
            r#"a key is text in double quotes, or a number from 0: `["key"]` at column 12"#,
        ),
        (r#"attributes["a" == 1"#, "a `]` is missing at column 16"),
        ("attributes. == 1", "`attributes.` needs a name after its dot at column 13"),
        ("9223372036854775808 == 1", "`9223372036854775808` is larger than 64 bits at column 1"),
        ("12abc == 1", "`12` is followed by a letter at column 1"),
        ("0xabc == trace_id", "bytes need an even number of hexadecimal digits at column 1"),
        ("severity_number & 1", "unexpected character `&` at column 17"),
        ("not", "a value is missing before the end at column 4"),
        ("and true", "`and` needs a condition on each side where it stands at column 1"),
    ] {
        let error = Condition::parse(text, Context::Log).expect_err(text);
        let shown = match &error.help {
            Some(help) => format!("{error}; {help}"),
            None => error.to_string(),
        };
        assert_eq!(shown, expected, "{text}");
    }
}

#[test]
fn depth_is_bounded() {
    for deep in [
        format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}true", "not ".repeat(10_000)),
        format!("{}1 == 1", "-".repeat(10_000)),
        format!("1{} == 1", " + 1".repeat(10_000)),
    ] {
        let error = Condition::parse(&deep, Context::Log).unwrap_err();
        assert!(error.message.contains("too deeply") || error.message.contains("64 KiB"), "{error}");
    }
    let wide = vec!["severity_number == 1"; 1000].join(" or ");
    assert!(Condition::parse(&wide, Context::Log).is_ok());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in r#"([a-z\[\]\(\)\."0-9x=<>!+*/ äE_-]|and |or |not |attributes|nil){0,40}"#) {
        if let Err(error) = Expression::parse(&text, Context::Log) {
            prop_assert!(error.position.offset <= text.len());
        }
    }
}
