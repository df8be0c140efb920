//! From what a clock on the wall shows to Unix nanoseconds.

use super::NoTime;
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

/// The zone of a name such as `Europe/Berlin`, `UTC` or `Local`, or of an offset such as `+02:00`.
///
/// # Errors
/// That there is no such zone.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    if name == "Local" {
        return Ok(TimeZone::system());
    }
    let fixed = name.starts_with(['+', '-']).then(|| signed_offset(&name.replace(':', ""))).flatten();
    if let Some(offset) = fixed.and_then(|seconds| Offset::from_seconds(seconds).ok()) {
        return Ok(offset.to_time_zone());
    }
    TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`"))
}

/// Unix nanoseconds of a time whose offset or zone may have been named.
pub(super) fn instant(
    civil: DateTime,
    offset: Option<i32>,
    name: Option<&str>,
    zone: &TimeZone,
) -> Result<i64, NoTime> {
    let timestamp = match (offset, name) {
        (Some(offset), _) => at_offset(civil, offset)?,
        (None, Some(name)) => named(civil, name, zone)?,
        // Of a time that the clock shows twice the first, of one that it skips the one after it.
        (None, None) => in_zone(civil, zone)?,
    };
    i64::try_from(timestamp.as_nanosecond()).map_err(|_| NoTime::OutOfRange)
}

/// The year in a zone.
pub(super) fn year_of(now: i64, zone: &TimeZone) -> i16 {
    zone.to_datetime(timestamp(now)).year()
}

/// All Unix nanoseconds of 64 bits are within its range.
pub(super) fn timestamp(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanos.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn at_offset(civil: DateTime, seconds: i32) -> Result<Timestamp, NoTime> {
    let offset = Offset::from_seconds(seconds).map_err(|_| NoTime::OutOfRange)?;
    offset.to_timestamp(civil).map_err(|_| NoTime::OutOfRange)
}

fn in_zone(civil: DateTime, zone: &TimeZone) -> Result<Timestamp, NoTime> {
    zone.to_timestamp(civil).map_err(|_| NoTime::OutOfRange)
}

/// An abbreviation means what it means in `zone`, if it means something there; else the zone of that name.
fn named(civil: DateTime, name: &str, zone: &TimeZone) -> Result<Timestamp, NoTime> {
    let signed = name.strip_prefix("GMT").filter(|rest| !rest.is_empty()).unwrap_or(name);
    if let Some(offset) = signed.starts_with(['+', '-']).then(|| signed_offset(signed)).flatten() {
        return at_offset(civil, offset);
    }
    if matches!(name, "UTC" | "GMT") {
        return at_offset(civil, 0);
    }
    let shown = in_zone(civil, zone)?;
    // The other offset of a time that the clock shows twice, or of the other half of the year.
    const DAYS: [i64; 4] = [0, 1, 120, 240];
    for days in DAYS {
        let then = shown.checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(shown);
        let info = zone.to_offset_info(then);
        if info.abbreviation() == name {
            return at_offset(civil, info.offset().seconds());
        }
    }
    let zone = TimeZone::get(name).map_err(|_| NoTime::UnknownZone)?;
    in_zone(civil, &zone)
}

/// Seconds of `+3`, `-05`, `+0530`.
fn signed_offset(text: &str) -> Option<i32> {
    let digits = text.get(1..).filter(|digits| (1..=4).contains(&digits.len()))?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    let number: i32 = digits.parse().ok()?;
    let seconds = if digits.len() > 2 { number / 100 * 3600 + number % 100 * 60 } else { number * 3600 };
    Some(if text.starts_with('-') { -seconds } else { seconds })
}
