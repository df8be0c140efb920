//! Moments and spans of time. Moments are in UTC.

use super::{Converter, Function, plain, special};
use crate::{Failure, Record, Value, arguments::Arguments, error::Wrong, node::Node, text::timestamp};
use jiff::{civil::DateTime, tz::TimeZone};
use std::{sync::Arc, time::SystemTime};
use tidewatch_otlp::edit::Arena;
use tidewatch_parse::time::{Format, zone};

pub(super) static TABLE: &[Function] = &[
    plain("Day", &["value"], |values, _| part(values, |time| time.day().into())),
    special("FormatTime", &["time", "format"], format_time),
    plain("Hour", &["value"], |values, _| part(values, |time| time.hour().into())),
    plain("Minute", &["value"], |values, _| part(values, |time| time.minute().into())),
    plain("Month", &["value"], |values, _| part(values, |time| time.month().into())),
    plain("Nanosecond", &["value"], |values, _| part(values, |time| time.subsec_nanosecond().into())),
    plain("Now", &[], |_, _| Ok(Value::Time(now()))),
    plain("Second", &["value"], |values, _| part(values, |time| time.second().into())),
    special("Time", &["target", "format", "location?", "locale?"], time),
    plain("TruncateTime", &["time", "duration"], truncate),
    plain("Unix", &["seconds", "nanoseconds?"], unix),
    plain("UnixMicro", &["value"], |values, _| since_epoch(values, 1_000)),
    plain("UnixMilli", &["value"], |values, _| since_epoch(values, 1_000_000)),
    plain("UnixNano", &["value"], |values, _| since_epoch(values, 1)),
    plain("UnixSeconds", &["value"], |values, _| since_epoch(values, 1_000_000_000)),
    plain("Weekday", &["value"], |values, _| {
        part(values, |time| time.weekday().to_sunday_zero_offset().into())
    }),
    plain("Year", &["value"], |values, _| part(values, |time| time.year().into())),
];

/// Unix nanoseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

fn nanos_of(value: &Value<'_>) -> Result<i64, Failure> {
    match value {
        Value::Time(nanos) => Ok(*nanos),
        other => Err(Failure::expected("a time", other)),
    }
}

fn part<'a>(values: &[Value<'a>], part: fn(DateTime) -> i64) -> Result<Value<'a>, Failure> {
    let time = timestamp(nanos_of(&values[0])?);
    Ok(Value::Int(part(TimeZone::UTC.to_datetime(time))))
}

fn since_epoch<'a>(values: &[Value<'a>], unit: i64) -> Result<Value<'a>, Failure> {
    Ok(Value::Int(nanos_of(&values[0])?.div_euclid(unit)))
}

fn unix<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let integer = |value: &Value<'_>| match value {
        Value::Int(number) => Ok(*number),
        other => Err(Failure::expected("an integer", other)),
    };
    let nanos = if values[1].is_nil() { 0 } else { integer(&values[1])? };
    let time = integer(&values[0])?.checked_mul(1_000_000_000).and_then(|time| time.checked_add(nanos));
    time.map(Value::Time).ok_or_else(|| Failure::new("the time is not between 1677 and 2262"))
}

/// Down to a multiple of a duration, counted from the year 1, as in Go.
fn truncate<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    const YEAR_1: i128 = 62_135_596_800 * 1_000_000_000;
    let time = nanos_of(&values[0])?;
    let unit = match values[1] {
        Value::Duration(nanos) => nanos,
        other => return Err(Failure::expected("a duration", &other)),
    };
    if unit <= 0 {
        return Ok(Value::Time(time));
    }
    let beyond = (i128::from(time) + YEAR_1).rem_euclid(i128::from(unit));
    Ok(Value::Time(time.saturating_sub(i64::try_from(beyond).unwrap_or(0))))
}

#[derive(Debug)]
struct ParseTime {
    target: Node,
    format: Format,
}

fn time(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let locale_at = arguments.offset_of("locale");
    if let Some(locale) = arguments.optional_text("locale")?
        && !(locale == "en" || locale.starts_with("en-"))
    {
        return Err(Wrong::new(locale_at, "names of months and days are English here").help("leave it out"));
    }
    let location_at = arguments.offset_of("location");
    let location = arguments.optional_text("location")?.filter(|location| !location.is_empty());
    let zone = match location {
        Some(location) => zone(&location).map_err(|error| Wrong::new(location_at, error))?,
        None => TimeZone::UTC,
    };
    let format = format(arguments, zone)?;
    Ok(Arc::new(ParseTime { target: arguments.value("target")?, format }))
}

fn format(arguments: &mut Arguments, zone: TimeZone) -> Result<Format, Wrong> {
    let offset = arguments.offset_of("format");
    let format = arguments.text("format")?;
    // Its opening quote stands before it.
    Format::new(&format, zone).map_err(|(error, at)| Wrong::new(offset + 1 + at, error))
}

impl Converter for ParseTime {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let target = self.target.evaluate(record)?;
        let view = match target {
            Value::Text(_) | Value::Int(_) | Value::Float(_) => target.to_view().unwrap_or_default(),
            other => return Err(Failure::expected("text", &other)),
        };
        self.format.parse(view, now()).map(Value::Time).map_err(|error| Failure::new(error.to_string()))
    }
}

#[derive(Debug)]
struct FormatTime {
    time: Node,
    format: Format,
}

fn format_time(arguments: &mut Arguments) -> Result<Arc<dyn Converter>, Wrong> {
    let format = format(arguments, TimeZone::UTC)?;
    Ok(Arc::new(FormatTime { time: arguments.value("time")?, format }))
}

impl Converter for FormatTime {
    fn call<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        let time = nanos_of(&self.time.evaluate(record)?)?;
        Ok(Value::Text(record.arena.write_text(|out| self.format.write(time, out))))
    }
}
