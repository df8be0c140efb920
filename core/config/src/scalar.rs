//! What a plain YAML scalar means, by the core schema of YAML 1.2.

use serde_json::Number;

use crate::Value;

/// The value of a scalar without quotes. Infinite numbers and numbers with leading zeros stay strings.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

/// The number that `text` spells, if it does.
pub(crate) fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return Some(u64::from_str_radix(hexadecimal, 16).ok()?.into());
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return Some(u64::from_str_radix(octal, 8).ok()?.into());
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || has_leading_zero(digits) {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let unsigned = text.parse::<u64>().map(Number::from);
        return unsigned.or_else(|_| text.parse::<i64>().map(Number::from)).ok();
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    Number::from_f64(text.parse().ok()?)
}

/// `0123`: YAML 1.1 reads it as octal, YAML 1.2 as decimal; here it is no number.
pub(crate) fn has_leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_mean_what_yaml_1_2_says() {
        for (text, json) in [
            ("", "null"),
            ("~", "null"),
            ("true", "true"),
            ("yes", "\"yes\""),
            ("8080", "8080"),
            ("-5", "-5"),
            ("+5", "5"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("1.50", "1.5"),
            ("1e3", "1000.0"),
            (".5", "0.5"),
            ("0123", "\"0123\""),
            ("18446744073709551615", "18446744073709551615"),
            ("1.2.3", "\"1.2.3\""),
            ("10.0.0.1:80", "\"10.0.0.1:80\""),
            (".inf", "\".inf\""),
            ("1e999", "\"1e999\""),
            ("inf", "\"inf\""),
            ("-", "\"-\""),
        ] {
            let json_of = |value: Value| match value {
                Value::Null => "null".into(),
                Value::Bool(value) => value.to_string(),
                Value::Number(number) => number.to_string(),
                Value::String(text) => format!("{text:?}"),
                other => format!("{other:?}"),
            };
            assert_eq!(json_of(resolve(text)), json, "{text}");
        }
    }
}
