//! Durations as Go and the Collector write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration in Go's syntax: `1h30m`, `200ms`, `1.5s`, `0`; also days (`7d`) and weeks (`2w`).
///
/// A bare number other than `0` has no unit and is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(Duration);

/// Units by their spelling, longest match first, in nanoseconds.
const UNITS: [(&str, u128); 10] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000), // U+00B5, micro sign
    ("μs", 1_000), // U+03BC, Greek letter mu
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

/// As in Go: what fits in 64 bits of nanoseconds, about 292 years.
const MAX_NANOS: u128 = i64::MAX as u128;

impl GoDuration {
    /// Zero.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// A whole number of seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A whole number of milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// The same as the standard library's duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl From<Duration> for GoDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<GoDuration> for Duration {
    fn from(duration: GoDuration) -> Self {
        duration.0
    }
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number without a unit.
    #[error("the duration `{0}` has no unit")]
    NoUnit(String),
    /// A unit that does not exist.
    #[error("the duration has the unknown unit `{0}`")]
    UnknownUnit(String),
    /// Durations do not run backwards.
    #[error("a duration cannot be negative")]
    Negative,
    /// More than about 292 years.
    #[error("the duration is longer than 292 years")]
    TooLong,
    /// Not of the form number, unit.
    #[error("this is not a duration")]
    Malformed,
}

impl DurationError {
    /// What to write instead.
    pub fn help(&self) -> String {
        match self {
            Self::NoUnit(number) => {
                format!("add a unit: `{number}s` for seconds, `{number}ms` for milliseconds")
            }
            Self::UnknownUnit(_) => "units are `ns`, `us`, `ms`, `s`, `m`, `h`, `d` and `w`".into(),
            Self::Negative | Self::TooLong | Self::Malformed => {
                "durations look like `30s`, `200ms`, `1h30m` or `7d`".into()
            }
        }
    }
}

impl FromStr for GoDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text.trim();
        if rest.starts_with('-') && rest.len() > 1 {
            return Err(DurationError::Negative);
        }
        rest = rest.strip_prefix('+').unwrap_or(rest);
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        if rest.is_empty() {
            return Err(DurationError::Malformed);
        }
        let mut nanos: u128 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, after) = rest.split_at(digits);
            if number.is_empty() || number == "." || number.matches('.').count() > 1 {
                return Err(DurationError::Malformed);
            }
            let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
            let (unit, after) = after.split_at(letters);
            if unit.is_empty() {
                return Err(DurationError::NoUnit(number.into()));
            }
            if unit.contains(char::is_whitespace) {
                return Err(DurationError::Malformed);
            }
            let scale = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .ok_or_else(|| DurationError::UnknownUnit(unit.into()))?
                .1;
            nanos = scaled(number, scale)
                .and_then(|part| part.checked_add(nanos))
                .filter(|sum| *sum <= MAX_NANOS)
                .ok_or(DurationError::TooLong)?;
            rest = after;
        }
        let nanos = u64::try_from(nanos).map_err(|_| DurationError::TooLong)?;
        Ok(Self(Duration::from_nanos(nanos)))
    }
}

/// `number` (digits with at most one point) times `scale`, cut to whole nanoseconds.
fn scaled(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut sum = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.bytes() {
        place /= 10;
        sum += u128::from(digit - b'0') * place;
    }
    Some(sum)
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.write_str("0s");
        }
        for (unit, scale) in [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)] {
            if nanos >= scale && (unit != "s" || nanos.is_multiple_of(scale)) {
                write!(f, "{}{unit}", nanos / scale)?;
                nanos %= scale;
            }
        }
        if nanos == 0 {
            return Ok(());
        }
        let (unit, scale) = match nanos {
            1_000_000_000.. => ("s", 1_000_000_000),
            1_000_000.. => ("ms", 1_000_000),
            1_000.. => ("us", 1_000),
            _ => ("ns", 1),
        };
        write!(f, "{}", nanos / scale)?;
        if !nanos.is_multiple_of(scale) {
            let width = scale.ilog10() as usize;
            let fraction = format!("{:0width$}", nanos % scale);
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        f.write_str(unit)
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = GoDuration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as `30s`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<GoDuration, E> {
                text.parse().map_err(|error: DurationError| E::custom(format!("{error}; {}", error.help())))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<GoDuration, E> {
                if number == 0 {
                    return Ok(GoDuration::ZERO);
                }
                Err(E::invalid_value(Unexpected::Unsigned(number), &self))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for GoDuration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Result<u128, DurationError> {
        text.parse::<GoDuration>().map(|duration| duration.get().as_nanos())
    }

    #[test]
    fn reads_what_go_reads_and_days_and_weeks() {
        for (text, expected) in [
            ("0", 0),
            ("0s", 0),
            ("+5s", 5_000_000_000),
            ("200ms", 200_000_000),
            ("1.5s", 1_500_000_000),
            (".5s", 500_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1h30m5.25s", 5_405_250_000_000),
            ("3us", 3_000),
            ("3µs", 3_000),
            ("7ns", 7),
            ("1d", 86_400_000_000_000),
            ("2w1d", 15 * 86_400_000_000_000),
        ] {
            assert_eq!(nanos(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(nanos("30"), Err(DurationError::NoUnit("30".into())));
        assert_eq!(nanos("1h30"), Err(DurationError::NoUnit("30".into())));
        assert_eq!(nanos("5y"), Err(DurationError::UnknownUnit("y".into())));
        assert_eq!(nanos("-5s"), Err(DurationError::Negative));
        assert_eq!(nanos("999999999h"), Err(DurationError::TooLong));
        assert_eq!(nanos(&format!("{}s", "9".repeat(60))), Err(DurationError::TooLong));
        for text in ["", "s", "3 minutes", "1h 5m", "1..5s", ".s", "abc", "-"] {
            assert_eq!(nanos(text), Err(DurationError::Malformed), "{text}");
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["0s", "200ms", "1.5s", "1h30m", "1h", "24h", "1m1.5s", "1.5us", "7ns", "90ms", "59s"] {
            assert_eq!(text.parse::<GoDuration>().map(|duration| duration.to_string()).as_deref(), Ok(text));
        }
    }
}
