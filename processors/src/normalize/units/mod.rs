//! Units of metrics, and what they are brought to.

mod ratio;
mod table;

use indexmap::IndexMap;
use ratio::Ratio;
use std::{borrow::Cow, collections::HashMap};
use table::Dimension;
use tidewatch_config::Mistake;
use tidewatch_otlp::edit::Factor;

/// The units that are looked for, by their codes.
#[derive(Debug, Default)]
pub(super) struct Units {
    conversions: HashMap<String, Conversion>,
}

/// What becomes of metrics of one unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Conversion {
    /// The new unit.
    pub(super) unit: String,
    /// The new numbers are `over / under` of the old ones.
    pub(super) over: u64,
    /// See `over`.
    pub(super) under: u64,
}

impl Conversion {
    /// None: only the spelling changes.
    pub(super) fn factor(&self) -> Option<Factor> {
        (self.over != self.under).then(|| Factor::fraction(self.over, self.under))
    }
}

impl Units {
    /// As a configuration says, or what is wrong with it.
    pub(super) fn new(config: &IndexMap<String, String>) -> Result<Self, Vec<Mistake>> {
        let mut units = Self::default();
        let mut mistakes = Vec::new();
        for (from, to) in config {
            let path = format!("units.{from}");
            let converted = conversion(from, to).map_err(|mistake| Mistake { path: path.clone(), ..mistake });
            match converted {
                Ok(conversion) => {
                    if units.conversions.insert(code(from).into_owned(), conversion).is_some() {
                        let message = format!("`{from}` is `{}`, and that is named above", code(from));
                        mistakes.push(Mistake::new(path, message));
                    }
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() { Ok(units) } else { Err(mistakes) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.conversions.is_empty()
    }

    /// What becomes of a metric of this unit; none if it stays.
    pub(super) fn conversion(&self, unit: &str) -> Option<&Conversion> {
        self.conversions.get(code(unit).as_ref())
    }
}

/// The path is the caller's.
fn conversion(from: &str, to: &str) -> Result<Conversion, Mistake> {
    let (old, new) = (code(from), code(to));
    let (of_old, of_new) = (measure(&old), measure(&new));
    let (Some((old_dimensions, old_size)), Some((new_dimensions, new_size))) = (of_old, of_new) else {
        let stranger = if of_old.is_none() { from } else { to };
        let codes: Vec<_> = table::codes().collect();
        return Err(Mistake::new("", format!("`{stranger}` is not a known unit")).help(format!(
            "known are {}, each also per another (`By/s`), and names in braces",
            codes.join(", ")
        )));
    };
    if old_dimensions != new_dimensions {
        let offset = [old_dimensions, new_dimensions]
            .iter()
            .all(|(unit, _)| matches!(unit, Dimension::Celsius | Dimension::Fahrenheit | Dimension::Kelvin));
        let why = if offset { ": between them is an offset, and units are only scaled" } else { "" };
        return Err(Mistake::new("", format!("`{from}` cannot be brought to `{to}`{why}")));
    }
    let ratio = old_size.divided_by(new_size).and_then(Ratio::parts);
    let (over, under) =
        ratio.ok_or_else(|| Mistake::new("", format!("`{from}` and `{to}` are too far apart")))?;
    Ok(Conversion { unit: new.into_owned(), over, under })
}

/// The UCUM code of a unit as people write it; as it is written if that is not known.
fn code(written: &str) -> Cow<'_, str> {
    let written = written.trim();
    let Some((left, right)) = written.split_once('/') else { return table::code(written).into() };
    // `/s` is how UCUM writes `1/s`.
    let left = if left.is_empty() { "" } else { table::code(left) };
    let code = format!("{}/{}", if left == "1" { "" } else { left }, table::code(right));
    if code == written { written.into() } else { code.into() }
}

/// What a code measures, per what, and how much of it.
fn measure(code: &str) -> Option<((Dimension, Dimension), Ratio)> {
    let Some((left, right)) = code.split_once('/') else {
        return table::unit(code).map(|(dimension, size)| ((dimension, Dimension::Number), size));
    };
    let (over, size) = table::unit(if left.is_empty() { "1" } else { left })?;
    let (under, per) = table::unit(right)?;
    Some(((over, under), size.divided_by(per)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(from: &str, to: &str) -> Result<(String, u64, u64), String> {
        let found = conversion(from, to).map_err(|mistake| mistake.message)?;
        Ok((found.unit, found.over, found.under))
    }

    #[test]
    fn units_are_known_by_their_codes_and_by_what_people_write() {
        for (from, to, unit, over, under) in [
            ("ms", "s", "s", 1, 1_000),
            ("Milliseconds", "seconds", "s", 1, 1_000),
            ("msec", "us", "us", 1_000, 1),
            ("\u{b5}s", "s", "s", 1, 1_000_000),
            ("h", "min", "min", 60, 1),
            ("MiB", "By", "By", 1 << 20, 1),
            ("MB", "B", "By", 1_000_000, 1),
            ("kBy", "KiBy", "KiBy", 125, 128),
            ("bits", "bytes", "By", 1, 8),
            ("Gbit/s", "By/s", "By/s", 125_000_000, 1),
            ("Bytes/Second", "KiBy/min", "KiBy/min", 15, 256),
            ("percent", "1", "1", 1, 100),
            ("ratio", "%", "%", 100, 1),
            ("", "%", "%", 100, 1),
            ("requests", "{request}", "{request}", 1, 1),
            ("requests/min", "{request}/s", "{request}/s", 1, 60),
            ("Count/Second", "/min", "/min", 60, 1),
            ("kWh", "J", "J", 3_600_000, 1),
            ("PiBy", "bit", "bit", 8 << 50, 1),
        ] {
            assert_eq!(factor(from, to), Ok((unit.into(), over, under)), "{from} to {to}");
        }
    }

    #[test]
    fn what_cannot_be_converted_is_refused() {
        for (from, to, message) in [
            ("ms", "By", "`ms` cannot be brought to `By`"),
            ("By", "By/s", "`By` cannot be brought to `By/s`"),
            (
                "[degF]",
                "Cel",
                "`[degF]` cannot be brought to `Cel`: between them is an offset, and units are only scaled",
            ),
            ("fortnights", "s", "`fortnights` is not a known unit"),
            ("s", "m/s/s", "`m/s/s` is not a known unit"),
            ("PiBy/ps", "bit/wk", "`PiBy/ps` and `bit/wk` are too far apart"),
        ] {
            assert_eq!(factor(from, to), Err(message.into()), "{from} to {to}");
        }
    }

    #[test]
    fn a_unit_is_found_however_it_is_spelled() {
        let config = IndexMap::from([("ms".to_owned(), "s".to_owned())]);
        let units = Units::new(&config).unwrap();
        assert_eq!(units.conversion("milliseconds"), units.conversion("ms"));
        assert!(units.conversion("ms").is_some());
        assert!(units.conversion("s").is_none() && units.conversion("MS").is_none());
        let twice = [("ms", "s"), ("milliseconds", "min")].map(|(from, to)| (from.to_owned(), to.to_owned()));
        let mistakes = Units::new(&IndexMap::from(twice)).unwrap_err();
        assert_eq!((mistakes.len(), mistakes[0].path.as_str()), (1, "units.milliseconds"));
    }
}
