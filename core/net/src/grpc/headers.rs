//! How statuses and timeouts travel in headers.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{BufMut, Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Code, Status};

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(crate) const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static("identity,gzip,zstd,snappy,deflate");
pub(crate) const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");

/// Binary headers are written without padding and read with or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Longer messages are cut, so that a status always fits the peer's header limit.
const MAX_MESSAGE: usize = 2048;
const RETRY_INFO: &[u8] = b"type.googleapis.com/google.rpc.RetryInfo";

/// Adds a status to headers or trailers.
pub(crate) fn write_status(status: &Status, headers: &mut HeaderMap) {
    headers.insert(GRPC_STATUS, (status.code as u16).into());
    if !status.message.is_empty() {
        headers.insert(GRPC_MESSAGE, percent_encode(&status.message));
    }
    let details = match status.retry_after {
        Some(after) => with_retry_info(status, after),
        None => status.details.clone(),
    };
    if !details.is_empty()
        && let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(BASE64.encode(&details)))
    {
        headers.insert(GRPC_DETAILS, value);
    }
}

/// The status in headers or trailers: `None` if there is none, `Some(Ok)` for OK.
pub(crate) fn read_status(headers: &HeaderMap) -> Option<Result<(), Status>> {
    let number = headers.get(GRPC_STATUS)?;
    if number == "0" {
        return Some(Ok(()));
    }
    let number = number.to_str().ok().and_then(|number| number.parse().ok());
    let message = headers.get(GRPC_MESSAGE).map(|value| percent_decode(value.as_bytes()));
    let details = headers.get(GRPC_DETAILS).and_then(|value| BASE64.decode(value.as_bytes()).ok());
    let details = Bytes::from(details.unwrap_or_default());
    Some(Err(Status {
        code: number.map_or(Code::Unknown, Code::from_number),
        message: message.unwrap_or_default(),
        retry_after: read_retry_info(&details),
        details,
        unsent: false,
    }))
}

/// Reads `grpc-timeout`: at most eight digits and a unit.
pub(crate) fn read_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get(GRPC_TIMEOUT) else { return Ok(None) };
    let parsed = value.as_bytes().split_last().and_then(|(unit, digits)| {
        if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let count = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        match unit {
            b'H' => Some(Duration::from_secs(count * 3600)),
            b'M' => Some(Duration::from_secs(count * 60)),
            b'S' => Some(Duration::from_secs(count)),
            b'm' => Some(Duration::from_millis(count)),
            b'u' => Some(Duration::from_micros(count)),
            b'n' => Some(Duration::from_nanos(count)),
            _ => None,
        }
    });
    parsed.map(Some).ok_or_else(|| Status::new(Code::Internal, format!("malformed grpc-timeout: {value:?}")))
}

/// Writes `grpc-timeout` in the finest unit that eight digits can hold.
pub(crate) fn timeout_value(timeout: Duration) -> HeaderValue {
    let units = [(1, "n"), (1_000, "u"), (1_000_000, "m"), (1_000_000_000, "S"), (60_000_000_000, "M")];
    let nanos = timeout.as_nanos();
    let fits = units.into_iter().find(|(unit, _)| nanos.div_ceil(*unit) < 100_000_000);
    let text = match fits {
        Some((unit, name)) => format!("{}{name}", nanos.div_ceil(unit)),
        None => "99999999H".to_owned(),
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("99999999H"))
}

