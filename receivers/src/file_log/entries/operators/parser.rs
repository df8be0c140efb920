//! What all parsers do with what they have parsed.

use super::{Field, Mistakes, config::*, severity::SeverityParser, trace::TraceParser};
use crate::file_log::entries::{record::Record, time};
use jiff::tz::TimeZone;
use std::borrow::Cow;
use tidewatch_config::Mistake;
use tidewatch_otlp::write::{Map, Value};
use tidewatch_parse::time::{Epoch, Layout, NoTime, zone};

/// The keys of [`ParserConfig`], compiled.
#[derive(Debug)]
pub(super) struct Parser {
    from: Field,
    to: Field,
    body: Option<Field>,
    time: Option<(Field, TimeLayout)>,
    severity: Option<SeverityParser>,
    trace: Option<TraceParser>,
    scope: Option<Field>,
}

#[derive(Debug)]
enum TimeLayout {
    Civil(Box<Layout>),
    Epoch(Epoch),
}

impl Parser {
    pub(super) fn build(config: &ParserConfig, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let before = mistakes.len();
        let at = |key: &str| format!("{path}.{key}");
        let from = mistakes.field(&at("parse_from"), &config.parse_from);
        let to = mistakes.field_or_map(&at("parse_to"), &config.parse_to);
        let body = config.body.as_ref().and_then(|body| mistakes.field(&at("body"), body));
        if body.is_some() && to.as_ref().is_some_and(Field::is_body) {
            let problem = "the body cannot be all fields and one of them";
            mistakes.add(&at("body"), problem.into(), "leave out `body` or `parse_to: body`");
        }
        let time =
            config.timestamp.as_ref().and_then(|time| TimeLayout::build(time, &at("timestamp"), mistakes));
        let severity = config
            .severity
            .as_ref()
            .and_then(|config| SeverityParser::build(config, &at("severity"), mistakes));
        let trace =
            config.trace.as_ref().and_then(|config| TraceParser::build(config, &at("trace"), mistakes));
        let scope = config
            .scope_name
            .as_ref()
            .and_then(|scope| mistakes.field(&at("scope_name.parse_from"), &scope.parse_from));
        let complete = mistakes.len() == before;
        complete.then_some(Self { from: from?, to: to?, body, time, severity, trace, scope })
    }

    /// Parses a field's text, puts the result where it belongs, and reads time, severity and so on from there. What
    /// could be done is done, even if something else failed.
    ///
    /// # Errors
    /// The first thing that went wrong.
    pub(super) fn run<'a>(
        &self,
        record: &mut Record<'a>,
        now: u64,
        parse: impl FnOnce(Cow<'a, str>) -> Result<Map<'a>, String>,
    ) -> Result<(), String> {
        let fields = match self.from.get(record) {
            Some(Value::Text(text)) => parse(text.clone())?,
            Some(_) => return Err(format!("`{}` is no text", self.from)),
            None => return Err(format!("there is no `{}`", self.from)),
        };
        self.to.set(record, Value::Map(fields))?;
        if let Some(body) = self.body.as_ref().and_then(|body| body.get(record)) {
            record.body = body.clone();
        }
        let time = self.time.as_ref().map_or(Ok(()), |(from, layout)| layout.set(from, record, now));
        let severity = self.severity.as_ref().map_or(Ok(()), |severity| severity.parse(record));
        let trace = self.trace.as_ref().map_or(Ok(()), |trace| trace.parse(record));
        let scope = self.scope.as_ref().map_or(Ok(()), |from| set_scope(from, record));
        time.and(severity).and(trace).and(scope)
    }
}

fn set_scope(from: &Field, record: &mut Record<'_>) -> Result<(), String> {
    let name = from.get(record).and_then(Value::as_str);
    let name = name.ok_or_else(|| format!("scope_name: there is no text `{from}`"))?.to_owned();
    record.scope = name.into();
    Ok(())
}

impl TimeLayout {
    fn build(config: &TimestampConfig, path: &str, mistakes: &mut Mistakes) -> Option<(Field, Self)> {
        let from = mistakes.field(&format!("{path}.parse_from"), &config.parse_from);
        let layout = match config.layout_type {
            LayoutType::Epoch => {
                Epoch::named(&config.layout).map(Self::Epoch).map_err(|problem| (problem, 0))
            }
            kind => {
                let zone = Self::zone(config, path, mistakes)?;
                let layout = match kind {
                    LayoutType::Gotime => Layout::gotime(&config.layout, zone),
                    _ => Layout::strptime(&config.layout, zone),
                };
                layout.map(|layout| Self::Civil(Box::new(layout)))
            }
        };
        match layout {
            Ok(layout) => Some((from?, layout)),
            Err((problem, at)) => {
                mistakes.push(Mistake::new(format!("{path}.layout"), problem).at(at));
                None
            }
        }
    }

    fn zone(config: &TimestampConfig, path: &str, mistakes: &mut Mistakes) -> Option<TimeZone> {
        let Some(name) = config.location.as_ref().filter(|name| !name.is_empty()) else {
            return Some(if config.layout.ends_with('Z') { TimeZone::UTC } else { TimeZone::system() });
        };
        let help = "names are those of the IANA database, e.g. `Europe/Berlin` or `UTC`";
        zone(name).map_err(|problem| mistakes.add(&format!("{path}.location"), problem, help)).ok()
    }

    fn set(&self, from: &Field, record: &mut Record<'_>, now: u64) -> Result<(), String> {
        let value = from.get(record).ok_or_else(|| format!("timestamp: there is no `{from}`"))?;
        let time = time::read(now, |now| match (self, value) {
            (Self::Epoch(epoch), value) => epoch.parse(value.as_view().unwrap_or_default()),
            (Self::Civil(layout), Value::Text(text)) => layout.parse(text, now),
            (Self::Civil(_), _) => Err(NoTime::NoText),
        });
        record.time = time.map_err(|problem| format!("timestamp: {problem}"))?;
        Ok(())
    }
}
