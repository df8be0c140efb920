//! The lines of a batch.

use super::Format;
use crate::template::Template;
use tidewatch_component::{Alert, ExportError, Payload, Rejection};
use tidewatch_otlp::{Request, json, views::ValueView};

pub(super) struct Lines {
    /// Makes the lines of alerts, instead of JSON.
    pub(super) body: Option<Template>,
    pub(super) format: Format,
}

impl Lines {
    /// All lines, each with its end, and the alerts that make none.
    pub(super) fn of(&self, payload: &Payload) -> Result<(Vec<u8>, Option<Rejection>), ExportError> {
        let alerts = match payload {
            Payload::Telemetry(request) if self.format == Format::Body => return Ok((bodies(request), None)),
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

/// A line for each record that has a body. Breaks of lines within a text are written as `\n`, so that a record stays
/// one line.
fn bodies(request: &Request) -> Vec<u8> {
    let canonical = request.canonical();
    let mut lines = Vec::with_capacity(request.bytes().len());
    for resource in canonical.resources() {
        for record in resource.scopes().flat_map(|scope| scope.records()) {
            match record.body() {
                None | Some(ValueView::Empty) => continue,
                Some(ValueView::Str(text)) => put_text(text, &mut lines),
                Some(value) => value.write_json(&mut lines),
            }
            lines.push(b'\n');
        }
    }
    lines
}

fn put_text(text: &str, lines: &mut Vec<u8>) {
    if !text.contains(['\n', '\r']) {
        return lines.extend_from_slice(text.as_bytes());
    }
    lines.extend_from_slice(text.replace('\r', "\\r").replace('\n', "\\n").as_bytes());
}
