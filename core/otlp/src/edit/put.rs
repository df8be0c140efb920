//! Fields with their keys; those with default values are left out, as encoders do.

use super::value::put_block;
use crate::wire::{self, put_varint};

/// Numbers up to 15 fit a key of one byte.
fn put_key(number: u32, wire_type: u32, out: &mut Vec<u8>) {
    put_varint((number << 3 | wire_type) as usize, out);
}

pub(super) fn fixed64(number: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        some_fixed64(number, value, out);
    }
}

/// Of a field that tells zero from none.
pub(super) fn some_fixed64(number: u32, value: u64, out: &mut Vec<u8>) {
    put_key(number, wire::FIXED64, out);
    out.extend(value.to_le_bytes());
}

pub(super) fn double(number: u32, value: f64, out: &mut Vec<u8>) {
    fixed64(number, value.to_bits(), out);
}

pub(super) fn some_double(number: u32, value: Option<f64>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        some_fixed64(number, value.to_bits(), out);
    }
}

pub(super) fn fixed32(number: u32, value: u32, out: &mut Vec<u8>) {
    if value != 0 {
        put_key(number, wire::FIXED32, out);
        out.extend(value.to_le_bytes());
    }
}

pub(super) fn varint(number: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        put_key(number, wire::VARINT, out);
        put_varint(value as usize, out);
    }
}

/// An `int32` or an enum.
pub(super) fn int32(number: u32, value: i32, out: &mut Vec<u8>) {
    varint(number, i64::from(value) as u64, out);
}

/// A `sint32`.
pub(super) fn sint32(number: u32, value: i32, out: &mut Vec<u8>) {
    varint(number, u64::from(((value << 1) ^ (value >> 31)) as u32), out);
}

/// Text or bytes.
pub(super) fn block(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        put_block(number, bytes, out);
    }
}
