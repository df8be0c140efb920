//! Maps and lists written straight into a buffer, without values in between.

use super::MAX_LEVELS;
use crate::edit::value::put_entry;
use crate::views::{ArrayView, AttributesView, ValueView};
use crate::wire::{self, put_block_header, varint_len};

/// Writes the entries of a map, one after another.
///
/// Keys are not compared: where one may come twice, [`MapWriter::keep_last`] is called at the end.
///
/// ```
/// use tidewatch_otlp::{views::AttributesView, write::MapWriter};
///
/// let mut out = Vec::new();
/// let mut map = MapWriter::new(1, &mut out);
/// map.put("level", "info");
/// map.map("request", |request| request.put("bytes", 1995));
/// map.list("codes", |codes| codes.put(200));
/// let view = AttributesView::of_map(&out);
/// assert_eq!(view.to_json().to_string(), r#"{"level":"info","request":{"bytes":1995},"codes":[200]}"#);
/// ```
#[derive(Debug)]
pub struct MapWriter<'o> {
    out: &'o mut Vec<u8>,
    /// The number of an entry among its owner's fields.
    number: u32,
    /// Where its first entry begins.
    start: usize,
    levels: usize,
}

/// Writes the values of a list, one after another.
#[derive(Debug)]
pub struct ListWriter<'o> {
    out: &'o mut Vec<u8>,
    levels: usize,
}

/// A place for one value: of a key in a map, next in a list, or one that stands alone.
#[derive(Debug)]
pub struct Slot<'o> {
    out: &'o mut Vec<u8>,
    place: Place<'o>,
    levels: usize,
}

#[derive(Debug)]
enum Place<'k> {
    Entry { number: u32, key: &'k str },
    Item,
    Alone,
}