fn percent_encode(message: &str) -> HeaderValue {
    let mut text = BytesMut::with_capacity(message.len());
    for byte in &message.as_bytes()[..message.floor_char_boundary(MAX_MESSAGE)] {
        match byte {
            b' '..=b'~' if *byte != b'%' => text.put_u8(*byte),
            _ => text.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    HeaderValue::from_maybe_shared(text.freeze()).unwrap_or(HeaderValue::from_static(""))
}

fn percent_decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digits = (*first == b'%').then(|| tail.first_chunk::<2>()).flatten();
        let decoded = digits
            .and_then(|digits| str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

// google.rpc.Status { int32 code = 1; string message = 2; repeated Any details = 3; }
// Any { string type_url = 1; bytes value = 2; }  RetryInfo { Duration retry_delay = 1; }
// Duration { int64 seconds = 1; int32 nanos = 2; }

/// The status' details with a `RetryInfo` added: an encoded message is extended by appending to it.
fn with_retry_info(status: &Status, after: Duration) -> Bytes {
    let mut out = BytesMut::from(&status.details[..]);
    if out.is_empty() {
        out.put_u8(1 << 3);
        put_varint(&mut out, status.code as u64);
        let message = &status.message[..status.message.floor_char_boundary(MAX_MESSAGE)];
        put_field(&mut out, 2, message.as_bytes());
    }
    let mut delay = BytesMut::new();
    delay.put_u8(1 << 3);
    put_varint(&mut delay, after.as_secs());
    delay.put_u8(2 << 3);
    put_varint(&mut delay, u64::from(after.subsec_nanos()));
    let mut retry_info = BytesMut::new();
    put_field(&mut retry_info, 1, &delay);
    let mut any = BytesMut::new();
    put_field(&mut any, 1, RETRY_INFO);
    put_field(&mut any, 2, &retry_info);
    put_field(&mut out, 3, &any);
    out.freeze()
}

fn read_retry_info(details: &[u8]) -> Option<Duration> {
    let any = fields(details)
        .filter(|field| field.number == 3)
        .find(|any| fields(any.bytes).any(|field| field.number == 1 && field.bytes == RETRY_INFO))?;
    let retry_info = fields(any.bytes).find(|field| field.number == 2)?.bytes;
    let delay = fields(retry_info).find(|field| field.number == 1)?.bytes;
    let number = |wanted| fields(delay).find(|field| field.number == wanted).map_or(0, |field| field.value);
    // Negative numbers are no advice that could be followed.
    let (seconds, nanos) = (i64::try_from(number(1)).ok()?, u32::try_from(number(2)).ok()?);
    Some(Duration::new(seconds.unsigned_abs(), nanos.min(999_999_999)))
}

fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

fn put_field(out: &mut BytesMut, number: u8, bytes: &[u8]) {
    out.put_u8(number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.put_slice(bytes);
}

/// A varint or length-delimited protobuf field.
struct Field<'a> {
    number: u64,
    value: u64,
    bytes: &'a [u8],
}

/// The fields of a protobuf message, up to the first that is malformed or of another wire type.
fn fields(mut message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    std::iter::from_fn(move || {
        let key = take_varint(&mut message)?;
        let value = take_varint(&mut message)?;
        let bytes = match key & 7 {
            0 => &[],
            2 => message.split_off(..usize::try_from(value).ok()?)?,
            _ => return None,
        };
        Some(Field { number: key >> 3, value, bytes })
    })
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(status: &Status) -> Status {
        let mut headers = HeaderMap::new();
        write_status(status, &mut headers);
        read_status(&headers).unwrap().unwrap_err()
    }

    #[test]
    fn a_status_survives_the_headers() {
        let status = Status::new(Code::ResourceExhausted, "100 % full\nZürich");
        assert_eq!(round_trip(&status), status);
        let read = round_trip(&status.clone().retry_after(Duration::from_millis(1500)));
        assert_eq!(read.retry_after, Some(Duration::from_millis(1500)));
        // What was received can be sent on with other advice beside it.
        let again = round_trip(&Status { retry_after: None, ..read.clone() });
        assert_eq!(again, read);
    }

    #[test]
    fn timeouts_are_read_and_written() {
        for (text, nanos) in [("1H", 3_600_000_000_000), ("2M", 120_000_000_000), ("3S", 3_000_000_000)] {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, HeaderValue::from_static(text));
            assert_eq!(read_timeout(&headers).unwrap(), Some(Duration::from_nanos(nanos)));
        }
        for timeout in
            [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(5), Duration::from_secs(90)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, timeout_value(timeout));
            assert_eq!(read_timeout(&headers).unwrap(), Some(timeout));
        }
        for text in ["", "S", "5", "123456789S", "-1S", "1x"] {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, HeaderValue::from_static(text));
            assert_eq!(read_timeout(&headers).unwrap_err().code, Code::Internal, "{text}");
        }
    }

    #[test]
    fn garbage_in_details_is_no_retry_advice() {
        for details in [&b""[..], b"\xff", b"\x1a\xff\xff\xff\xff\x0f", b"\x1a\x02\x0a\x05"] {
            assert_eq!(read_retry_info(details), None);
        }
    }
}
