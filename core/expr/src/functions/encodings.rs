//! Base64, hexadecimal and character sets.

use super::{Function, plain};
use crate::{Failure, Value, limits::fits, text::text};
use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use encoding_rs::Encoding;
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[
    plain("Base64Decode", &["value"], |values, arena| decode(&[values[0], Value::Text("base64")], arena)),
    plain("Base64Encode", &["value", "variant?"], encode),
    plain("Decode", &["value", "encoding"], decode),
    plain("Hex", &["value"], hexadecimal),
];

fn base64(name: &str) -> Option<&'static GeneralPurpose> {
    Some(match name {
        "base64" => &STANDARD,
        "base64-raw" => &STANDARD_NO_PAD,
        "base64-url" => &URL_SAFE,
        "base64-raw-url" => &URL_SAFE_NO_PAD,
        _ => return None,
    })
}

fn encode<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let variant = if values[1].is_nil() { "base64" } else { text(&values[1])? };
    let engine = base64(variant).ok_or_else(|| {
        Failure::new(format!("`{variant}` is none of base64, base64-raw, base64-url, base64-raw-url"))
    })?;
    let value = text(&values[0])?;
    fits(value.len() / 3 * 4 + 4)?;
    Ok(Value::Text(arena.text(&engine.encode(value))))
}

fn decode<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let encoded = match values[0] {
        Value::Text(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        other => return Err(Failure::expected("text or bytes", &other)),
    };
    let name = text(&values[1])?;
    // A byte becomes a character of three at most.
    fits(encoded.len().saturating_mul(3))?;
    if let Some(engine) = base64(name) {
        let decoded = engine.decode(encoded).map_err(|_| Failure::new(format!("this is not {name}")))?;
        let decoded = String::from_utf8(decoded).map_err(|_| Failure::new("what is decoded is not UTF-8"))?;
        return Ok(Value::Text(arena.text(&decoded)));
    }
    let encoding = Encoding::for_label(name.as_bytes())
        .ok_or_else(|| Failure::new(format!("there is no encoding `{name}`")))?;
    match encoding.decode_without_bom_handling_and_without_replacement(encoded) {
        Some(decoded) => Ok(Value::Text(arena.text(&decoded))),
        None => Err(Failure::new(format!("this is not {name}"))),
    }
}

fn hexadecimal<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let text = match values[0] {
        Value::Nil => return Ok(Value::Nil),
        Value::Text(text) => {
            fits(text.len().saturating_mul(2))?;
            hex::encode(text)
        }
        Value::Bytes(bytes) => {
            fits(bytes.len().saturating_mul(2))?;
            hex::encode(bytes)
        }
        Value::Bool(value) => format!("{:02x}", u8::from(value)),
        Value::Int(number) => format!("{number:x}"),
        Value::Float(number) => format!("{:x}", number.to_bits()),
        other => return Err(Failure::expected("text, bytes, a number or a boolean", &other)),
    };
    Ok(Value::Text(arena.text(&text)))
}
