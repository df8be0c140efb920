//! The letters that were not taken, in a file of their own.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};
use tidewatch_otlp::{
    Request, Signal, json,
    proto::{
        collector::logs::v1::ExportLogsServiceRequest,
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    },
};

/// A file as the file exporter writes it, a letter in each line; or none.
pub(super) struct Rest(Option<(String, BufWriter<File>)>);

impl Rest {
    /// # Errors
    /// That the file is there already, or cannot be made.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else { return Ok(Self(None)) };
        let name = path.display().to_string();
        let file = File::create_new(path).map_err(|error| format!("cannot make {name}: {error}"))?;
        Ok(Self(Some((name, BufWriter::new(file)))))
    }

    /// # Errors
    /// That the file cannot be written.
    pub(super) fn keep(&mut self, record: Option<LogRecord>) -> Result<(), String> {
        let (Some((name, file)), Some(record)) = (&mut self.0, record) else { return Ok(()) };
        let scope_logs = vec![ScopeLogs { log_records: vec![record], ..Default::default() }];
        let resource_logs = vec![ResourceLogs { scope_logs, ..Default::default() }];
        let request = Request::encode_logs(&ExportLogsServiceRequest { resource_logs });
        let mut line = json::encode(Signal::Logs, request.bytes()).map_err(|error| error.to_string())?;
        line.push(b'\n');
        file.write_all(&line).map_err(|error| format!("cannot write {name}: {error}"))
    }

    /// # Errors
    /// That the file cannot be written.
    pub(super) fn finish(self) -> Result<(), String> {
        let Some((name, mut file)) = self.0 else { return Ok(()) };
        let written = file.flush().and_then(|()| file.get_ref().sync_all());
        written.map_err(|error| format!("cannot write {name}: {error}"))
    }
}
