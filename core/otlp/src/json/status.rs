//! The body of an answer that refuses a request.

use prost::Message;

use super::schema::RPC_STATUS;
use super::{JsonError, decode};

/// `google.rpc.Status` without its details, which OTLP/HTTP does not use.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RpcStatus {
    /// A `google.rpc.Code`, for example 3 for `INVALID_ARGUMENT`.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// What went wrong, for people.
    #[prost(string, tag = "2")]
    pub message: String,
}

impl RpcStatus {
    /// Reads a status from JSON text; its details are skipped.
    ///
    /// # Errors
    /// If the text is not JSON or not a status.
    pub fn from_json(text: &[u8]) -> Result<Self, JsonError> {
        let decode = |wire: Vec<u8>| Self::decode(wire.as_slice()).expect("the codec writes valid messages");
        decode::decode(&RPC_STATUS, text).map(decode)
    }

    /// Writes the status as JSON text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::json!({ "code": self.code, "message": self.message, "details": [] })
            .to_string()
            .into_bytes()
    }
}