impl<'o> MapWriter<'o> {
    /// A map at the end of `out`. `number` is the one of its entries in their owner: 1 in a `KeyValueList` or a
    /// `Resource`, 6 in a log record, 9 in a span, 7 in a number point; less than 16.
    pub fn new(number: u32, out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, number, start, levels: MAX_LEVELS }
    }

    /// The place of a key's value.
    pub fn at<'s>(&'s mut self, key: &'s str) -> Slot<'s> {
        Slot { out: self.out, place: Place::Entry { number: self.number, key }, levels: self.levels }
    }

    /// Writes an entry. Of a value from elsewhere, the bytes are copied.
    pub fn put<'v>(&mut self, key: &str, value: impl Into<ValueView<'v>>) {
        self.at(key).put(value);
    }

    /// Writes an entry whose value stood in a map at the same level, so that it is not nested deeper than it was: this is
    /// not looked at.
    pub fn copy(&mut self, key: &str, value: ValueView<'_>) {
        put_entry(self.number, key, value, self.out);
    }

    /// Writes an entry that is a map.
    pub fn map<R>(&mut self, key: &str, write: impl FnOnce(&mut MapWriter<'_>) -> R) -> R {
        self.at(key).map(write)
    }

    /// Writes an entry that is a list.
    pub fn list<R>(&mut self, key: &str, write: impl FnOnce(&mut ListWriter<'_>) -> R) -> R {
        self.at(key).list(write)
    }

    /// Of entries with the same key, keeps the place of the first and the value of the last.
    pub fn keep_last(&mut self) {
        super::distinct::keep_last(self.number, self.start, self.out);
    }
}

impl<'o> ListWriter<'o> {
    /// A list at the end of `out`: the content of an `ArrayValue`.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, levels: MAX_LEVELS }
    }

    /// The place of the next value.
    pub fn item(&mut self) -> Slot<'_> {
        Slot { out: self.out, place: Place::Item, levels: self.levels }
    }

    /// Writes a value. Of one from elsewhere, the bytes are copied.
    pub fn put<'v>(&mut self, value: impl Into<ValueView<'v>>) {
        self.item().put(value);
    }

    /// Writes a map.
    pub fn map<R>(&mut self, write: impl FnOnce(&mut MapWriter<'_>) -> R) -> R {
        self.item().map(write)
    }

    /// Writes a list.
    pub fn list<R>(&mut self, write: impl FnOnce(&mut ListWriter<'_>) -> R) -> R {
        self.item().list(write)
    }
}

impl<'o> Slot<'o> {
    /// The fields of an `AnyValue` at the end of `out`, without a header around them.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, place: Place::Alone, levels: MAX_LEVELS }
    }

    /// Writes a JSON value; a number that is no integer of 64 bits becomes a double.
    pub fn json(self, json: &serde_json::Value) {
        use serde_json::Value as Json;
        match json {
            Json::Null => self.put(()),
            Json::Bool(value) => self.put(*value),
            Json::Number(number) => match number.as_i64() {
                Some(number) => self.put(number),
                None => self.put(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => self.put(text.as_str()),
            Json::Array(values) => self.list(|list| values.iter().for_each(|value| list.item().json(value))),
            Json::Object(map) => self.map(|out| map.iter().for_each(|(key, value)| out.at(key).json(value))),
        }
    }

    /// Writes a value. One that is nested deeper than [`MAX_LEVELS`] allow becomes its JSON text.
    pub fn put<'v>(self, value: impl Into<ValueView<'v>>) {
        let value = value.into();
        if value.is_within(self.levels) {
            self.put_within(value);
        } else {
            let text = value.to_json_text();
            self.put_within(ValueView::Str(&text));
        }
    }

    fn put_within(self, value: ValueView<'_>) {
        match self.place {
            Place::Entry { number, key } => put_entry(number, key, value, self.out),
            Place::Item => {
                put_block_header(1, value.len(), self.out);
                value.put(self.out);
            }
            Place::Alone => value.put(self.out),
        }
    }

    /// Writes a map.
    pub fn map<R>(self, write: impl FnOnce(&mut MapWriter<'_>) -> R) -> R {
        self.nested(
            6,
            |out, levels| {
                let start = out.len();
                write(&mut MapWriter { out, number: 1, start, levels })
            },
            |bytes| ValueView::KvList(AttributesView::of_map(bytes)),
        )
    }

    /// Writes a list.
    pub fn list<R>(self, write: impl FnOnce(&mut ListWriter<'_>) -> R) -> R {
        self.nested(
            5,
            |out, levels| write(&mut ListWriter { out, levels }),
            |bytes| ValueView::Array(ArrayView::of_list(bytes)),
        )
    }

    /// `number` is the one of this kind of value in an `AnyValue`.
    fn nested<R>(
        self,
        number: u32,
        write: impl FnOnce(&mut Vec<u8>, usize) -> R,
        view: impl FnOnce(&[u8]) -> ValueView<'_>,
    ) -> R {
        let Self { out, place, levels } = self;
        if levels == 0 {
            // What lies deeper is part of the same text, however deep.
            let start = out.len();
            let result = write(out, usize::MAX);
            let text = view(&out[start..]).to_json_text();
            out.truncate(start);
            Slot { out, place, levels }.put_within(ValueView::Str(&text));
            return result;
        }
        let owner = match place {
            Place::Entry { number, key } => {
                let entry = open(number, out);
                if !key.is_empty() {
                    put_block_header(1, key.len(), out);
                    out.extend_from_slice(key.as_bytes());
                }
                [Some(entry), Some(open(2, out))]
            }
            Place::Item => [None, Some(open(1, out))],
            Place::Alone => [None, None],
        };
        let content = open(number, out);
        let result = write(out, levels - 1);
        close(content, out);
        owner.into_iter().rev().flatten().for_each(|start| close(start, out));
        result
    }
}

/// Begins a block whose length is not known yet, which most often takes one byte; where its content starts.
fn open(number: u32, out: &mut Vec<u8>) -> usize {
    debug_assert!((1..16).contains(&number));
    out.extend([(number << 3 | wire::BLOCK) as u8, 0]);
    out.len()
}

/// Ends a block: writes its length, before which the content moves aside if more bytes are needed.
fn close(start: usize, out: &mut Vec<u8>) {
    let length = out.len() - start;
    if length < 0x80 {
        out[start - 1] = length as u8;
        return;
    }
    let more = varint_len(length) - 1;
    out.resize(out.len() + more, 0);
    out.copy_within(start..start + length, start + more);
    let mut rest = length;
    for byte in &mut out[start - 1..start + more] {
        *byte = (rest & 0x7f) as u8 | 0x80;
        rest >>= 7;
    }
    out[start + more - 1] &= 0x7f;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::common::v1::any_value::Value;
    use crate::proto::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
    use proptest::prelude::*;
    use prost::Message;

    fn any_value() -> impl Strategy<Value = AnyValue> {
        let leaf = prop_oneof![
            Just(None),
            any::<bool>().prop_map(|value| Some(Value::BoolValue(value))),
            any::<i64>().prop_map(|number| Some(Value::IntValue(number))),
            any::<f64>().prop_map(|number| Some(Value::DoubleValue(number))),
            // Lengths of one byte and of two.
            ".{0,80}".prop_map(|text| Some(Value::StringValue(text))),
            any::<Vec<u8>>().prop_map(|bytes| Some(Value::BytesValue(bytes))),
        ];
        let leaf = leaf.prop_map(|value| AnyValue { value });
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8)
                    .prop_map(|values| AnyValue { value: Some(Value::ArrayValue(ArrayValue { values })) }),
                entries(inner)
                    .prop_map(|values| AnyValue { value: Some(Value::KvlistValue(KeyValueList { values })) }),
            ]
        })
    }

    fn entries(value: impl Strategy<Value = AnyValue>) -> impl Strategy<Value = Vec<KeyValue>> {
        let entry = |(key, value)| KeyValue { key, value: Some(value), ..KeyValue::default() };
        prop::collection::vec((".{0,8}", value).prop_map(entry), 0..8)
    }

    fn write(slot: Slot<'_>, value: &AnyValue) {
        match &value.value {
            None => slot.put(()),
            Some(Value::BoolValue(value)) => slot.put(*value),
            Some(Value::IntValue(number)) => slot.put(*number),
            Some(Value::DoubleValue(number)) => slot.put(*number),
            Some(Value::StringValue(text)) => slot.put(text.as_str()),
            Some(Value::BytesValue(bytes)) => slot.put(bytes.as_slice()),
            Some(Value::ArrayValue(list)) => {
                slot.list(|out| list.values.iter().for_each(|value| write(out.item(), value)));
            }
            Some(Value::KvlistValue(map)) => slot.map(|out| write_entries(out, &map.values)),
            Some(Value::StringValueStrindex(_)) => unreachable!("not made here"),
        }
    }

    fn write_entries(out: &mut MapWriter<'_>, entries: &[KeyValue]) {
        for entry in entries {
            write(out.at(&entry.key), entry.value.as_ref().unwrap());
        }
    }

    proptest! {
        #[test]
        fn bytes_are_those_of_other_encoders(value in any_value()) {
            let mut out = Vec::new();
            write(Slot::new(&mut out), &value);
            prop_assert_eq!(&out, &value.encode_to_vec());
            // As are those of a copy.
            let mut copy = Vec::new();
            Slot::new(&mut copy).put(ValueView::new(&out));
            prop_assert_eq!(copy, out);
        }

        #[test]
        fn entries_are_fields_of_their_owner(attributes in entries(any_value())) {
            let record = crate::proto::logs::v1::LogRecord { attributes: attributes.clone(), ..Default::default() };
            let mut out = Vec::new();
            write_entries(&mut MapWriter::new(6, &mut out), &attributes);
            prop_assert_eq!(out, record.encode_to_vec());
        }

        #[test]
        fn the_last_value_of_a_key_counts(keys in prop::collection::vec("[a-e]?", 0..50), others in 0..40i64) {
            let keys: Vec<_> = keys.into_iter().chain((0..others).map(|other| other.to_string())).collect();
            let mut out = b"before".to_vec();
            let mut map = MapWriter::new(1, &mut out);
            let mut expected: Vec<(&str, i64)> = Vec::new();
            for (key, number) in keys.iter().zip(0..) {
                map.put(key, number);
                match expected.iter_mut().find(|(other, _)| other == key) {
                    Some((_, earlier)) => *earlier = number,
                    None => expected.push((key, number)),
                }
            }
            map.keep_last();
            prop_assert!(out.starts_with(b"before"));
            let view = AttributesView::of_map(&out[6..]);
            let found: Vec<_> = view.iter().map(|(key, value)| (key, value.as_f64().unwrap() as i64)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        for length in [0, 1, 100, 118, 119, 120, 127, 128, 129, 16_370, 16_383, 16_384, 3_000_000] {
            let text = "x".repeat(length);
            let value = |value| AnyValue { value: Some(value) };
            let inner = vec![value(Value::StringValue(text.clone()))];
            let list = value(Value::ArrayValue(ArrayValue { values: inner }));
            let entry = KeyValue { key: "k".into(), value: Some(list), ..KeyValue::default() };
            let mut out = Vec::new();
            MapWriter::new(1, &mut out).list("k", |list| list.put(text.as_str()));
            assert_eq!(out, KeyValueList { values: vec![entry] }.encode_to_vec(), "{length}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_becomes_text() {
        fn nest(slot: Slot<'_>, levels: usize) {
            match levels {
                0 => slot.put(1),
                _ if levels.is_multiple_of(2) => slot.map(|map| nest(map.at("k"), levels - 1)),
                _ => slot.list(|list| nest(list.item(), levels - 1)),
            }
        }
        let written = |levels| {
            let mut out = Vec::new();
            nest(Slot::new(&mut out), levels);
            out
        };
        let deepest = |bytes| {
            let mut value = ValueView::new(bytes);
            loop {
                value = match value {
                    ValueView::Array(list) => list.iter().next().unwrap(),
                    ValueView::KvList(map) => map.get("k").unwrap(),
                    other => return other,
                };
            }
        };
        let flat = written(MAX_LEVELS);
        assert!(matches!(deepest(&flat), ValueView::Int(1)));
        let deep = written(MAX_LEVELS + 3);
        assert_eq!(deepest(&deep).as_str(), Some(r#"[{"k":[1]}]"#));
        // A copy into something nested, too.
        let mut out = Vec::new();
        Slot::new(&mut out).list(|list| list.put(ValueView::new(&flat)));
        assert!(ValueView::new(&out).is_within(MAX_LEVELS));
        assert_eq!(
            ValueView::new(&out).to_json().to_string(),
            format!("[{:?}]", ValueView::new(&flat).to_json_text())
        );
    }
}
