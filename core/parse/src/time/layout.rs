use super::{gotime, strptime};
use jiff::tz::TimeZone;

/// A layout, compiled, and the zone of times that name none.
#[derive(Debug, Clone)]
pub struct Layout {
    pub(super) items: Vec<Item>,
    pub(super) zone: TimeZone,
}

/// A piece of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// These characters; a space stands for any number of them.
    Literal(String),
    /// Four digits.
    Year,
    /// Two digits: 69 is 1969, 68 is 2068.
    YearOfCentury,
    Month(Digits),
    MonthName(Name),
    Day(Digits),
    DayOfYear,
    Weekday(Name),
    Hour24,
    Hour12(Digits),
    /// `AM` or `PM`; or both in small letters.
    HalfDay {
        small: bool,
    },
    Minute(Digits),
    Second(Digits),
    Fraction(Fraction),
    /// An abbreviation such as `CET`.
    ZoneName,
    Offset(Offset),
    /// `T`, or a space.
    IsoSeparator,
    /// Nothing, or any offset of ISO 8601.
    IsoOffset,
}

/// How a fraction of a second is written. Either mark is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fraction {
    /// `.` or `,`.
    pub(super) mark: char,
    pub(super) digits: FractionDigits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FractionDigits {
    /// So many.
    Exactly(usize),
    /// At most so many are written, without zeros at the end; nothing at all is a fraction, too. Any number is read.
    UpTo(usize),
    /// None, six, or nine where six do not tell all. Any number is read.
    Micros,
}

/// How a number may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    Two,
    OneOrTwo,
    /// One or two, perhaps with a space in front.
    Padded,
}

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Short,
    Long,
}

/// How an offset from UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` may stand for UTC.
    pub(super) z: bool,
    pub(super) colons: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

impl Layout {
    /// Compiles a layout such as `%Y-%m-%d %H:%M:%S.%L`. Times in it that name no zone are in `zone`, and in this zone
    /// they are written.
    ///
    /// # Errors
    /// What is wrong with it, and at which byte.
    pub fn strptime(layout: &str, zone: TimeZone) -> Result<Self, (String, usize)> {
        Ok(Self { items: strptime::compile(layout)?, zone })
    }

    /// Compiles a layout such as `2006-01-02T15:04:05.000Z07:00`; as [`Layout::strptime`] for the rest.
    ///
    /// # Errors
    /// What is wrong with it, and at which byte.
    pub fn gotime(layout: &str, zone: TimeZone) -> Result<Self, (String, usize)> {
        Ok(Self { items: gotime::compile(layout)?, zone })
    }

    /// RFC 3339, with a fraction or without; written in UTC.
    pub fn rfc3339() -> Self {
        let layout = "2006-01-02T15:04:05.999999999Z07:00";
        Self::gotime(layout, TimeZone::UTC).expect("a layout of our own")
    }

    /// ISO 8601, with a fraction, an offset, or neither. Written without an offset, and with six digits of a second
    /// unless they are zero: `2025-09-05T16:45:00`, `2025-09-05T16:45:26.191702`.
    pub fn iso8601(zone: TimeZone) -> Self {
        let mut items = strptime::compile("%Y-%m-%d").expect("a layout of our own");
        items.push(Item::IsoSeparator);
        items.extend(strptime::compile("%H:%M:%S").expect("a layout of our own"));
        items.push(Item::Fraction(Fraction { mark: '.', digits: FractionDigits::Micros }));
        items.push(Item::IsoOffset);
        Self { items, zone }
    }
}

/// Adds a character to the last literal.
pub(super) fn push_literal(char: char, items: &mut Vec<Item>) {
    match items.last_mut() {
        Some(Item::Literal(text)) => text.push(char),
        _ => items.push(Item::Literal(char.into())),
    }
}
