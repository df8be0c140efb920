//! Severities by what logs call them.

use super::{Field, Mistakes, config::SeverityConfig};
use crate::file_log::entries::record::Record;
use serde_json::Value as Json;
use std::{borrow::Cow, collections::HashMap};
use tidewatch_otlp::write::Value;

const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];

/// Sets a record's severity.
#[derive(Debug)]
pub(super) struct SeverityParser {
    from: Field,
    /// In small letters.
    names: HashMap<String, u8>,
    /// Numbers from and to, both included; the last one that fits counts.
    ranges: Vec<(i64, i64, u8)>,
    overwrite_text: bool,
}

impl SeverityParser {
    pub(super) fn build(config: &SeverityConfig, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let from = mistakes.field(&format!("{path}.parse_from"), &config.parse_from)?;
        let names = match config.preset.as_str() {
            "" | "default" => preset(true),
            "otel" | "aliases" => preset(false),
            "none" => HashMap::new(),
            other => {
                let problem = format!("there is no preset `{other}`");
                mistakes.add(&format!("{path}.preset"), problem, "presets are `default`, `otel` and `none`");
                return None;
            }
        };
        let mut parser = Self { from, names, ranges: Vec::new(), overwrite_text: config.overwrite_text };
        let mut complete = true;
        for (level, values) in &config.mapping {
            let path = format!("{path}.mapping.{level}");
            let Some(number) = preset(false).get(&level.to_lowercase()).copied() else {
                let problem = format!("there is no severity `{level}`");
                mistakes.add(&path, problem, "severities are `trace`, `debug`, `info`, `warn`, `error`, `fatal`, each also with 2, 3 or 4");
                complete = false;
                continue;
            };
            let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
            for value in values {
                if let Err(problem) = parser.map(value, number) {
                    mistakes.add(
                        &path,
                        problem,
                        "it is a text, an integer, `{min: 400, max: 499}`, or one of `2xx` to `5xx`",
                    );
                    complete = false;
                }
            }
        }
        complete.then_some(parser)
    }

    fn map(&mut self, value: &Json, severity: u8) -> Result<(), String> {
        match value {
            Json::String(text) => match text.as_str() {
                "2xx" => self.ranges.push((200, 299, severity)),
                "3xx" => self.ranges.push((300, 399, severity)),
                "4xx" => self.ranges.push((400, 499, severity)),
                "5xx" => self.ranges.push((500, 599, severity)),
                _ => drop(self.names.insert(text.to_lowercase(), severity)),
            },
            Json::Number(number) if number.is_i64() => drop(self.names.insert(number.to_string(), severity)),
            Json::Object(range) => {
                let bound = |key: &str| range.get(key).and_then(Json::as_i64);
                let (Some(min), Some(max)) = (bound("min"), bound("max")) else {
                    return Err("a range has the integers `min` and `max`".into());
                };
                self.ranges.push((min.min(max), min.max(max), severity));
            }
            other => return Err(format!("{other} cannot stand for a severity")),
        }
        Ok(())
    }

    /// Sets number and text. A value that nothing is known about becomes the text alone.
    ///
    /// # Errors
    /// The field is absent, or neither text nor a whole number.
    pub(super) fn parse(&self, record: &mut Record<'_>) -> Result<(), String> {
        let value = self.from.get(record).ok_or_else(|| format!("severity: there is no `{}`", self.from))?;
        let text: Cow<'_, str> = match value {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string().into(),
            Value::Double(number) if number.fract() == 0.0 => format!("{number:.0}").into(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
            _ => return Err(format!("severity: `{}` is neither text nor a whole number", self.from)),
        };
        let number = self.find(&text);
        record.severity_number = number;
        record.severity_text = if self.overwrite_text && number > 0 {
            Cow::Owned(name(number))
        } else {
            Cow::Owned(text.into_owned())
        };
        Ok(())
    }

    fn find(&self, text: &str) -> u8 {
        let known = |text: &str| self.names.get(text).copied();
        let mut small = [0; 16];
        let named = match small.get_mut(..text.len()).filter(|_| text.is_ascii()) {
            Some(small) => {
                small.copy_from_slice(text.as_bytes());
                small.make_ascii_lowercase();
                std::str::from_utf8(small).ok().and_then(known)
            }
            None => known(&text.to_lowercase()),
        };
        let in_range = || {
            let number: i64 = text.parse().ok()?;
            self.ranges
                .iter()
                .rev()
                .find(|(min, max, _)| (min..=max).contains(&&number))
                .map(|(.., level)| *level)
        };
        named.or_else(in_range).unwrap_or(0)
    }
}

/// `INFO`, `WARN2`.
fn name(number: u8) -> String {
    let (level, step) = (usize::from(number - 1) / 4, (number - 1) % 4 + 1);
    let level = LEVELS[level].to_uppercase();
    if step == 1 { level } else { format!("{level}{step}") }
}

/// Names and numbers of OpenTelemetry; with `more`, also `warning` and `err`.
fn preset(more: bool) -> HashMap<String, u8> {
    let mut names = HashMap::new();
    for number in 1..=24 {
        let name = name(number).to_lowercase();
        if more {
            for (short, long) in [("warn", "warning"), ("error", "err")] {
                if let Some(step) = name.strip_prefix(short) {
                    names.insert(format!("{long}{step}"), number);
                }
            }
        }
        names.insert(number.to_string(), number);
        names.insert(name, number);
    }
    names
}
