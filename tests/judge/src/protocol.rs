//! OTLP's two transports and what their answers mean for a sender.

use prost::Message;
use std::time::Duration;

/// How OTLP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP with protobuf bodies.
    Http,
}

/// The path of the logs service over gRPC.
pub const GRPC_LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
/// The path of logs over HTTP.
pub const HTTP_LOGS: &str = "/v1/logs";

const RESOURCE_EXHAUSTED: u16 = 8;

impl Protocol {
    /// Whether the standard's table lets a sender try again after this code (gRPC status or HTTP status).
    pub fn is_retryable(self, code: u16, has_retry_after: bool) -> bool {
        match self {
            Self::Grpc if code == RESOURCE_EXHAUSTED => has_retry_after,
            // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS
            Self::Grpc => matches!(code, 1 | 4 | 10 | 11 | 14 | 15),
            Self::Http => matches!(code, 429 | 502 | 503 | 504),
        }
    }
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub struct RpcStatus {
    /// The gRPC code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// For programs.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub struct Detail {
    /// The type of `value`.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The encoded message.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

impl RpcStatus {
    /// A status, with `RetryInfo` where a pause is given.
    pub fn new(code: i32, message: &str, retry_after: Option<Duration>) -> Self {
        let details = retry_after.into_iter().map(|pause| Detail {
            type_url: RETRY_INFO.to_owned(),
            value: RetryInfo {
                retry_delay: Some(Delay {
                    seconds: i64::try_from(pause.as_secs()).unwrap_or(i64::MAX),
                    nanos: pause.subsec_nanos().cast_signed(),
                }),
            }
            .encode_to_vec(),
        });
        Self { code, message: message.to_owned(), details: details.collect() }
    }

    /// The pause that `RetryInfo` asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        let detail = self.details.iter().find(|detail| detail.type_url == RETRY_INFO)?;
        let delay = RetryInfo::decode(detail.value.as_slice()).ok()?.retry_delay.unwrap_or_default();
        Some(Duration::new(u64::try_from(delay.seconds).ok()?, u32::try_from(delay.nanos).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_info_survives_the_wire() {
        let pause = Duration::from_millis(1500);
        let wire = RpcStatus::new(14, "busy", Some(pause)).encode_to_vec();
        assert_eq!(RpcStatus::decode(wire.as_slice()).unwrap().retry_after(), Some(pause));
        assert_eq!(RpcStatus::new(14, "busy", None).retry_after(), None);
    }

    #[test]
    fn resource_exhausted_is_retryable_only_with_retry_info() {
        assert!(Protocol::Grpc.is_retryable(8, true));
        assert!(!Protocol::Grpc.is_retryable(8, false));
        assert!(!Protocol::Http.is_retryable(500, true));
    }
}
