//! Bytes and strings in JSON.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Serialize;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Reads either alphabet of base64, padded or not.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    engine.decode(text).ok()
}

/// Writes bytes as padded base64.
pub(super) fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    write(out, &STANDARD.encode(bytes));
}

/// Writes bytes as lower case hex.
pub(super) fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    write(out, &hex::encode(bytes));
}

/// Writes a string, number or boolean.
pub(super) fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("a scalar can be written into a vector");
}
