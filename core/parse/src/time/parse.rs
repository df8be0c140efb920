//! Reading a time by its layout.

use super::layout::{Digits, Fraction, FractionDigits, Item, Layout, Name, Offset};
use super::{NoTime, zone};
use jiff::civil::{Date, DateTime, Time};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What has been read so far.
#[derive(Default)]
struct Parts<'t> {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    day_of_year: Option<i16>,
    hour: i8,
    afternoon: Option<bool>,
    minute: i8,
    second: i8,
    nanosecond: i32,
    /// Seconds to the east.
    offset: Option<i32>,
    zone_name: Option<&'t str>,
}

impl Layout {
    /// Unix nanoseconds of a time. A time without a year is the last such one that is not more than a week after
    /// `now`, which are Unix nanoseconds, too.
    ///
    /// # Errors
    /// The text is not of this layout, names a day that does not exist, or one out of range (1677 to 2262).
    pub fn parse(&self, text: &str, now: i64) -> Result<i64, NoTime> {
        let parts = self.read(text).ok_or(NoTime::NotAsTheLayout)?;
        let civil = |year| parts.date_time(year).ok_or(NoTime::DoesNotExist);
        let instant = |year| zone::instant(civil(year)?, parts.offset, parts.zone_name, &self.zone);
        if let Some(year) = parts.year {
            return instant(year);
        }
        const WEEK: i64 = 7 * 86_400 * 1_000_000_000;
        let this_year = zone::year_of(now, &self.zone);
        // 29 February is of the last leap year.
        let candidates = (0..8).map(|back| instant(this_year - back));
        let past = candidates.flatten().find(|time| *time <= now.saturating_add(WEEK));
        past.ok_or(NoTime::DoesNotExist)
    }

    fn read<'t>(&self, text: &'t str) -> Option<Parts<'t>> {
        let mut parts = Parts::default();
        let mut rest = text;
        for (index, item) in self.items.iter().enumerate() {
            parts.take(item, &mut rest)?;
            if matches!(item, Item::Second(_)) {
                // A fraction is taken even where the layout has none.
                let next = self.items[index + 1..].iter().find(|item| !matches!(item, Item::Literal(_)));
                if !matches!(next, Some(Item::Fraction(_))) {
                    parts.nanosecond = fraction(&mut rest).unwrap_or(0);
                }
            }
        }
        rest.is_empty().then_some(parts)
    }
}

impl<'t> Parts<'t> {
    fn take(&mut self, item: &Item, rest: &mut &'t str) -> Option<()> {
        match item {
            Item::Literal(text) => literal(text, rest)?,
            Item::Year => self.year = Some(number(rest, 4)? as i16),
            Item::YearOfCentury => {
                let year = number(rest, 2)? as i16;
                self.year = Some(if year >= 69 { 1900 + year } else { 2000 + year });
            }
            Item::Month(digits) => self.month = Some(padded(rest, *digits)?),
            Item::MonthName(name) => self.month = Some(one_of(&MONTHS, *name, rest)? + 1),
            Item::Day(digits) => self.day = Some(padded(rest, *digits)?),
            Item::DayOfYear => self.day_of_year = Some(number(rest, 3)? as i16),
            Item::Weekday(name) => drop(one_of(&WEEKDAYS, *name, rest)?),
            Item::Hour24 => self.hour = padded(rest, Digits::OneOrTwo)?,
            Item::Hour12(digits) => self.hour = padded(rest, *digits).filter(|hour| *hour <= 12)?,
            Item::HalfDay { small } => {
                let (am, pm) = if *small { ("am", "pm") } else { ("AM", "PM") };
                let morning = take_prefix(rest, am);
                self.afternoon = Some(!morning);
                (morning || take_prefix(rest, pm)).then_some(())?;
            }
            Item::Minute(digits) => self.minute = padded(rest, *digits)?,
            Item::Second(digits) => self.second = padded(rest, *digits)?,
            Item::Fraction(Fraction { digits: FractionDigits::Exactly(count), .. }) => {
                let mut exactly = rest.get(..count + 1)?;
                self.nanosecond = fraction(&mut exactly)?;
                exactly.is_empty().then_some(())?;
                *rest = &rest[count + 1..];
            }
            Item::Fraction(_) => self.nanosecond = fraction(rest).unwrap_or(0),
            Item::ZoneName => self.zone_name = Some(zone_name(rest)?),
            Item::Offset(offset) => self.offset = Some(read_offset(*offset, rest)?),
            Item::IsoSeparator => *rest = rest.strip_prefix(['T', 't', ' '])?,
            Item::IsoOffset if rest.is_empty() => {}
            Item::IsoOffset => {
                let digits = rest.bytes().filter(u8::is_ascii_digit).count();
                let form =
                    Offset { z: true, colons: rest.contains(':'), minutes: digits != 2, seconds: false };
                self.offset = Some(read_offset(form, rest)?);
            }
        }
        Some(())
    }

