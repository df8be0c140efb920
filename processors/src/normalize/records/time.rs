//! Times of records.

use super::{cast::Type, fields::Field};
use crate::normalize::config::{FieldConfig, OneOrMore, TimeConfig, TimeDefault};
use tidewatch_config::Mistake;
use tidewatch_otlp::{edit::Arena, views::ValueView};
use tidewatch_parse::time::{Format, Formats, zone};

/// Where a record's time stands, and how it may be written.
#[derive(Debug)]
pub(super) struct Time {
    /// The first one that is there counts.
    pub(super) from: Vec<String>,
    formats: Formats,
    /// How those of the fields are written that are times themselves.
    written: Vec<Format>,
    /// Whether the agent's clock says it where the record does not.
    pub(super) default_now: bool,
}

impl Time {
    /// As a configuration says, or what is wrong with it; paths start at `time`. `fields` are those of the result.
    pub(super) fn new(config: &TimeConfig, fields: &[&Field]) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let from = config.from.as_slice().to_vec();
        if from.is_empty() || from.iter().any(String::is_empty) {
            let mistake = Mistake::new("", "a field has to be named");
            mistakes.push(mistake.help("write e.g. `from: timestamp`"));
        }
        let formats = formats(&config.formats, config.zone.as_deref()).map_err(|more| mistakes.extend(more));
        let default_now = config.default == Some(TimeDefault::Now);
        let written =
            fields.iter().filter(|field| from.contains(&field.name)).filter_map(|field| match &field.as_ {
                Some(Type::Time(form)) => Some(form.write.clone()),
                _ => None,
            });
        let written = written.collect();
        match formats {
            Ok(formats) if mistakes.is_empty() => Ok(Self { from, formats, written, default_now }),
            _ => Err(mistakes),
        }
    }

    /// Unix nanoseconds; none if it is not a time of these formats, or before 1970.
    pub(super) fn read(&self, value: ValueView<'_>, now: u64) -> Option<u64> {
        let nanos = read(&self.formats, value, now).or_else(|| {
            let now = i64::try_from(now).unwrap_or(i64::MAX);
            self.written.iter().find_map(|format| format.parse(value, now).ok())
        });
        u64::try_from(nanos?).ok()
    }
}

/// A time in a field: how it may be written, and how it is written from now on.
#[derive(Debug)]
pub(super) struct Rewrite {
    formats: Formats,
    write: Format,
}

impl Rewrite {
    /// As a configuration says, or what is wrong with it; paths start at the field.
    pub(super) fn new(config: &FieldConfig) -> Result<Self, Vec<Mistake>> {
        let formats = formats(&config.formats, config.zone.as_deref())?;
        let write = config.write.as_deref().unwrap_or("rfc3339");
        let wrong = |(reason, at)| vec![Mistake::new("write", reason).at(at)];
        // The zone has been looked at.
        let zone = zone(config.zone.as_deref().unwrap_or("UTC")).map_err(|reason| wrong((reason, 0)))?;
        Ok(Self { formats, write: Format::new(write, zone).map_err(wrong)? })
    }

    /// None: it is not a time of these formats.
    pub(super) fn rewrite<'a>(&self, value: ValueView<'_>, now: u64, arena: &'a Arena) -> Option<&'a str> {
        let nanos = read(&self.formats, value, now)?;
        Some(arena.write_text(|out| self.write.write(nanos, out)))
    }

    /// Unix nanoseconds as text.
    pub(super) fn write<'a>(&self, nanos: u64, arena: &'a Arena) -> &'a str {
        arena.write_text(|out| self.write.write(i64::try_from(nanos).unwrap_or(i64::MAX), out))
    }
}

/// Formats in a zone, or what is wrong with them; paths start at their owner.
fn formats(config: &OneOrMore, zone_name: Option<&str>) -> Result<Formats, Vec<Mistake>> {
    let zone = zone(zone_name.unwrap_or("UTC")).map_err(|reason| {
        vec![Mistake::new("zone", reason).help("write e.g. `Europe/Berlin`, `UTC` or `Local`")]
    })?;
    let rfc3339 = ["rfc3339".to_owned()];
    let names = match config.as_slice() {
        [] => &rfc3339,
        names => names,
    };
    let (mut formats, mut mistakes) = (Vec::new(), Vec::new());
    for (index, name) in names.iter().enumerate() {
        match Format::new(name, zone.clone()) {
            Ok(format) => formats.push(format),
            Err((reason, at)) => {
                let path = match config {
                    OneOrMore::One(_) => "formats".to_owned(),
                    OneOrMore::More(_) => format!("formats[{index}]"),
                };
                mistakes.push(Mistake::new(path, reason).at(at));
            }
        }
    }
    if mistakes.is_empty() { Ok(Formats::new(formats)) } else { Err(mistakes) }
}

/// Spaces around a text do not matter.
fn read(formats: &Formats, value: ValueView<'_>, now: u64) -> Option<i64> {
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let value = match value {
        ValueView::Str(text) => ValueView::Str(text.trim()),
        other => other,
    };
    formats.parse(value, now).ok()
}
