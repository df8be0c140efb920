//! Numbers, booleans and enum values between JSON and the wire.
//!
//! On the wire all of them are 64 bits or fewer, so a `u64` of raw bits together with its [`Kind`] stands for each;
//! zero bits are the default of every kind.

use super::schema::Kind;
use super::text;

/// The raw bits of an integer of this kind, if it is in range.
pub(super) fn from_integer(kind: Kind, value: i128) -> Option<u64> {
    match kind {
        Kind::Int32 | Kind::Enum(_) => {
            i32::try_from(value).ok().map(|value| i64::from(value).cast_unsigned())
        }
        Kind::Sint32 => i32::try_from(value).ok().map(|value| u64::from(zigzag(value))),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(value).ok().map(u64::from),
        Kind::Int64 | Kind::Sfixed64 => i64::try_from(value).ok().map(i64::cast_unsigned),
        Kind::Uint64 | Kind::Fixed64 => u64::try_from(value).ok(),
        Kind::Double => Some((value as f64).to_bits()),
        Kind::Bool | Kind::String | Kind::Bytes | Kind::Id | Kind::Message(_) => None,
    }
}

/// The raw bits of a number with a fraction or an exponent; an integer kind takes it if its value is integral.
pub(super) fn from_double(kind: Kind, value: f64) -> Option<u64> {
    match kind {
        Kind::Double => Some(value.to_bits()),
        _ if value.fract() == 0.0 => from_integer(kind, value as i128),
        _ => None,
    }
}

/// The raw bits of a number in a string, or of an enum value by its name.
pub(super) fn from_text(kind: Kind, text: &str) -> Option<u64> {
    match (kind, text) {
        (Kind::Double, "NaN") => return Some(f64::NAN.to_bits()),
        (Kind::Double, "Infinity") => return Some(f64::INFINITY.to_bits()),
        (Kind::Double, "-Infinity") => return Some(f64::NEG_INFINITY.to_bits()),
        (Kind::Enum(names), _) => {
            if let Some(value) = names.iter().position(|name| *name == text) {
                return Some(value as u64);
            }
        }
        _ => {}
    }
    if text != text.trim_ascii() {
        return None;
    }
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    match (number.as_i128(), number.as_f64()) {
        (Some(integer), _) => from_integer(kind, integer),
        (None, Some(double)) => from_double(kind, double),
        (None, None) => None,
    }
}

/// Writes raw bits of this kind as JSON.
pub(super) fn write(out: &mut Vec<u8>, kind: Kind, bits: u64) {
    match kind {
        Kind::Bool => text::write(out, &(bits != 0)),
        Kind::Int32 | Kind::Enum(_) => text::write(out, &(bits as i32)),
        Kind::Sint32 => text::write(out, &unzigzag(bits as u32)),
        Kind::Uint32 | Kind::Fixed32 => text::write(out, &(bits as u32)),
        Kind::Int64 | Kind::Sfixed64 => write_quoted(out, &bits.cast_signed()),
        Kind::Double => write_double(out, f64::from_bits(bits)),
        _ => write_quoted(out, &bits),
    }
}

fn write_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
    } else {
        text::write(out, &value);
    }
}

fn write_quoted(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    out.push(b'"');
    text::write(out, value);
    out.push(b'"');
}

fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)).cast_unsigned()
}

fn unzigzag(bits: u32) -> i32 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}
