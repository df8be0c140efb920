//! The lines of a batch.

use crate::template::Template;
use tidewatch_component::{Alert, ExportError, Payload, Rejection};
use tidewatch_otlp::json;

pub(super) struct Lines {
    /// Makes the lines of alerts, instead of JSON.
    pub(super) body: Option<Template>,
}

impl Lines {
    /// All lines, each with its end, and the alerts that make none.
    pub(super) fn of(&self, payload: &Payload) -> Result<(Vec<u8>, Option<Rejection>), ExportError> {
        let alerts = match payload {
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
