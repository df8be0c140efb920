//! What a destination's answer means for the data: the OTLP specification's tables.

use std::time::Duration;
use tidewatch_component::ExportError;
use tidewatch_net::grpc::{Code, Status};

/// The OTLP specification's table of gRPC codes. `RESOURCE_EXHAUSTED` is worth another try only if
/// the server says when; without that it is most likely a message too large.
pub(super) fn from_grpc(status: &Status) -> ExportError {
    let reason = format!("{}: {}", status.code, status.message);
    let after = status.retry_after;
    match status.code {
        Code::Cancelled | Code::DeadlineExceeded | Code::Aborted | Code::OutOfRange | Code::DataLoss => {
            ExportError::Retryable { reason, after, refused: false }
        }
        // A server that answers so has not taken it; a broken connection leaves that open.
        Code::Unavailable => {
            ExportError::Retryable { reason, after, refused: status.unsent || after.is_some() }
        }
        Code::ResourceExhausted if after.is_some() => ExportError::Retryable { reason, after, refused: true },
        Code::ResourceExhausted | Code::InvalidArgument => ExportError::Permanent { reason, divisible: true },
        _ => ExportError::Permanent { reason, divisible: false },
    }
}

/// The OTLP specification's table of HTTP statuses: 429, 502, 503 and 504 are worth another try.
pub(crate) fn from_http(status: http::StatusCode, after: Option<Duration>, message: &str) -> ExportError {
    let reason =
        if message.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {message}") };
    match status.as_u16() {
        429 | 502 | 503 | 504 => {
            ExportError::Retryable { reason, after, refused: matches!(status.as_u16(), 429 | 503) }
        }
        400 | 413 => ExportError::Permanent { reason, divisible: true },
        _ => ExportError::Permanent { reason, divisible: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_codes_follow_the_specification() {
        let retryable = |code: Code, after: Option<u64>| {
            let mut status = Status::new(code, "x");
            status.retry_after = after.map(Duration::from_secs);
            matches!(from_grpc(&status), ExportError::Retryable { .. })
        };
        for code in [
            Code::Cancelled,
            Code::DeadlineExceeded,
            Code::Aborted,
            Code::OutOfRange,
            Code::Unavailable,
            Code::DataLoss,
        ] {
            assert!(retryable(code, None), "{code}");
        }
        for code in [
            Code::Unknown,
            Code::InvalidArgument,
            Code::NotFound,
            Code::AlreadyExists,
            Code::PermissionDenied,
            Code::FailedPrecondition,
            Code::Unimplemented,
            Code::Internal,
            Code::Unauthenticated,
            Code::ResourceExhausted,
        ] {
            assert!(!retryable(code, None), "{code}");
        }
        assert!(retryable(Code::ResourceExhausted, Some(3)));
    }

    #[test]
    fn http_statuses_follow_the_specification() {
        for status in 400..600 {
            let retryable = matches!(
                from_http(http::StatusCode::from_u16(status).unwrap(), None, ""),
                ExportError::Retryable { .. }
            );
            assert_eq!(retryable, [429, 502, 503, 504].contains(&status), "{status}");
        }
    }
}
