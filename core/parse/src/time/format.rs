use super::{Epoch, Layout, NoTime};
use jiff::tz::TimeZone;
use tidewatch_otlp::views::ValueView;

/// A way to write times: by a name, or by a pattern.
#[derive(Debug, Clone)]
pub struct Format(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Epoch(Epoch),
    Layout(Box<Layout>),
}

impl Format {
    /// A format by its name or pattern:
    ///
    /// - `rfc3339`: `2025-09-05T16:45:26.191702Z`; an offset is there.
    /// - `iso8601`: the same, or without an offset, or with a space in place of the `T`. Written as
    ///   [`Layout::iso8601`] says.
    /// - `unix`, `unix_ms`, `unix_us`, `unix_ns`: seconds since 1970, or parts of them; a number or the text of one,
    ///   perhaps with a fraction.
    /// - A pattern such as `%d-%m-%Y %H:%M:%S%.f`, see [`Layout::strptime`].
    ///
    /// Times that name no zone are in `zone`; but for `rfc3339`, they are written in it.
    ///
    /// # Errors
    /// What is wrong with it, and at which byte.
    pub fn new(format: &str, zone: TimeZone) -> Result<Self, (String, usize)> {
        let kind = match format {
            "rfc3339" => Kind::Layout(Box::new(Layout::rfc3339())),
            "iso8601" => Kind::Layout(Box::new(Layout::iso8601(zone))),
            "unix" => Kind::Epoch(Epoch::of_unit(1_000_000_000)),
            "unix_ms" => Kind::Epoch(Epoch::of_unit(1_000_000)),
            "unix_us" => Kind::Epoch(Epoch::of_unit(1_000)),
            "unix_ns" => Kind::Epoch(Epoch::of_unit(1)),
            pattern if pattern.contains('%') => Kind::Layout(Box::new(Layout::strptime(pattern, zone)?)),
            _ => {
                let names = "rfc3339, iso8601, unix, unix_ms, unix_us, unix_ns";
                let problem =
                    format!("a time format is one of {names}, or a pattern such as `%Y-%m-%d %H:%M:%S%.f`");
                return Err((problem, 0));
            }
        };
        Ok(Self(kind))
    }

    /// Unix nanoseconds of a value. `now` is for times without a year; see [`Layout::parse`].
    ///
    /// # Errors
    /// It is not of this format.
    pub fn parse<'v>(&self, value: impl Into<ValueView<'v>>, now: i64) -> Result<i64, NoTime> {
        match (&self.0, value.into()) {
            (Kind::Epoch(epoch), value) => epoch.parse(value),
            (Kind::Layout(layout), ValueView::Str(text)) => layout.parse(text, now),
            // Such as 20250905 of `%Y%m%d`.
            (Kind::Layout(layout), ValueView::Int(number)) => layout.parse(&number.to_string(), now),
            _ => Err(NoTime::NoText),
        }
    }

    /// Writes Unix nanoseconds in this format.
    pub fn write(&self, nanos: i64, out: &mut String) {
        match &self.0 {
            Kind::Epoch(epoch) => epoch.write(nanos, out),
            Kind::Layout(layout) => layout.write(nanos, out),
        }
    }
}

/// Formats that are tried in order.
#[derive(Debug, Clone)]
pub struct Formats(Vec<Format>);

impl Formats {
    /// The formats, first to be tried first.
    pub fn new(formats: Vec<Format>) -> Self {
        Self(formats)
    }

    /// Unix nanoseconds of a value in the first format that fits; see [`Format::parse`].
    ///
    /// # Errors
    /// It is in none of them; what is wrong, where there is only one.
    pub fn parse<'v>(&self, value: impl Into<ValueView<'v>>, now: i64) -> Result<i64, NoTime> {
        let value = value.into();
        match self.0.as_slice() {
            [only] => only.parse(value, now),
            all => all.iter().find_map(|format| format.parse(value, now).ok()).ok_or(NoTime::NoFormat),
        }
    }
}
