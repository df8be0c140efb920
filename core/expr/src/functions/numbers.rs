//! Numbers.

use super::{Function, plain};
use crate::{Failure, Value, text::text};
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[
    plain("Clamp", &["target", "low", "high"], clamp),
    plain("IsValidLuhn", &["value"], is_valid_luhn),
    plain("Log", &["value"], log),
    plain("Max", &["left", "right"], |values, _| extreme(values, |left, right| left > right)),
    plain("Min", &["left", "right"], |values, _| extreme(values, |left, right| left < right)),
    plain("ParseInt", &["target", "base"], parse_int),
];

fn number(value: &Value<'_>) -> Result<f64, Failure> {
    value.as_f64().ok_or_else(|| Failure::expected("a number", value))
}

/// The value of the two that wins.
fn extreme<'a>(values: &[Value<'a>], wins: fn(f64, f64) -> bool) -> Result<Value<'a>, Failure> {
    let (left, right) = (number(&values[0])?, number(&values[1])?);
    Ok(if wins(right, left) { values[1] } else { values[0] })
}

fn clamp<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let (target, low, high) = (number(&values[0])?, number(&values[1])?, number(&values[2])?);
    Ok(values[if target < low {
        1
    } else if target > high {
        2
    } else {
        0
    }])
}

/// The natural logarithm.
fn log<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let number = match values[0] {
        Value::Text(text) => text.parse().map_err(|_| Failure::new("the text is not a number"))?,
        Value::Bool(value) => f64::from(u8::from(value)),
        other => number(&other)?,
    };
    if number > 0.0 {
        Ok(Value::Float(number.ln()))
    } else {
        Err(Failure::new("there is a logarithm of positive numbers only"))
    }
}

/// As Go's `strconv.ParseInt`: base 0 goes by the prefix, and then underscores may stand between digits.
fn parse_int<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let target = text(&values[0])?;
    let base = match values[1] {
        Value::Int(base) if base == 0 || (2..=36).contains(&base) => base as u32,
        Value::Int(base) => return Err(Failure::new(format!("a base is 0 or 2 to 36, not {base}"))),
        other => return Err(Failure::expected("a base that is an integer", &other)),
    };
    let no_integer = || Failure::new("the text is no integer of this base");
    let (sign, digits) = match target.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", target.strip_prefix('+').unwrap_or(target)),
    };
    if digits.starts_with(['+', '-']) {
        return Err(no_integer());
    }
    if base != 0 {
        return i64::from_str_radix(&format!("{sign}{digits}"), base)
            .map(Value::Int)
            .map_err(|_| no_integer());
    }
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    if digits.ends_with('_') || digits.contains("__") || (base == 10 && digits.starts_with('_')) {
        return Err(no_integer());
    }
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), base)
        .map(Value::Int)
        .map_err(|_| no_integer())
}

/// Whether the last digit is the check digit of the others, as on credit cards.
fn is_valid_luhn<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let digits = match values[0] {
        Value::Int(number) => number.to_string(),
        other => text(&other)?.to_owned(),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::new("digits are needed, and nothing else"));
    }
    let sum: u64 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| match (index % 2, u64::from(byte - b'0')) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    Ok(Value::Bool(sum.is_multiple_of(10)))
}
