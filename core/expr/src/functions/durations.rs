//! Spans of time.

use super::{Function, plain};
use crate::{Failure, Value, text::text};
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[
    plain("Duration", &["duration"], duration),
    plain("Hours", &["value"], |values, _| of(values, |nanos| Value::Float(nanos as f64 / 3.6e12))),
    plain("Microseconds", &["value"], |values, _| of(values, |nanos| Value::Int(nanos / 1_000))),
    plain("Milliseconds", &["value"], |values, _| of(values, |nanos| Value::Int(nanos / 1_000_000))),
    plain("Minutes", &["value"], |values, _| of(values, |nanos| Value::Float(nanos as f64 / 6e10))),
    plain("Nanoseconds", &["value"], |values, _| of(values, Value::Int)),
    plain("Seconds", &["value"], |values, _| of(values, |nanos| Value::Float(nanos as f64 / 1e9))),
];

fn of<'a>(values: &[Value<'a>], convert: fn(i64) -> Value<'static>) -> Result<Value<'a>, Failure> {
    match values[0] {
        Value::Duration(nanos) => Ok(convert(nanos)),
        other => Err(Failure::expected("a duration", &other)),
    }
}

/// Longer units first where one begins with the other.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Digits of a fraction that count.
const MAX_DECIMALS: u32 = 18;

/// As Go's `time.ParseDuration`: `1h30m`, `-1.5s`.
fn duration<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let written = text(&values[0])?;
    parse(written).map(Value::Duration).ok_or_else(|| {
        Failure::new("a duration is written as `1h30m`, `1.5s` or `300ms`; its units are ns, us, ms, s, m, h")
    })
}

fn parse(written: &str) -> Option<i64> {
    let (sign, mut rest) = match written.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, written.strip_prefix('+').unwrap_or(written)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|end| *end > 0)?;
        let (whole, fraction) = rest[..number].split_once('.').unwrap_or((&rest[..number], ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        rest = &rest[number..];
        let (name, unit) = UNITS.into_iter().find(|(name, _)| rest.starts_with(name))?;
        rest = &rest[name.len()..];
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let fraction = &fraction[..fraction.len().min(MAX_DECIMALS as usize)];
        let parts: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        total = total
            .checked_add(whole.checked_mul(unit)?)?
            .checked_add(parts * unit / 10i128.pow(fraction.len() as u32))?;
    }
    i64::try_from(sign * total).ok()
}
