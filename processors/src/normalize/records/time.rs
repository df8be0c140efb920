//! Times of records.

use crate::normalize::config::{OneOrMore, TimeConfig, TimeDefault};
use tidewatch_config::Mistake;
use tidewatch_otlp::views::ValueView;
use tidewatch_parse::time::{Format, Formats, zone};

/// Where a record's time stands, and how it may be written.
#[derive(Debug)]
pub(super) struct Time {
    /// The first one that is there counts.
    pub(super) from: Vec<String>,
    formats: Formats,
    /// Whether the agent's clock says it where the record does not.
    pub(super) default_now: bool,
}

impl Time {
    /// As a configuration says, or what is wrong with it; paths start at `time`.
    pub(super) fn new(config: &TimeConfig) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let from = config.from.as_slice().to_vec();
        if from.is_empty() || from.iter().any(String::is_empty) {
            let mistake = Mistake::new("", "a field has to be named");
            mistakes.push(mistake.help("write e.g. `from: timestamp`"));
        }
        let zone = match zone(config.zone.as_deref().unwrap_or("UTC")) {
            Ok(zone) => zone,
            Err(reason) => {
                mistakes
                    .push(Mistake::new("zone", reason).help("write e.g. `Europe/Berlin`, `UTC` or `Local`"));
                return Err(mistakes);
            }
        };
        let rfc3339 = ["rfc3339".to_owned()];
        let names = match config.formats.as_slice() {
            [] => &rfc3339,
            names => names,
        };
        let mut formats = Vec::new();
        for (index, name) in names.iter().enumerate() {
            match Format::new(name, zone.clone()) {
                Ok(format) => formats.push(format),
                Err((reason, at)) => {
                    let path = match config.formats {
                        OneOrMore::One(_) => "formats".to_owned(),
                        OneOrMore::More(_) => format!("formats[{index}]"),
                    };
                    mistakes.push(Mistake::new(path, reason).at(at));
                }
            }
        }
        if mistakes.is_empty() {
            let default_now = config.default == Some(TimeDefault::Now);
            Ok(Self { from, formats: Formats::new(formats), default_now })
        } else {
            Err(mistakes)
        }
    }

    /// Unix nanoseconds; none if it is not a time of these formats, or before 1970.
    pub(super) fn read(&self, value: ValueView<'_>, now: u64) -> Option<u64> {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let value = match value {
            ValueView::Str(text) => ValueView::Str(text.trim()),
            other => other,
        };
        u64::try_from(self.formats.parse(value, now).ok()?).ok()
    }
}
