//! The lines of a batch.

use crate::template::Template;
use tidewatch_component::{Alert, ExportError, Payload, Rejection};
use tidewatch_expr::{Expression, Item, Record};
use tidewatch_otlp::{Request, edit::Arena, json, views::ValueView};

pub(super) struct Lines {
    /// Makes the lines of alerts, instead of JSON.
    pub(super) body: Option<Template>,
    /// Makes the lines of log records, instead of OTLP/JSON.
    pub(super) line: Option<Expression>,
}

impl Lines {
    /// All lines, each with its end, and the alerts that make none.
    pub(super) fn of(&self, payload: &Payload) -> Result<(Vec<u8>, Option<Rejection>), ExportError> {
        let alerts = match payload {
            Payload::Telemetry(request) if let Some(line) = &self.line => {
                return Ok(of_records(request, line));
            }
            Payload::Telemetry(request) => {
                let mut line = json::encode(request.signal(), request.bytes())
                    .map_err(|error| ExportError::permanent(error.to_string()))?;
                line.push(b'\n');
                return Ok((line, None));
            }
            Payload::Alerts(alerts) => alerts,
        };
        let mut lines = Vec::new();
        let mut rejected: Option<Rejection> = None;
        for alert in alerts.iter() {
            match self.line(alert) {
                Ok(line) => lines.extend(line),
                Err(reason) => rejected.get_or_insert(Rejection::new(0, reason)).items += 1,
            }
        }
        Ok((lines, rejected))
    }

    fn line(&self, alert: &Alert) -> Result<Vec<u8>, String> {
        let mut line = match &self.body {
            None => serde_json::to_vec(alert).map_err(|error| error.to_string())?,
            Some(template) => template.render(alert)?.trim_end().into(),
        };
        // A template that has nothing to say about an alert leaves no empty line.
        if !line.is_empty() {
            line.push(b'\n');
        }
        Ok(line)
    }
}

/// A line for each record of which the expression makes one, and the records of which it cannot.
fn of_records(request: &Request, line: &Expression) -> (Vec<u8>, Option<Rejection>) {
    let (canonical, mut arena) = (request.canonical(), Arena::new());
    let mut lines = Vec::with_capacity(request.bytes().len());
    let mut rejected: Option<Rejection> = None;
    for resource in canonical.resources() {
        for scope in resource.scopes() {
            for log in scope.records() {
                let record = Record::new(&resource, &scope, Item::Log(&log), &arena);
                let before = lines.len();
                if let Err(reason) = put(line, &record, &mut lines) {
                    lines.truncate(before);
                    rejected.get_or_insert(Rejection::new(0, reason)).items += 1;
                }
                arena.reset();
            }
        }
    }
    (lines, rejected)
}

/// Nothing makes no line. Breaks of lines within a text are written as `\n`, so that a record stays one line.
fn put(line: &Expression, record: &Record<'_, '_>, lines: &mut Vec<u8>) -> Result<(), String> {
    if line.is_written_out() {
        line.write_json(record, lines).map_err(|failure| failure.to_string())?;
    } else {
        let value = line.try_evaluate(record).map_err(|failure| failure.to_string())?;
        match value.to_view() {
            Some(ValueView::Empty) => return Ok(()),
            Some(ValueView::Str(text)) => put_text(text, lines),
            Some(value) => value.write_json(lines),
            None => return Err(format!("{} makes no line", value.kind())),
        }
    }
    lines.push(b'\n');
    Ok(())
}

fn put_text(text: &str, lines: &mut Vec<u8>) {
    if !text.contains(['\n', '\r']) {
        return lines.extend_from_slice(text.as_bytes());
    }
    lines.extend_from_slice(text.replace('\r', "\\r").replace('\n', "\\n").as_bytes());
}
