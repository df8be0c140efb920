//! Reading only some of the files that a glob finds: the newest by what their names say, of each group.

use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    cmp::Ordering,
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};
use tidewatch_config::Mistake;

/// Which files to read, by what their names say.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OrderingConfig {
    /// Regular expression for paths, with the named groups that `sort_by` uses. Files that it does not match are
    /// not read.
    pub regex: String,
    /// Regular expression for paths: files whose named groups say the same belong together. Default: all do.
    pub group_by: String,
    /// How many files of each group to read: the first ones in this order. Default 1.
    #[schemars(range(min = 1))]
    pub top_n: usize,
    /// The order; the first entry counts most.
    pub sort_by: Vec<SortConfig>,
}

/// One part of the order.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SortConfig {
    /// `numeric`, `alphabetical`, `timestamp`, or `mtime` for the time of the last change.
    pub sort_type: SortType,
    /// The group of `regex` to sort by; not for `mtime`.
    pub regex_key: String,
    /// True: the smallest or oldest comes first. Default false.
    pub ascending: bool,
    /// How a `timestamp` is written, in the notation of strptime: `%Y%m%d%H`.
    pub layout: String,
    /// Where a `timestamp` is meant that does not say so, as in `Europe/Berlin`. Default UTC.
    pub location: String,
}

/// What the order is by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortType {
    /// The number that is written there.
    #[default]
    Numeric,
    /// The text.
    Alphabetical,
    /// The time.
    Timestamp,
    /// The time of the last change.
    Mtime,
}

impl Default for OrderingConfig {
    fn default() -> Self {
        Self { regex: String::new(), group_by: String::new(), top_n: 1, sort_by: Vec::new() }
    }
}

/// What a file is sorted by.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Rank {
    Number(f64),
    Text(String),
    Time(jiff::Timestamp),
    Changed(SystemTime),
}

/// The order, compiled.
pub(super) struct Selection {
    regex: Option<Regex>,
    group_by: Option<Regex>,
    config: OrderingConfig,
}

impl OrderingConfig {
    pub(super) fn check(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut wrong = |path: String, message: String| {
            mistakes.push(Mistake::new(format!("ordering_criteria.{path}"), message));
        };
        let regex = Regex::new(&self.regex).map_err(|error| wrong("regex".into(), error.to_string()));
        if let Err(error) = Regex::new(&self.group_by) {
            wrong("group_by".into(), error.to_string());
        }
        if self.top_n == 0 {
            wrong("top_n".into(), "at least 1 file of each group is read".into());
        }
        if self.sort_by.is_empty() {
            wrong("sort_by".into(), "the order is missing".into());
        }
        for (index, sort) in self.sort_by.iter().enumerate() {
            let mut wrong =
                |key: &str, message: &str| wrong(format!("sort_by[{index}].{key}"), message.into());
            if sort.sort_type == SortType::Mtime {
                continue;
            }
            if let Ok(regex) = &regex
                && !regex.capture_names().flatten().any(|name| name == sort.regex_key)
            {
                wrong("regex_key", "`ordering_criteria.regex` has no group of this name");
            }
            if sort.sort_type == SortType::Timestamp {
                if sort.layout.is_empty() {
                    wrong("layout", "say how the timestamp is written, e.g. `%Y%m%d`");
                }
                if !sort.location.is_empty() && jiff::tz::TimeZone::get(&sort.location).is_err() {
                    wrong("location", "there is no such time zone");
                }
            }
        }
        mistakes
    }
}

impl Selection {
    /// Of a configuration that was checked.
    pub(super) fn new(config: OrderingConfig) -> Self {
        let compile = |text: &str| if text.is_empty() { None } else { Regex::new(text).ok() };
        Self { regex: compile(&config.regex), group_by: compile(&config.group_by), config }
    }

    /// The first of each group, in order.
    pub(super) fn select(&self, paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
        let mut groups: HashMap<Vec<String>, Vec<(Vec<Rank>, PathBuf)>> = HashMap::new();
        for path in paths {
            if let (Some(group), Some(ranks)) = (self.group(&path), self.ranks(&path)) {
                groups.entry(group).or_default().push((ranks, path));
            }
        }
        let mut selected = Vec::new();
        for mut group in groups.into_values() {
            group.sort_by(|left, right| self.compare(&left.0, &right.0).then_with(|| left.1.cmp(&right.1)));
            selected.extend(group.into_iter().take(self.config.top_n).map(|(_, path)| path));
        }
        selected
    }

