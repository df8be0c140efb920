//! From what a clock on the wall shows to Unix nanoseconds.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The zone of a name such as `Europe/Berlin`, `UTC` or `Local`.
///
/// # Errors
/// That there is no such zone.
pub(in crate::file_log::entries) fn zone(name: &str) -> Result<TimeZone, String> {
    match name {
        "Local" => Ok(TimeZone::system()),
        _ => TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`")),
    }
}

/// Unix nanoseconds of a time whose offset or zone may have been named.
pub(super) fn instant(
    civil: DateTime,
    offset: Option<i32>,
    name: Option<&str>,
    zone: &TimeZone,
) -> Result<u64, String> {
    let timestamp = match (offset, name) {
        (Some(offset), _) => at_offset(civil, offset)?,
        (None, Some(name)) => named(civil, name, zone)?,
        // Of a time that the clock shows twice the first, of one that it skips the one after it.
        (None, None) => in_zone(civil, zone)?,
    };
    u64::try_from(timestamp.as_nanosecond()).map_err(|_| "the time is before 1970".to_owned())
}

/// The year in a zone.
pub(super) fn year_of(now: u64, zone: &TimeZone) -> i16 {
    let now = Timestamp::from_nanosecond(i128::from(now)).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(zone.clone()).year()
}

fn at_offset(civil: DateTime, seconds: i32) -> Result<Timestamp, String> {
    let out_of_range = |_| "the time is out of range".to_owned();
    let offset = jiff::tz::Offset::from_seconds(seconds).map_err(out_of_range)?;
    offset.to_timestamp(civil).map_err(out_of_range)
}

fn in_zone(civil: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    zone.to_timestamp(civil).map_err(|_| "the time is out of range".to_owned())
}

/// An abbreviation means what it means in `zone`, if it means something there; else the zone of that name.
fn named(civil: DateTime, name: &str, zone: &TimeZone) -> Result<Timestamp, String> {
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
    let zone = TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`"))?;
    in_zone(civil, &zone)
}

/// `+3`, `-05`, `+0530`.
fn signed_offset(text: &str) -> Option<i32> {
    let number: i32 = text[1..].parse().ok().filter(|_| text.len() <= 5)?;
    let seconds = if text.len() > 3 { number / 100 * 3600 + number % 100 * 60 } else { number * 3600 };
    Some(if text.starts_with('-') { -seconds } else { seconds })
}
