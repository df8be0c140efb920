//! What a client is told, as JSON.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use std::time::Duration;
use tidewatch_component::MAX_FAULTS;

/// What is wrong with one record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Fault {
    /// Which record, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u64>,
    /// The line that it begins in, or the one of a mistake in its JSON; from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u64>,
    /// The byte in that line at which its JSON is wrong, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<String>,
    pub(super) reason: String,
}

/// What became of records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) successful: u64,
    pub(super) failed: u64,
    /// The first of them.
    pub(super) faults: Vec<Fault>,
}

impl Tally {
    /// One more record that is refused.
    pub(super) fn refuse(&mut self, fault: Fault) {
        self.failed += 1;
        self.note(fault);
    }

    /// Keeps a fault whose record is counted elsewhere.
    pub(super) fn note(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.successful + self.failed
    }

    /// In the order of the lines.
    pub(super) fn sorted(mut self) -> Self {
        self.faults.sort_by_key(|fault| fault.line);
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
            self.column.map_or(Ok(()), |column| write!(f, ", column {column}"))?;
            f.write_str(": ")?;
        }
        self.field.as_ref().map_or(Ok(()), |field| write!(f, "`{field}`: "))?;
        f.write_str(&self.reason)
    }
}

/// An answer to records.
#[derive(Serialize)]
struct Records {
    status: &'static str,
    message: String,
    accepted: u64,
    #[serde(skip_serializing_if = "is_zero")]
    rejected: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault>,
}

/// An answer to a file.
#[derive(Serialize)]
struct File {
    status: &'static str,
    results: Results,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Results {
    total: u64,
    successful: u64,
    failed: u64,
}

#[derive(Serialize)]
struct Error<'a> {
    status: &'static str,
    message: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// All records that could be taken were: 200, or 422 if some could not.
pub(super) fn records(tally: Tally) -> Response<Bytes> {
    let Tally { successful, failed, faults } = tally.sorted();
    let (status, said, message) = match (successful, failed) {
        (1, 0) => (StatusCode::OK, "success", "1 record accepted".to_owned()),
        (_, 0) => (StatusCode::OK, "success", format!("{successful} records accepted")),
        _ => {
            let first = faults.first().map(|fault| format!("; {fault}")).unwrap_or_default();
            let said = if successful == 0 { "error" } else { "partial" };
            let message = format!("{failed} of {} records refused{first}", successful + failed);
            (StatusCode::UNPROCESSABLE_ENTITY, said, message)
        }
    };
    respond(status, &Records { status: said, message, accepted: successful, rejected: failed, faults })
}

/// A file has been read to its end.
pub(super) fn file(name: &str, tally: Tally) -> Response<Bytes> {
    let message = format!("{name}: {} of {} records accepted", tally.successful, tally.total());
    of_file(StatusCode::OK, "completed", message, tally)
}

/// A file was not read to its end. What was accepted of it until then stays so.
pub(super) fn file_left(status: StatusCode, reason: &str, tally: Tally) -> Response<Bytes> {
    of_file(status, "error", reason.to_owned(), tally)
}

fn of_file(code: StatusCode, status: &'static str, message: String, tally: Tally) -> Response<Bytes> {
    let total = tally.total();
    let Tally { successful, failed, faults } = tally.sorted();
    respond(code, &File { status, results: Results { total, successful, failed }, message, faults })
}

/// Nothing was taken.
pub(super) fn error(status: StatusCode, message: &str) -> Response<Bytes> {
    respond(status, &Error { status: "error", message })
}

/// The same, with a moment to come back.
pub(super) fn later(mut response: Response<Bytes>, after: Option<Duration>) -> Response<Bytes> {
    if let Some(after) = after {
        response.headers_mut().insert(RETRY_AFTER, crate::server::retry_after(after));
    }
    response
}

fn respond(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    // Texts and numbers can always be written.
    let mut response = Response::new(serde_json::to_vec(body).unwrap_or_default().into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
