use std::collections::HashMap;

use bytes::Bytes;

use super::value::{attributes_len, put_attributes, put_block};
use super::{Attributes, Map, Value};
use crate::wire::{self, block_len, put_block_header, put_varint, varint_len};
use crate::{Request, Signal};

/// A `LogRecord`, to be written.
#[derive(Debug, Clone, Copy)]
pub struct LogRecord<'a> {
    /// When it happened, in Unix nanoseconds; 0 if that is not known.
    pub time: u64,
    /// When it was read, in Unix nanoseconds.
    pub observed_time: u64,
    /// 1 to 24; 0 if it is not known.
    pub severity_number: u8,
    /// The severity as it was written.
    pub severity_text: &'a str,
    /// What was logged.
    pub body: &'a Value<'a>,
    /// Attributes that other records have, too.
    pub shared: Option<&'a Attributes>,
    /// Its own attributes; none of the keys are among the shared ones.
    pub attributes: &'a Map<'a>,
    /// The lowest eight bits are W3C trace flags.
    pub flags: u32,
    /// The trace it belongs to.
    pub trace_id: Option<[u8; 16]>,
    /// The span it belongs to.
    pub span_id: Option<[u8; 8]>,
}

const NO_BODY: &Value<'static> = &Value::Null;
const NO_ATTRIBUTES: &Map<'static> = &Map::new();

impl Default for LogRecord<'_> {
    fn default() -> Self {
        Self {
            time: 0,
            observed_time: 0,
            severity_number: 0,
            severity_text: "",
            body: NO_BODY,
            shared: None,
            attributes: NO_ATTRIBUTES,
            flags: 0,
            trace_id: None,
            span_id: None,
        }
    }
}

/// Bytes of a field of 64 bits with its key.
const FIXED64: usize = 9;

impl LogRecord<'_> {
    /// `body` is the length of the encoded one.
    fn len(&self, body: usize) -> usize {
        let number = |number: usize| if number == 0 { 0 } else { 1 + varint_len(number) };
        let block = |length: usize| if length == 0 { 0 } else { block_len(length) };
        let fixed64 = |number: u64| if number == 0 { 0 } else { FIXED64 };
        fixed64(self.time)
            + number(self.severity_number.into())
            + block(self.severity_text.len())
            + body
            + self.shared.map_or(0, |shared| shared.of_record.len())
            + attributes_len(self.attributes)
            + if self.flags == 0 { 0 } else { 5 }
            + self.trace_id.map_or(0, |id| block(id.len()))
            + self.span_id.map_or(0, |id| block(id.len()))
            + fixed64(self.observed_time)
    }

    /// Fields in the order of their numbers, as other encoders write them.
    fn put(&self, body: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
        put_fixed64(1, self.time, out);
        if self.severity_number != 0 {
            out.push(2 << 3);
            put_varint(self.severity_number.into(), out);
        }
        if !self.severity_text.is_empty() {
            put_block(3, self.severity_text.as_bytes(), out);
        }
        body(out);
        if let Some(shared) = self.shared {
            out.extend_from_slice(&shared.of_record);
        }
        put_attributes(6, self.attributes, out);
        if self.flags != 0 {
            out.push((8 << 3 | wire::FIXED32) as u8);
            out.extend(self.flags.to_le_bytes());
        }
        if let Some(id) = self.trace_id {
            put_block(9, &id, out);
        }
        if let Some(id) = self.span_id {
            put_block(10, &id, out);
        }
        put_fixed64(11, self.observed_time, out);
    }
}

fn put_fixed64(number: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        out.push((number << 3 | wire::FIXED64) as u8);
        out.extend(value.to_le_bytes());
    }
}

/// Records of one resource and scope, in a [`LogsWriter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group(usize);