    fn group(&self, path: &Path) -> Option<Vec<String>> {
        let Some(regex) = &self.group_by else { return Some(Vec::new()) };
        let captures = regex.captures(path.to_str()?)?;
        Some(
            regex
                .capture_names()
                .flatten()
                .map(|name| captures.name(name).map_or("", |text| text.as_str()).to_owned())
                .collect(),
        )
    }

    fn ranks(&self, path: &Path) -> Option<Vec<Rank>> {
        let captures = match &self.regex {
            Some(regex) => Some(regex.captures(path.to_str()?)?),
            None => None,
        };
        let rank = |sort: &SortConfig| {
            let text = || captures.as_ref()?.name(&sort.regex_key).map(|text| text.as_str());
            match sort.sort_type {
                SortType::Numeric => text()?.parse().ok().map(Rank::Number),
                SortType::Alphabetical => text().map(|text| Rank::Text(text.to_owned())),
                SortType::Timestamp => time(text()?, sort).map(Rank::Time),
                SortType::Mtime => {
                    fs::metadata(path).and_then(|metadata| metadata.modified()).ok().map(Rank::Changed)
                }
            }
        };
        self.config.sort_by.iter().map(rank).collect()
    }

    fn compare(&self, left: &[Rank], right: &[Rank]) -> Ordering {
        let orders = self.config.sort_by.iter().zip(left.iter().zip(right)).map(|(sort, (left, right))| {
            let order = left.partial_cmp(right).unwrap_or(Ordering::Equal);
            if sort.ascending { order } else { order.reverse() }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }
}

/// A time of which only a part may be written: the rest is the beginning of 1970.
fn time(text: &str, sort: &SortConfig) -> Option<jiff::Timestamp> {
    let parts = jiff::fmt::strtime::parse(&sort.layout, text).ok()?;
    if let Ok(time) = parts.to_timestamp() {
        return Some(time);
    }
    let date = parts.to_date().or_else(|_| {
        jiff::civil::Date::new(
            parts.year().unwrap_or(1970),
            parts.month().unwrap_or(1),
            parts.day().unwrap_or(1),
        )
    });
    let clock = jiff::civil::Time::new(
        parts.hour().unwrap_or(0),
        parts.minute().unwrap_or(0),
        parts.second().unwrap_or(0),
        0,
    );
    let zone = if sort.location.is_empty() { "UTC" } else { &sort.location };
    let zone = jiff::tz::TimeZone::get(zone).ok()?;
    Some(date.ok()?.to_datetime(clock.ok()?).to_zoned(zone).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(config: serde_json::Value, paths: &[&str]) -> Vec<String> {
        let config: OrderingConfig = serde_json::from_value(config).unwrap();
        assert!(config.check().is_empty(), "{:?}", config.check());
        let mut selected: Vec<_> = Selection::new(config)
            .select(paths.iter().map(PathBuf::from))
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        selected.sort();
        selected
    }

    #[test]
    fn the_highest_numbers_of_each_group_are_read() {
        let config = serde_json::json!({
            "regex": r"\.(?P<n>\d+)\.log$", "group_by": r"/(?P<app>\w+)\.", "top_n": 2,
            "sort_by": [{"sort_type": "numeric", "regex_key": "n"}],
        });
        let paths = ["/x/a.1.log", "/x/a.2.log", "/x/a.10.log", "/x/b.7.log", "/x/b.none.log"];
        assert_eq!(selected(config, &paths), ["/x/a.10.log", "/x/a.2.log", "/x/b.7.log"]);
    }

    #[test]
    fn the_oldest_day_comes_first_if_asked_for() {
        let config = serde_json::json!({
            "regex": r"(?P<day>\d{8})",
            "sort_by": [{"sort_type": "timestamp", "regex_key": "day", "layout": "%Y%m%d", "ascending": true}],
        });
        assert_eq!(selected(config, &["20260102.log", "20251231.log", "20260101.log"]), ["20251231.log"]);
    }

    #[test]
    fn mistakes_are_told_at_their_keys() {
        let config: OrderingConfig = serde_json::from_value(serde_json::json!({
            "regex": "(?P<a>x", "top_n": 0, "sort_by": [{"sort_type": "timestamp", "regex_key": "b"}],
        }))
        .unwrap();
        let paths: Vec<_> = config.check().into_iter().map(|mistake| mistake.path).collect();
        let expected = ["regex", "top_n", "sort_by[0].layout"].map(|key| format!("ordering_criteria.{key}"));
        assert_eq!(paths, expected);
    }
}
