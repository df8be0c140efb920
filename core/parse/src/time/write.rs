//! Writing a time by its layout.

use super::layout::{Digits, Fraction, FractionDigits, Item, Layout, Name, Offset};
use super::parse::{MONTHS, WEEKDAYS};
use super::zone::timestamp;
use jiff::civil::DateTime;
use std::fmt::{self, Write as _};

impl Layout {
    /// Writes Unix nanoseconds, in the zone of the layout.
    pub fn write(&self, nanos: i64, out: &mut String) {
        let timestamp = timestamp(nanos);
        let info = self.zone.to_offset_info(timestamp);
        let civil = info.offset().to_datetime(timestamp);
        for item in &self.items {
            let written = match item {
                Item::ZoneName => out.write_str(info.abbreviation()),
                Item::Offset(form) => form.write(info.offset().seconds(), out),
                item => item.write(civil, out),
            };
            // A `String` takes everything.
            written.unwrap_or_default();
        }
    }
}

impl Item {
    fn write(&self, time: DateTime, out: &mut String) -> fmt::Result {
        let cut = |full: &'static str, name: Name| if name == Name::Short { &full[..3] } else { full };
        match self {
            Self::Literal(text) => out.write_str(text),
            Self::Year => write!(out, "{:04}", time.year()),
            Self::YearOfCentury => write!(out, "{:02}", time.year().rem_euclid(100)),
            Self::Month(digits) => digits.write(time.month(), out),
            Self::MonthName(name) => out.write_str(cut(MONTHS[time.month() as usize - 1], *name)),
            Self::Day(digits) => digits.write(time.day(), out),
            Self::DayOfYear => write!(out, "{:03}", time.day_of_year()),
            Self::Weekday(name) => {
                let weekday = time.weekday().to_sunday_zero_offset();
                out.write_str(cut(WEEKDAYS[weekday as usize], *name))
            }
            Self::Hour24 => Digits::Two.write(time.hour(), out),
            Self::Hour12(digits) => digits.write((time.hour() + 11) % 12 + 1, out),
            Self::HalfDay { small } => out.write_str(match (time.hour() < 12, small) {
                (true, false) => "AM",
                (true, true) => "am",
                (false, false) => "PM",
                (false, true) => "pm",
            }),
            Self::Minute(digits) => digits.write(time.minute(), out),
            Self::Second(digits) => digits.write(time.second(), out),
            Self::Fraction(fraction) => fraction.write(time.subsec_nanosecond(), out),
            Self::IsoSeparator => out.write_str("T"),
            Self::IsoOffset | Self::ZoneName | Self::Offset(_) => Ok(()),
        }
    }
}

impl Digits {
    fn write(self, number: i8, out: &mut String) -> fmt::Result {
        match self {
            Self::Two => write!(out, "{number:02}"),
            Self::OneOrTwo => write!(out, "{number}"),
            Self::Padded => write!(out, "{number:2}"),
        }
    }
}

impl Fraction {
    fn write(self, nanos: i32, out: &mut String) -> fmt::Result {
        let digits = format!("{nanos:09}");
        let digits = match self.digits {
            FractionDigits::Exactly(count) => return write!(out, "{}{digits:0<count$.count$}", self.mark),
            FractionDigits::UpTo(most) => digits[..most.min(9)].trim_end_matches('0'),
            FractionDigits::Micros if nanos == 0 => "",
            FractionDigits::Micros => digits.strip_suffix("000").unwrap_or(&digits),
        };
        if digits.is_empty() { Ok(()) } else { write!(out, "{}{digits}", self.mark) }
    }
}

impl Offset {
    fn write(self, seconds: i32, out: &mut String) -> fmt::Result {
        if self.z && seconds == 0 {
            return out.write_str("Z");
        }
        let (sign, seconds) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
        let colon = if self.colons { ":" } else { "" };
        write!(out, "{sign}{:02}", seconds / 3600)?;
        if self.minutes {
            write!(out, "{colon}{:02}", seconds / 60 % 60)?;
        }
        if self.seconds {
            write!(out, "{colon}{:02}", seconds % 60)?;
        }
        Ok(())
    }
}
