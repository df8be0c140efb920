//! Severities by what logs call them.

use std::borrow::Cow;
use std::collections::HashMap;

use tidewatch_otlp::views::ValueView;

/// Which of OpenTelemetry's severity numbers a text or a number stands for.
#[derive(Debug, Clone, Default)]
pub struct Severities {
    /// In small letters.
    names: HashMap<String, u8>,
    /// Numbers from and to, both included; the last one that fits counts.
    ranges: Vec<(i64, i64, u8)>,
}

const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// What the Collector knows beside OpenTelemetry's own names; `warning2` is there, too.
const ALIASES: [(&str, &str); 2] = [("warn", "warning"), ("error", "err")];

/// What syslog, Windows, Log4j, Zap, java.util.logging, .NET and Python call them, by OpenTelemetry's data model.
/// `critical`, which is not the same everywhere, is what it is to .NET and Python; syslog's is `crit`.
const OTHERS: [(&str, u8); 16] = [
    ("finest", 1),
    ("finer", 5),
    ("verbose", 5),
    ("fine", 6),
    ("config", 7),
    ("information", 9),
    ("informational", 9),
    ("notice", 10),
    ("severe", 17),
    ("crit", 18),
    ("dpanic", 18),
    ("alert", 19),
    ("panic", 19),
    ("emerg", 21),
    ("emergency", 21),
    ("critical", 21),
];

impl Severities {
    /// OpenTelemetry's names and numbers: `trace` is 1, `debug` 5, `info` 9, `warn` 13, `error` 17, `fatal` 21, each
    /// also with 2, 3 or 4 for the numbers behind it, and the numbers 1 to 24 themselves.
    pub fn otel() -> Self {
        let mut all = Self::default();
        for number in 1..=24 {
            all.insert(&number.to_string(), number);
            all.insert(&name(number), number);
        }
        all
    }

    /// As [`Severities::otel`], and `warning` and `err`: the Collector's default.
    pub fn collector() -> Self {
        let mut all = Self::otel();
        for number in 1..=24 {
            let name = name(number).to_lowercase();
            for (short, long) in ALIASES {
                if let Some(step) = name.strip_prefix(short) {
                    all.insert(&format!("{long}{step}"), number);
                }
            }
        }
        all
    }

    /// As [`Severities::collector`], and what other systems call them, by the examples of OpenTelemetry's data model:
    /// `notice` is 10, `crit` 18, `alert` 19, `emerg` and `critical` 21, and so on.
    pub fn common() -> Self {
        let mut all = Self::collector();
        OTHERS.iter().for_each(|(name, number)| all.insert(name, *number));
        all
    }

    /// Lets a text stand for a severity number, whatever the case of its letters.
    pub fn insert(&mut self, text: &str, number: u8) {
        self.names.insert(text.to_lowercase(), number);
    }

    /// Lets the whole numbers from `min` to `max`, both included, stand for a severity number, unless they are named
    /// themselves. Of ranges that overlap, the last one counts.
    pub fn insert_range(&mut self, min: i64, max: i64, number: u8) {
        self.ranges.push((min, max, number));
    }

    /// The severity number of a text, 1 to 24; 0 where it is not known.
    pub fn find(&self, text: &str) -> u8 {
        let known = |text: &str| self.names.get(text).copied();
        let mut small = [0; 16];
        let named = match small.get_mut(..text.len()).filter(|_| text.is_ascii()) {
            Some(small) => {
                small.copy_from_slice(text.as_bytes());
                small.make_ascii_lowercase();
                str::from_utf8(small).ok().and_then(known)
            }
            None => known(&text.to_lowercase()),
        };
        let in_range = || {
            let number: i64 = text.parse().ok()?;
            let mut ranges = self.ranges.iter().rev();
            ranges.find(|(min, max, _)| (min..=max).contains(&&number)).map(|(.., level)| *level)
        };
        named.or_else(in_range).unwrap_or(0)
    }

    /// The severity number of a value, and its text: as it was written, or the digits of a whole number. `None` where
    /// it is neither.
    pub fn of<'v>(&self, value: impl Into<ValueView<'v>>) -> Option<(u8, Cow<'v, str>)> {
        let text: Cow<'v, str> = match value.into() {
            ValueView::Str(text) => text.into(),
            ValueView::Int(number) => number.to_string().into(),
            ValueView::Double(number) if number.fract() == 0.0 => format!("{number:.0}").into(),
            ValueView::Bytes(bytes) => String::from_utf8_lossy(bytes),
            _ => return None,
        };
        Some((self.find(&text), text))
    }
}

/// OpenTelemetry's name of a severity number: `INFO`, `WARN2`; nothing, if it is not 1 to 24.
pub fn name(number: u8) -> String {
    let Some(from_zero) = number.checked_sub(1).filter(|number| *number < 24) else { return String::new() };
    let level = LEVELS[usize::from(from_zero / 4)];
    match from_zero % 4 {
        0 => level.to_owned(),
        step => format!("{level}{}", step + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_numbers_are_those_of_the_data_model() {
        let all = Severities::common();
        for (text, number) in [
            ("TRACE", 1),
            ("trace4", 4),
            ("Debug", 5),
            ("info", 9),
            ("INFO2", 10),
            ("Notice", 10),
            ("warn", 13),
            ("WARNING", 13),
            ("warning3", 15),
            ("err", 17),
            ("Severe", 17),
            ("crit", 18),
            ("alert", 19),
            ("CRITICAL", 21),
            ("emergency", 21),
            ("fatal4", 24),
            ("24", 24),
            ("0", 0),
            ("25", 0),
            ("", 0),
            ("a very long text that is no severity", 0),
            ("ÄRGER", 0),
        ] {
            assert_eq!(all.find(text), number, "{text}");
        }
        assert_eq!(Severities::collector().find("notice"), 0);
        assert_eq!((Severities::collector().find("err"), Severities::otel().find("err")), (17, 0));
    }

    #[test]
    fn names_and_ranges_can_be_added() {
        let mut own = Severities::default();
        own.insert("Ärger", 17);
        own.insert("404", 9);
        own.insert_range(400, 499, 13);
        own.insert_range(450, 460, 14);
        let found = ["ärger", "404", "400", "499", "455", "500", "info"].map(|text| own.find(text));
        assert_eq!(found, [17, 9, 13, 13, 14, 0, 0]);
    }

    #[test]
    fn values_are_texts_or_whole_numbers() {
        let all = Severities::otel();
        assert_eq!(all.of("Info"), Some((9, "Info".into())));
        assert_eq!(all.of(13), Some((13, "13".into())));
        assert_eq!(all.of(17.0), Some((17, "17".into())));
        assert_eq!(all.of(b"fatal".as_slice()), Some((21, "fatal".into())));
        assert_eq!((all.of(1.5), all.of(f64::NAN), all.of(true)), (None, None, None));
    }

    proptest! {
        #[test]
        fn names_come_back(number: u8, text in "\\PC*", double: f64) {
            let all = Severities::common();
            prop_assert_eq!(all.find(&name(number)), if number <= 24 { number } else { 0 });
            prop_assert!(all.find(&text) <= 24);
            prop_assert!(all.of(double).is_none_or(|(number, _)| number <= 24));
        }
    }
}
