//! OTLP/JSON: requests, responses and refusals as JSON text, to and from protobuf wire bytes.
//!
//! This is the proto3 JSON mapping with the changes OTLP makes to it: ids are hex, enum values are integers. Both
//! directions walk the tables in `schema`, so neither builds a message in memory.
//!
//! Writing is strict: lowerCamelCase keys, 64-bit integers as strings, defaults left out. Reading takes what senders
//! are known to write: `snake_case` keys, enum names, any number as a string or not, any base64, nulls.

mod decode;
mod encode;
mod error;
mod number;
mod put;
mod schema;
mod skip;
mod status;
mod text;
mod value;

pub use error::JsonError;
pub use status::RpcStatus;

use self::schema::{
    Descriptor, LOGS_REQUEST, LOGS_RESPONSE, METRICS_REQUEST, METRICS_RESPONSE, TRACES_REQUEST,
    TRACES_RESPONSE,
};
use crate::Signal;

/// Turns the JSON text of an export request into protobuf wire bytes.
///
/// Fields that the schema does not know are left out. Ids may have any length here: that is for the check of the
/// bytes to judge.
///
/// # Errors
/// If the text is not JSON or not a request of this signal; the error says where.
pub fn decode(signal: Signal, text: &[u8]) -> Result<Vec<u8>, JsonError> {
    decode::decode(request(signal), text)
}

/// Turns the wire bytes of an export request into JSON text.
///
/// # Errors
/// If the bytes are not a request of this signal.
pub fn encode(signal: Signal, wire: &[u8]) -> Result<Vec<u8>, JsonError> {
    encode::encode(request(signal), wire)
}

/// Turns the JSON text of an export response into protobuf wire bytes.
///
/// # Errors
/// If the text is not JSON or not a response of this signal; the error says where.
pub fn decode_response(signal: Signal, text: &[u8]) -> Result<Vec<u8>, JsonError> {
    decode::decode(response(signal), text)
}

/// Turns the wire bytes of an export response into JSON text.
///
/// # Errors
/// If the bytes are not a response of this signal.
pub fn encode_response(signal: Signal, wire: &[u8]) -> Result<Vec<u8>, JsonError> {
    encode::encode(response(signal), wire)
}

fn request(signal: Signal) -> &'static Descriptor {
    match signal {
        Signal::Traces => &TRACES_REQUEST,
        Signal::Metrics => &METRICS_REQUEST,
        Signal::Logs => &LOGS_REQUEST,
    }
}

fn response(signal: Signal) -> &'static Descriptor {
    match signal {
        Signal::Traces => &TRACES_RESPONSE,
        Signal::Metrics => &METRICS_RESPONSE,
        Signal::Logs => &LOGS_RESPONSE,
    }
}
