//! Sizes in bytes.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes: an integer (`1048576`) or a number with a unit.
///
/// `KiB`, `MiB`, `GiB`, `TiB` (and `Ki`, `Mi`, ...) count in 1024s; `kB`, `MB`, `GB`, `TB` (and `k`, `M`, ...) in 1000s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// The units as they are printed, large before small.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl ByteSize {
    /// This many bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// This many kibibytes.
    pub const fn kib(count: u64) -> Self {
        Self(count << 10)
    }

    /// This many mebibytes.
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    /// This many gibibytes.
    pub const fn gib(count: u64) -> Self {
        Self(count << 30)
    }

    /// The size in bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The size in bytes as a `usize`, at most `usize::MAX`.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Why a text is not a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByteSizeError {
    /// A unit that does not exist.
    #[error("the size has the unknown unit `{0}`")]
    UnknownUnit(String),
    /// More than 64 bits.
    #[error("the size is larger than 16 EiB")]
    TooLarge,
    /// Not of the form number, unit.
    #[error("this is not a size in bytes")]
    Malformed,
}

impl ByteSizeError {
    /// What to write instead.
    pub fn help(&self) -> String {
        match self {
            Self::UnknownUnit(_) => {
                "units are `B`, `KiB`, `MiB`, `GiB`, `TiB`, and `kB`, `MB`, `GB`, `TB`".into()
            }
            Self::TooLarge | Self::Malformed => {
                "sizes look like `512MiB`, `10MB` or `1048576` (bytes)".into()
            }
        }
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim_start();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') || (number.contains('.') && fraction.is_empty()) {
            return Err(ByteSizeError::Malformed);
        }
        let scale = u128::from(unit_bytes(unit).ok_or_else(|| ByteSizeError::UnknownUnit(unit.into()))?);
        let whole: u128 = whole.parse().map_err(|_| ByteSizeError::TooLarge)?;
        let mut sum = whole.checked_mul(scale).ok_or(ByteSizeError::TooLarge)?;
        let mut place = 1;
        for digit in fraction.bytes().take(18) {
            place *= 10;
            sum += u128::from(digit - b'0') * scale / place;
        }
        u64::try_from(sum).map(Self).map_err(|_| ByteSizeError::TooLarge)
    }
}

/// How many bytes a unit stands for; upper and lower case are the same, as is `Ki` for `KiB`.
fn unit_bytes(unit: &str) -> Option<u64> {
    if unit.is_empty() {
        return Some(1);
    }
    UNITS
        .iter()
        .find(|(name, _)| {
            name.eq_ignore_ascii_case(unit)
                || (name.len() > 1 && name[..name.len() - 1].eq_ignore_ascii_case(unit))
        })
        .map(|(_, bytes)| *bytes)
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, bytes)| self.0 >= *bytes && self.0.is_multiple_of(*bytes)) {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Size;
        impl Visitor<'_> for Size {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size in bytes such as `512MiB`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(|error: ByteSizeError| E::custom(format!("{error}; {}", error.help())))
            }

            fn visit_u64<E: Error>(self, bytes: u64) -> Result<ByteSize, E> {
                Ok(ByteSize(bytes))
            }
        }
        deserializer.deserialize_any(Size)
    }
}

impl JsonSchema for ByteSize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "format": "byte-size", "minimum": 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_of_1024_and_of_1000() {
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("512MiB", 512 << 20),
            ("512Mi", 512 << 20),
            ("512 mib", 512 << 20),
            ("1GiB", 1 << 30),
            ("1.5GiB", 3 << 29),
            ("10MB", 10_000_000),
            ("1k", 1_000),
            ("1K", 1_000),
            ("7B", 7),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!("5 apples".parse::<ByteSize>(), Err(ByteSizeError::UnknownUnit("apples".into())));
        assert_eq!("99999999999TiB".parse::<ByteSize>(), Err(ByteSizeError::TooLarge));
        for text in ["", "MiB", "-1", "1.", "1.2.3MiB"] {
            assert_eq!(text.parse::<ByteSize>(), Err(ByteSizeError::Malformed), "{text}");
        }
    }

    #[test]
    fn prints_the_largest_unit_that_divides_it() {
        for (bytes, text) in [(0, "0B"), (7, "7B"), (1 << 20, "1MiB"), (10_000_000, "10MB"), (1_500, "1500B")]
        {
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }
}
