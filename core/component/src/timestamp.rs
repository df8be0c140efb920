//! Event time: Unix nanoseconds, written as RFC 3339.

use jiff::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock in Unix nanoseconds.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// `2026-01-05T10:03:00Z`, with a fraction only where there is one.
pub fn to_rfc3339(nanos: u64) -> String {
    Timestamp::from_nanosecond(i128::from(nanos)).map_or_else(|_| nanos.to_string(), |time| time.to_string())
}

/// Unix nanoseconds of an RFC 3339 time.
///
/// # Errors
/// Text that is no such time, or one before 1970.
pub fn from_rfc3339(text: &str) -> Result<u64, String> {
    let time: Timestamp = text.parse().map_err(|error| format!("{text:?} is no RFC 3339 time: {error}"))?;
    u64::try_from(time.as_nanosecond()).map_err(|_| format!("{text:?} is before 1970"))
}

/// serde form of a timestamp.
pub mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes RFC 3339.
    ///
    /// # Errors
    /// Whatever the serializer says.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub fn serialize<S: Serializer>(nanos: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::to_rfc3339(*nanos))
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// Text that is no time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        super::from_rfc3339(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// serde form of a timestamp that may be missing.
pub mod rfc3339_option {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes RFC 3339 or null.
    ///
    /// # Errors
    /// Whatever the serializer says.
    #[allow(clippy::ref_option)]
    pub fn serialize<S: Serializer>(nanos: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        match nanos {
            Some(nanos) => serializer.serialize_str(&super::to_rfc3339(*nanos)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads RFC 3339 or null.
    ///
    /// # Errors
    /// Text that is no time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| super::from_rfc3339(&text).map_err(D::Error::custom))
            .transpose()
    }
}
