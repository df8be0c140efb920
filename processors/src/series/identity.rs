//! Which series a record belongs to: a hash to find it by, without allocation, and labels to show it.

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::{
    collections::BTreeMap,
    fmt::Write,
    hash::{BuildHasher, Hasher, RandomState},
};
use tidewatch_expr::{Item, Record};
use tidewatch_otlp::views::{ResourceView, ValueView};

/// What makes a series.
#[derive(Debug, Clone)]
pub(crate) enum By {
    /// These attributes, each looked up in the record, then its scope, then its resource.
    Named(Vec<String>),
    /// Every attribute of record and resource.
    All,
}

/// The hash function; its keys are random, so that nobody outside can make series collide. Whoever remembers hashes
/// remembers the keys with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashes {
    keys: (u64, u64),
}

impl Default for Hashes {
    fn default() -> Self {
        let random = RandomState::new();
        Self { keys: (random.hash_one(0), random.hash_one(1)) }
    }
}

/// The attributes of one resource, hashed once for all its records.
pub(crate) struct ResourceHash<'a> {
    attributes: Vec<(&'a str, u64)>,
    sum: u64,
}

impl Hashes {
    /// For [`By::All`].
    pub(crate) fn of_resource<'a>(&self, resource: &ResourceView<'a>) -> ResourceHash<'a> {
        let attributes: Vec<_> =
            resource.attributes().iter().map(|(key, value)| (key, self.pair(key, value))).collect();
        let sum = attributes.iter().fold(0, |sum: u64, (_, hash)| sum.wrapping_add(*hash));
        ResourceHash { attributes, sum }
    }

    /// The series of `record` under `rule`.
    pub(crate) fn of_series<'a>(
        &self,
        rule: u64,
        by: &By,
        record: &Record<'_, '_>,
        resource: impl FnOnce() -> &'a ResourceHash<'a>,
    ) -> u64 {
        let mut hasher = self.hasher();
        hasher.write_u64(rule);
        match by {
            By::Named(keys) => {
                for key in keys {
                    match record.lookup(key) {
                        Some(value) => {
                            hasher.write_u8(1);
                            write_value(&mut hasher, value);
                        }
                        None => hasher.write_u8(0),
                    }
                }
            }
            By::All => {
                let resource = resource();
                // A sum, as the order of attributes does not matter.
                let mut sum = resource.sum;
                for (key, value) in record.attributes().iter() {
                    sum = sum.wrapping_add(self.pair(key, value));
                    // The record's own attribute hides the resource's.
                    if let Some((_, hidden)) = resource.attributes.iter().find(|(known, _)| *known == key) {
                        sum = sum.wrapping_sub(*hidden);
                    }
                }
                hasher.write_u64(sum);
            }
        }
        hasher.finish()
    }

    fn hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.keys.0, self.keys.1)
    }

    fn pair(&self, key: &str, value: ValueView<'_>) -> u64 {
        let mut hasher = self.hasher();
        hasher.write(key.as_bytes());
        hasher.write_u8(0xff);
        write_value(&mut hasher, value);
        hasher.finish()
    }
}

/// Hashes a value by its text, which is what the label shows.
fn write_value(hasher: &mut impl Hasher, value: ValueView<'_>) {
    struct Text<'h, H>(&'h mut H);
    impl<H: Hasher> Write for Text<'_, H> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    match value {
        ValueView::Str(text) => hasher.write(text.as_bytes()),
        other => write!(Text(hasher), "{other}").expect("a hasher takes everything"),
    }
    hasher.write_u8(0xff);
}

impl By {
    /// The series' labels.
    pub(crate) fn labels(&self, record: &Record<'_, '_>) -> BTreeMap<String, String> {
        match self {
            Self::Named(keys) => {
                let label = |key: &String| Some((key.clone(), record.lookup(key)?.to_string()));
                keys.iter().filter_map(label).collect()
            }
            Self::All => all_attributes(record),
        }
    }
}

/// Every attribute of record and resource; the record's own win.
pub(crate) fn all_attributes(record: &Record<'_, '_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (key, value) in record.attributes().iter().chain(record.resource.attributes().iter()) {
        labels.entry(key.to_owned()).or_insert_with(|| value.to_string());
    }
    labels
}

/// The traces that a record belongs to, or that its exemplars show: the first few, hex.
pub(crate) fn trace_ids(record: &Record<'_, '_>) -> Vec<String> {
    const MOST: usize = 5;
    let mut ids = Vec::new();
    let mut add = |id: &[u8]| {
        if !id.is_empty() && ids.len() < MOST {
            let id = hex::encode(id);
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    };
    match record.item {
        Item::Log(log) => add(log.trace_id()),
        Item::Span(span) => add(span.trace_id()),
        Item::None | Item::SpanEvent(..) | Item::Metric(_) => {}
        Item::DataPoint(_, point) => point.for_each_exemplar(|exemplar| add(exemplar.trace_id())),
    }
    ids
}
