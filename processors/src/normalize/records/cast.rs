//! Values made into what a field should be.

use super::time::Rewrite;
use std::fmt::Write;
use tidewatch_otlp::{edit::Arena, views::ValueView};

/// What a field should be.
#[derive(Debug)]
pub(super) enum Type {
    Double,
    Int,
    Bool,
    String,
    Time(Box<Rewrite>),
}

impl Type {
    /// None: it cannot be made into that. `now` is the agent's clock, in Unix nanoseconds.
    pub(super) fn cast<'a>(&self, value: ValueView<'a>, now: u64, arena: &'a Arena) -> Option<ValueView<'a>> {
        match self {
            Self::Double => double(value).map(ValueView::Double),
            Self::Int => int(value).map(ValueView::Int),
            Self::Bool => boolean(value).map(ValueView::Bool),
            Self::String => Some(ValueView::Str(string(value, arena))),
            Self::Time(form) => form.rewrite(value, now, arena).map(ValueView::Str),
        }
    }

    /// What is expected, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Double => "a number",
            Self::Int => "a whole number",
            Self::Bool => "a boolean",
            Self::String => "text",
            Self::Time(_) => "a time as configured",
        }
    }
}

/// A finite number, or a text that is one.
pub(super) fn double(value: ValueView<'_>) -> Option<f64> {
    let number = match value {
        ValueView::Str(text) => written(text)?,
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}

/// `inf` and `nan` are left out, as what stands there is rather a word.
fn written(text: &str) -> Option<f64> {
    let text = text.trim();
    text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.'))
        .then(|| text.parse().ok())?
}

/// A whole number of 64 bits, or a text that is one; `5.0` is.
fn int(value: ValueView<'_>) -> Option<i64> {
    match value {
        ValueView::Int(number) => Some(number),
        ValueView::Str(text) => text.trim().parse().ok().or_else(|| whole(written(text)?)),
        ValueView::Double(number) => whole(number),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    // The first double above is no integer of 64 bits any more.
    const END: f64 = 9_223_372_036_854_775_808.0;
    (number.fract() == 0.0 && (-END..END).contains(&number)).then_some(number as i64)
}

fn boolean(value: ValueView<'_>) -> Option<bool> {
    match value {
        ValueView::Bool(value) => Some(value),
        ValueView::Int(0) => Some(false),
        ValueView::Int(1) => Some(true),
        ValueView::Str(text) => {
            let is = |words: [&str; 4]| words.iter().any(|word| text.trim().eq_ignore_ascii_case(word));
            if is(["true", "yes", "on", "1"]) {
                Some(true)
            } else {
                is(["false", "no", "off", "0"]).then_some(false)
            }
        }
        _ => None,
    }
}

/// Text as it is, bytes as text where they are some, all else as it is shown.
pub(super) fn string<'a>(value: ValueView<'a>, arena: &'a Arena) -> &'a str {
    match value {
        ValueView::Str(text) => text,
        ValueView::Bytes(bytes) if let Ok(text) = str::from_utf8(bytes) => text,
        other => arena.write_text(|out| {
            write!(out, "{other}").ok();
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: ValueView<'_>, as_: &Type) -> Option<String> {
        let arena = Arena::new();
        as_.cast(value, 0, &arena).map(|made| format!("{made:?}"))
    }

    #[test]
    fn numbers_are_numbers_or_texts_of_them() {
        for (value, expected) in [
            (ValueView::Int(92), Some("Double(92.0)")),
            (ValueView::Double(79.99), Some("Double(79.99)")),
            (ValueView::Str(" 85.5 "), Some("Double(85.5)")),
            (ValueView::Str("-1e3"), Some("Double(-1000.0)")),
            (ValueView::Str("+.5"), Some("Double(0.5)")),
            (ValueView::Str("abc"), None),
            (ValueView::Str("NaN"), None),
            (ValueView::Str("-inf"), None),
            (ValueView::Str("1e999"), None),
            (ValueView::Str(""), None),
            (ValueView::Str("1,5"), None),
            (ValueView::Double(f64::NAN), None),
            (ValueView::Bool(true), None),
            (ValueView::Empty, None),
        ] {
            assert_eq!(shown(value, &Type::Double).as_deref(), expected, "{value:?}");
        }
    }

    #[test]
    fn integers_are_whole_and_of_64_bits() {
        for (value, expected) in [
            (ValueView::Str("9223372036854775807"), Some("Int(9223372036854775807)")),
            (ValueView::Str("5.0"), Some("Int(5)")),
            (ValueView::Double(-2.0), Some("Int(-2)")),
            (ValueView::Double(2.5), None),
            (ValueView::Double(9.3e18), None),
            (ValueView::Str("9223372036854775808"), None),
            (ValueView::Str("0x10"), None),
        ] {
            assert_eq!(shown(value, &Type::Int).as_deref(), expected, "{value:?}");
        }
    }

    #[test]
    fn truth_and_text() {
        for (value, expected) in [
            (ValueView::Str("Yes"), Some("Bool(true)")),
            (ValueView::Str(" off"), Some("Bool(false)")),
            (ValueView::Int(0), Some("Bool(false)")),
            (ValueView::Int(2), None),
            (ValueView::Str("maybe"), None),
        ] {
            assert_eq!(shown(value, &Type::Bool).as_deref(), expected, "{value:?}");
        }
        for (value, expected) in [
            (ValueView::Int(7), r#"Str("7")"#),
            (ValueView::Double(92.5), r#"Str("92.5")"#),
            (ValueView::Bool(true), r#"Str("true")"#),
            (ValueView::Bytes(b"bytes"), r#"Str("bytes")"#),
            (ValueView::Bytes(&[0xff]), r#"Str("/w==")"#),
        ] {
            assert_eq!(shown(value, &Type::String).as_deref(), Some(expected), "{value:?}");
        }
    }
}
