//! What all signals share: resources, scopes, attributes; and the status of a refusal.

use super::Kind::{Bool, Bytes, Double, Int32, Int64, Message, String, Uint32};
use super::{Descriptor, many, one, one_of};

pub(super) static RESOURCE: Descriptor = Descriptor(&[
    many(1, "attributes", Message(&KEY_VALUE)),
    one(2, "droppedAttributesCount", Uint32),
    many(3, "entityRefs", Message(&ENTITY_REF)),
]);

static ENTITY_REF: Descriptor = Descriptor(&[
    one(1, "schemaUrl", String),
    one(2, "type", String),
    many(3, "idKeys", String),
    many(4, "descriptionKeys", String),
]);

pub(super) static SCOPE: Descriptor = Descriptor(&[
    one(1, "name", String),
    one(2, "version", String),
    many(3, "attributes", Message(&KEY_VALUE)),
    one(4, "droppedAttributesCount", Uint32),
]);

pub(super) static KEY_VALUE: Descriptor =
    Descriptor(&[one(1, "key", String), one(2, "value", Message(&ANY_VALUE)), one(3, "keyStrindex", Int32)]);

pub(super) static ANY_VALUE: Descriptor = Descriptor(&[
    one_of(1, "stringValue", String),
    one_of(2, "boolValue", Bool),
    one_of(3, "intValue", Int64),
    one_of(4, "doubleValue", Double),
    one_of(5, "arrayValue", Message(&ARRAY_VALUE)),
    one_of(6, "kvlistValue", Message(&KEY_VALUE_LIST)),
    one_of(7, "bytesValue", Bytes),
    one_of(8, "stringValueStrindex", Int32),
]);

static ARRAY_VALUE: Descriptor = Descriptor(&[many(1, "values", Message(&ANY_VALUE))]);

static KEY_VALUE_LIST: Descriptor = Descriptor(&[many(1, "values", Message(&KEY_VALUE))]);

/// `google.rpc.Status`, the body of an answer that refuses a request; its details are left out.
pub(in crate::json) static RPC_STATUS: Descriptor =
    Descriptor(&[one(1, "code", Int32), one(2, "message", String)]);
