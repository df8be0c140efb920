//! Digests of text.

use super::{Function, plain};
use crate::{Failure, Value, text::text};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[
    plain("FNV", &["value"], fnv),
    plain("MD5", &["value"], digest::<Md5>),
    plain("SHA1", &["value"], digest::<Sha1>),
    plain("SHA256", &["value"], digest::<Sha256>),
    plain("SHA512", &["value"], digest::<Sha512>),
];

/// In hexadecimal.
fn digest<'a, D: Digest>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    Ok(Value::Text(arena.text(&hex::encode(D::digest(text(&values[0])?)))))
}

/// FNV-1a of 64 bits.
fn fnv<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let hash =
        text(&values[0])?.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    Ok(Value::Int(hash.cast_signed()))
}
