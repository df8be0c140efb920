//! Severities by what logs call them.

use super::{Field, Mistakes, config::SeverityConfig};
use crate::file_log::entries::record::Record;
use serde_json::Value as Json;
use std::borrow::Cow;
use tidewatch_parse::severity::{Severities, name};

/// Sets a record's severity.
#[derive(Debug)]
pub(super) struct SeverityParser {
    from: Field,
    severities: Severities,
    overwrite_text: bool,
}

impl SeverityParser {
    pub(super) fn build(config: &SeverityConfig, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let from = mistakes.field(&format!("{path}.parse_from"), &config.parse_from)?;
        let severities = match config.preset.as_str() {
            "" | "default" => Severities::collector(),
            "otel" | "aliases" => Severities::otel(),
            "none" => Severities::default(),
            other => {
                let problem = format!("there is no preset `{other}`");
                mistakes.add(&format!("{path}.preset"), problem, "presets are `default`, `otel` and `none`");
                return None;
            }
        };
        let mut parser = Self { from, severities, overwrite_text: config.overwrite_text };
        let levels = Severities::otel();
        let mut complete = true;
        for (level, values) in &config.mapping {
            let path = format!("{path}.mapping.{level}");
            let number = levels.find(level);
            if number == 0 {
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
        let severities = &mut self.severities;
        match value {
            Json::String(text) => match text.as_str() {
                "2xx" => severities.insert_range(200, 299, severity),
                "3xx" => severities.insert_range(300, 399, severity),
                "4xx" => severities.insert_range(400, 499, severity),
                "5xx" => severities.insert_range(500, 599, severity),
                _ => severities.insert(text, severity),
            },
            Json::Number(number) if number.is_i64() => severities.insert(&number.to_string(), severity),
            Json::Object(range) => {
                let bound = |key: &str| range.get(key).and_then(Json::as_i64);
                let (Some(min), Some(max)) = (bound("min"), bound("max")) else {
                    return Err("a range has the integers `min` and `max`".into());
                };
                severities.insert_range(min.min(max), min.max(max), severity);
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
        let found = value.as_view().and_then(|value| self.severities.of(value));
        let (number, text) =
            found.ok_or_else(|| format!("severity: `{}` is neither text nor a whole number", self.from))?;
        let text = if self.overwrite_text && number > 0 { name(number) } else { text.into_owned() };
        record.severity_number = number;
        record.severity_text = Cow::Owned(text);
        Ok(())
    }
}