/// Writes log records, each to others of its resource and scope.
#[derive(Debug, Default)]
pub struct LogsWriter {
    groups: Vec<Records>,
    known: HashMap<(Attributes, String), Group>,
    items: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Records {
    resource: Vec<u8>,
    scope: String,
    /// As fields of `ScopeLogs`.
    records: Vec<u8>,
}

/// About what the headers of a group take beside resource and scope.
const HEADERS: usize = 24;

impl LogsWriter {
    /// The group of a resource, by its attributes, and of a scope, by its name; valid until [`finish`](Self::finish).
    pub fn group(&mut self, resource: &Attributes, scope: &str) -> Group {
        let key = (resource.clone(), scope.to_owned());
        if let Some(group) = self.known.get(&key) {
            return *group;
        }
        let group = Group(self.groups.len());
        self.groups.push(Records {
            resource: resource.of_resource.clone(),
            scope: scope.to_owned(),
            records: Vec::new(),
        });
        self.bytes += resource.of_resource.len() + scope.len() + HEADERS;
        self.known.insert(key, group);
        group
    }

    /// Writes a record.
    ///
    /// # Panics
    ///
    /// If the group is of an earlier request.
    pub fn push(&mut self, group: Group, record: &LogRecord<'_>) {
        match record.body {
            Value::Null => self.write(group, record, 0, |_| {}),
            body => self.write(group, record, body.field_len(), |out| body.put_field(5, out)),
        }
    }

    /// Writes a record whose body is encoded already: an `AnyValue`, as a [`Slot`](super::Slot) leaves it. It takes
    /// the place of the record's own.
    ///
    /// # Panics
    ///
    /// If the group is of an earlier request.
    pub fn push_encoded(&mut self, group: Group, record: &LogRecord<'_>, body: &[u8]) {
        self.write(group, record, block_len(body.len()), |out| put_block(5, body, out));
    }

    fn write(
        &mut self,
        group: Group,
        record: &LogRecord<'_>,
        body_len: usize,
        body: impl FnOnce(&mut Vec<u8>),
    ) {
        let out = &mut self.groups[group.0].records;
        let (before, length) = (out.len(), record.len(body_len));
        out.reserve(block_len(length));
        put_block_header(2, length, out);
        record.put(body, out);
        debug_assert_eq!(out.len() - before, block_len(length));
        self.bytes += block_len(length);
        self.items += 1;
    }

    /// How many records there are.
    pub fn items(&self) -> usize {
        self.items
    }

