//! gRPC's status codes and statuses.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

/// A gRPC status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are gRPC's own")]
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// Codes and their names, in order.
const CODES: [(Code, &str); 17] = [
    (Code::Ok, "OK"),
    (Code::Cancelled, "CANCELLED"),
    (Code::Unknown, "UNKNOWN"),
    (Code::InvalidArgument, "INVALID_ARGUMENT"),
    (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
    (Code::NotFound, "NOT_FOUND"),
    (Code::AlreadyExists, "ALREADY_EXISTS"),
    (Code::PermissionDenied, "PERMISSION_DENIED"),
    (Code::ResourceExhausted, "RESOURCE_EXHAUSTED"),
    (Code::FailedPrecondition, "FAILED_PRECONDITION"),
    (Code::Aborted, "ABORTED"),
    (Code::OutOfRange, "OUT_OF_RANGE"),
    (Code::Unimplemented, "UNIMPLEMENTED"),
    (Code::Internal, "INTERNAL"),
    (Code::Unavailable, "UNAVAILABLE"),
    (Code::DataLoss, "DATA_LOSS"),
    (Code::Unauthenticated, "UNAUTHENTICATED"),
];

impl Code {
    /// The code of a number; numbers without a meaning are [`Code::Unknown`].
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        CODES.get(usize::from(number)).map_or(Self::Unknown, |(code, _)| *code)
    }

    /// The name as in the gRPC specification: `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn name(self) -> &'static str {
        CODES[self as usize].1
    }

    /// What an HTTP response without a gRPC status means.
    #[must_use]
    pub fn from_http(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502 | 503 | 504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a call has no message for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What kind of failure.
    pub code: Code,
    /// For people.
    pub message: String,
    /// An encoded `google.rpc.Status`, which travels as `grpc-status-details-bin`. Empty: none.
    pub details: Bytes,
    /// How long to wait before another attempt (`google.rpc.RetryInfo` among the details).
    pub retry_after: Option<Duration>,
    /// On the client's side: the call certainly never came to the service, for want of a connection or because
    /// the server was closing it.
    pub unsent: bool,
}

impl Status {
    /// A status without details.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Bytes::new(), retry_after: None, unsent: false }
    }

    /// The same with the advice to come back after this time.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl From<&h2::Error> for Status {
    /// A stream or connection that broke is no answer: nobody knows whether the server has acted, and a
    /// caller must be free to try again. So it is never a code that the server would have to say itself, as
    /// the gRPC specification's table of HTTP/2 errors has it (`INTERNAL`, `RESOURCE_EXHAUSTED`).
    fn from(error: &h2::Error) -> Self {
        let code = match error.reason() {
            Some(h2::Reason::CANCEL) => Code::Cancelled,
            _ => Code::Unavailable,
        };
        Self::new(code, crate::tls::with_guess(format!("HTTP/2: {error}")))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_agree() {
        for (number, (code, name)) in CODES.into_iter().enumerate() {
            assert_eq!(code as usize, number);
            assert_eq!(Code::from_number(code as u8), code);
            assert_eq!(code.name(), name);
        }
        assert_eq!(Code::from_number(17), Code::Unknown);
    }
}
