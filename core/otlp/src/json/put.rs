//! Writing protobuf fields.

use prost::encoding::encode_varint;

use super::schema::Kind;
use crate::wire::{BLOCK, FIXED32, FIXED64, VARINT, put_varint, varint_len};

/// The wire type of values of this kind outside of packed lists.
pub(super) fn wire_type(kind: Kind) -> u32 {
    match kind {
        Kind::Bool
        | Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Enum(_) => VARINT,
        Kind::Fixed32 => FIXED32,
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => FIXED64,
        Kind::String | Kind::Bytes | Kind::Id | Kind::Message(_) => BLOCK,
    }
}

/// Writes a field's key.
pub(super) fn key(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    put_varint((number << 3 | wire_type) as usize, out);
}

/// Writes a number without its key.
pub(super) fn number(out: &mut Vec<u8>, kind: Kind, bits: u64) {
    match wire_type(kind) {
        FIXED32 => out.extend_from_slice(&(bits as u32).to_le_bytes()),
        FIXED64 => out.extend_from_slice(&bits.to_le_bytes()),
        _ => encode_varint(bits, out),
    }
}

/// Writes a block that is at hand.
pub(super) fn block(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    key(out, number, BLOCK);
    put_varint(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Starts a block whose length [`close`] fills in; gives the place of that length.
pub(super) fn open(out: &mut Vec<u8>, number: u32) -> usize {
    key(out, number, BLOCK);
    out.push(0);
    out.len() - 1
}

/// Ends what [`open`] started. Most blocks are short, so one byte is kept for their length; longer ones move up.
pub(super) fn close(out: &mut Vec<u8>, opened: usize) {
    let start = opened + 1;
    let length = out.len() - start;
    let more = varint_len(length) - 1;
    if more > 0 {
        out.resize(out.len() + more, 0);
        out.copy_within(start..start + length, start + more);
    }
    let mut rest = length;
    for byte in &mut out[opened..opened + more] {
        *byte = (rest & 0x7f) as u8 | 0x80;
        rest >>= 7;
    }
    out[opened + more] = rest as u8;
}