    /// About how many bytes the request has.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The request, if there are records. The writer is as new.
    pub fn finish(&mut self) -> Option<Request> {
        let Self { groups, items, bytes, .. } = std::mem::take(self);
        let mut out = Vec::with_capacity(bytes);
        for group in groups.iter().filter(|group| !group.records.is_empty()) {
            group.put(&mut out);
        }
        (items > 0).then(|| Request::trusted(Signal::Logs, Bytes::from(out), items, true))
    }
}

impl Records {
    fn put(&self, out: &mut Vec<u8>) {
        // A scope without a name is left out.
        let scope = if self.scope.is_empty() { 0 } else { block_len(block_len(self.scope.len())) };
        let scope_logs = scope + self.records.len();
        let resource = if self.resource.is_empty() { 0 } else { block_len(self.resource.len()) };
        put_block_header(1, resource + block_len(scope_logs), out);
        if !self.resource.is_empty() {
            put_block(1, &self.resource, out);
        }
        put_block_header(2, scope_logs, out);
        if !self.scope.is_empty() {
            put_block_header(1, block_len(self.scope.len()), out);
            put_block(1, self.scope.as_bytes(), out);
        }
        out.extend_from_slice(&self.records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value<'static>> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("equal to itself", |number| !number.is_nan()).prop_map(Value::from),
            ".*".prop_map(Value::from),
            any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(bytes.into())),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
                any_map(inner).prop_map(Value::Map)
            ]
        })
    }

    fn any_map(value: impl Strategy<Value = Value<'static>>) -> impl Strategy<Value = Map<'static>> {
        prop::collection::vec((".{0,8}", value), 0..8).prop_map(Map::from_iter)
    }

    proptest! {
        #[test]
        fn what_is_written_passes_the_check_as_it_is(
            records in prop::collection::vec(
                (any_value(), any_map(any_value()), 0..3usize, any::<u64>(), 0..25u8, ".{0,5}"), 1..20),
            resources in prop::collection::vec(any_map(any_value()), 3),
            scope in ".{0,5}",
            shared in any_map(any_value()),
            ids: Option<([u8; 16], [u8; 8], u32)>,
        ) {
            let mut logs = LogsWriter::default();
            // Keys of both kinds differ.
            let shared = shared.into_iter().map(|(key, value)| (format!("shared {key}"), value)).collect();
            let shared = Attributes::new(&shared);
            for (body, attributes, resource, time, severity_number, severity_text) in &records {
                let group = logs.group(&Attributes::new(&resources[*resource]), &scope);
                logs.push(group, &LogRecord {
                    time: *time,
                    observed_time: time.wrapping_add(1),
                    severity_number: *severity_number,
                    severity_text,
                    body,
                    shared: Some(&shared),
                    attributes,
                    trace_id: ids.map(|ids| ids.0),
                    span_id: ids.map(|ids| ids.1),
                    flags: ids.map_or(0, |ids| ids.2),
                });
            }
            let about = logs.bytes();
            let request = logs.finish().unwrap();
            prop_assert!(request.bytes().len() <= about);
            let checked = Request::check(Signal::Logs, request.bytes().clone()).unwrap();
            prop_assert!(checked.rejected.is_none());
            prop_assert_eq!(&checked.request, &request);
            prop_assert_eq!(request.items(), records.len());
            // Encoders that write fields in order make the same bytes of it.
            let encoded = Request::encode_logs(&request.decode_logs());
            prop_assert_eq!(encoded.bytes(), request.bytes());
            prop_assert_eq!(logs.finish(), None);
        }
    }

    #[test]
    fn a_body_that_is_encoded_already_is_the_same() {
        let body = Value::Map(Map::from_iter([("a", Value::from("x".repeat(200)))]));
        let mut encoded = Vec::new();
        let text = "x".repeat(200);
        crate::write::Slot::new(&mut encoded).map(|map| map.put("a", text.as_str()));
        let written = |push: &dyn Fn(&mut LogsWriter, Group)| {
            let mut logs = LogsWriter::default();
            let group = logs.group(&Attributes::new(&Map::new()), "");
            push(&mut logs, group);
            logs.finish()
        };
        let record = LogRecord { time: 1, body: &body, observed_time: 2, ..LogRecord::default() };
        let own = written(&|logs, group| logs.push(group, &record));
        assert_eq!(
            written(&|logs, group| logs.push_encoded(
                group,
                &LogRecord { body: NO_BODY, ..record },
                &encoded
            )),
            own
        );
        assert!(own.is_some());
    }

    #[test]
    fn what_is_nested_too_deeply_becomes_text() {
        let mut value = Value::Int(1);
        for level in 0..100 {
            value = match level % 2 {
                0 => Value::List(vec![value]),
                _ => Value::Map(Map::from_iter([("k", value)])),
            };
        }
        let mut logs = LogsWriter::default();
        let group = logs.group(&Attributes::new(&Map::from_iter([("deep", value.clone())])), "");
        let attributes = Map::from_iter([("deep", value.clone())]);
        logs.push(group, &LogRecord { body: &value, attributes: &attributes, ..LogRecord::default() });
        let request = logs.finish().unwrap();
        assert!(Request::check(Signal::Logs, request.bytes().clone()).is_ok());
        let text = String::from_utf8_lossy(request.bytes()).into_owned();
        assert!(text.contains(r#"[{"k":[{"k":[1]}]}]"#), "{text}");
    }
}