    fn date_time(&self, year: i16) -> Option<DateTime> {
        let date = match self.day_of_year {
            Some(day) => Date::new(year, 1, 1).ok()?.with().day_of_year(day).build().ok()?,
            None => Date::new(year, self.month.unwrap_or(1), self.day.unwrap_or(1)).ok()?,
        };
        let hour = match (self.afternoon, self.hour) {
            (Some(true), hour) if hour < 12 => hour + 12,
            (Some(false), 12) => 0,
            (_, hour) => hour,
        };
        let time = Time::new(hour, self.minute, self.second, self.nanosecond).ok()?;
        Some(date.to_datetime(time))
    }
}

/// A space in a layout stands for any number of them, and for none at the end of the text.
fn literal(layout: &str, rest: &mut &str) -> Option<()> {
    let mut layout = layout;
    while let Some(char) = layout.chars().next() {
        if char == ' ' {
            if !rest.is_empty() && !rest.starts_with(' ') {
                return None;
            }
            layout = layout.trim_start_matches(' ');
            *rest = rest.trim_start_matches(' ');
        } else {
            layout = &layout[char.len_utf8()..];
            *rest = rest.strip_prefix(char)?;
        }
    }
    Some(())
}

fn take_prefix(rest: &mut &str, prefix: &str) -> bool {
    let after = rest.strip_prefix(prefix);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

/// A number of so many digits.
fn number(rest: &mut &str, digits: usize) -> Option<i32> {
    let (number, after) = rest.split_at_checked(digits)?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    *rest = after;
    number.parse().ok()
}

fn padded(rest: &mut &str, digits: Digits) -> Option<i8> {
    if digits == Digits::Padded {
        *rest = rest.strip_prefix(' ').unwrap_or(rest);
    }
    let two = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let count = if two || digits == Digits::Two { 2 } else { 1 };
    number(rest, count).map(|number| number as i8)
}

/// The index of the name that the text begins with, in any case.
fn one_of(names: &[&str], name: Name, rest: &mut &str) -> Option<i8> {
    let cut = |full: &str| if name == Name::Short { 3 } else { full.len() };
    let index = names.iter().position(|full| {
        rest.get(..cut(full)).is_some_and(|begin| begin.eq_ignore_ascii_case(&full[..cut(full)]))
    })?;
    *rest = &rest[cut(names[index])..];
    i8::try_from(index).ok()
}

/// A point or comma and digits, in nanoseconds; digits beyond the ninth are left out.
fn fraction(rest: &mut &str) -> Option<i32> {
    let digits = rest.strip_prefix(['.', ','])?;
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    (count > 0).then_some(())?;
    let taken = &digits[..count.min(9)];
    let number: i32 = taken.parse().ok()?;
    *rest = &digits[count..];
    Some(number * 10_i32.pow(9 - taken.len() as u32))
}

/// `CET`, `UTC`, `GMT+3`, `+03`.
fn zone_name<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let length = match letters {
        0 if rest.starts_with(['+', '-']) => 1 + Some(digits(1)).filter(|count| (2..=4).contains(count))?,
        3 if rest.starts_with("GMT") && rest[3..].starts_with(['+', '-']) => 4 + digits(4),
        3..=5 => letters,
        _ => return None,
    };
    let (name, after) = rest.split_at(length);
    *rest = after;
    Some(name)
}

fn read_offset(form: Offset, rest: &mut &str) -> Option<i32> {
    if form.z && take_prefix(rest, "Z") {
        return Some(0);
    }
    let sign = match rest.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hours = number(rest, 2).filter(|hours| *hours <= 24)?;
    let mut below = |wanted: bool| {
        if wanted && form.colons {
            *rest = rest.strip_prefix(':')?;
        }
        if wanted { number(rest, 2).filter(|number| *number < 60) } else { Some(0) }
    };
    let (minutes, seconds) = (below(form.minutes)?, below(form.seconds)?);
    Some(sign * (hours * 3600 + minutes * 60 + seconds))
}
