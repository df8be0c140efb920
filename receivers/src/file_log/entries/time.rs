//! Times of records: Unix nanoseconds that are not before 1970.

use tidewatch_parse::time::NoTime;

/// What `parse` makes of a time, given what time it is `now`.
///
/// # Errors
/// It is no time, or before 1970.
pub(super) fn read(now: u64, parse: impl FnOnce(i64) -> Result<i64, NoTime>) -> Result<u64, String> {
    let time = parse(i64::try_from(now).unwrap_or(i64::MAX)).map_err(|error| error.to_string())?;
    u64::try_from(time).map_err(|_| "the time is before 1970".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_are_refused() {
        assert_eq!(read(7, Ok), Ok(7));
        assert_eq!(read(7, |_| Ok(-1)), Err("the time is before 1970".into()));
        assert_eq!(read(7, |_| Err(NoTime::DoesNotExist)), Err("the time does not exist".into()));
    }
}
