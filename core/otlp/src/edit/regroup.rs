//! Items that move to another resource or scope, or become items of another kind.

use std::collections::HashMap;

use bytes::Bytes;

use super::nested::Nested;
use super::owners::Owners;
use super::value::put_block;
use super::{LogDraft, Owned, put};
use crate::views::{AttributesView, Number};
use crate::wire::{block_len, put_block_header};
use crate::{Request, Signal};

/// Field numbers: of an item in its scope, of a gauge in its metric, of a point in its gauge.
const ITEM: u32 = 2;
const GAUGE: u32 = 5;
const POINT: u32 = 1;

/// Log records, each put to the others of its resource and scope. Within those, their order stays.
#[derive(Debug, Default)]
pub struct LogGroups {
    owners: Owners,
    records: Vec<Vec<u8>>,
    items: usize,
}

impl LogGroups {
    /// Adds a record.
    pub fn push(&mut self, resource: Owned<'_>, scope: Owned<'_>, log: &LogDraft<'_>) {
        let place = self.owners.place(resource, scope);
        if place == self.records.len() {
            self.records.push(Vec::new());
        }
        let records = &mut self.records[place];
        let nested = Nested::open(ITEM, log.bytes().len(), records);
        log.put(records);
        nested.close(records);
        self.items += 1;
    }

    /// How many records there are.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The request, if there are records.
    pub fn finish(self) -> Option<Request> {
        let length = self.owners.bytes() + self.records.iter().map(Vec::len).sum::<usize>();
        let mut out = Vec::with_capacity(length);
        for (place, records) in self.records.iter().enumerate() {
            self.owners.put(place, records, &mut out);
        }
        (self.items > 0).then(|| Request::trusted(Signal::Logs, Bytes::from(out), self.items, true))
    }
}

/// A point of a gauge, to be written.
#[derive(Debug, Clone, Copy)]
pub struct GaugePoint<'a> {
    /// The metric's name.
    pub name: &'a str,
    /// The metric's unit, in UCUM.
    pub unit: &'a str,
    /// When it was measured, in nanoseconds since the epoch.
    pub time_unix_nano: u64,
    /// What was measured.
    pub value: Number,
    /// The attributes that name the series.
    pub attributes: AttributesView<'a>,
}

/// Points of gauges, each put to the others of its resource, scope, name and unit. Within those, their order stays.
#[derive(Debug, Default)]
pub struct GaugeGroups {
    owners: Owners,
    places: HashMap<Vec<u8>, usize>,
    metrics: Vec<Gauge>,
    /// Which metrics an owner has.
    metrics_of: Vec<Vec<usize>>,
    sought: Vec<u8>,
    items: usize,
}

#[derive(Debug)]
struct Gauge {
    /// As fields of a `Metric`.
    name_and_unit: Vec<u8>,
    /// As fields of a `Gauge`.
    points: Vec<u8>,
}

impl GaugeGroups {
    /// Adds a point.
    pub fn push(&mut self, resource: Owned<'_>, scope: Owned<'_>, point: &GaugePoint<'_>) {
        let owner = self.owners.place(resource, scope);
        let metric = self.metric(owner, point);
        let out = &mut self.metrics[metric].points;
        let nested = Nested::open(POINT, 32 + point.attributes.bytes().len(), out);
        put::fixed64(3, point.time_unix_nano, out);
        match point.value {
            Number::Double(value) => put::some_fixed64(4, value.to_bits(), out),
            Number::Int(value) => put::some_fixed64(6, value as u64, out),
        }
        point.attributes.put_as(7, out);
        nested.close(out);
        self.items += 1;
    }

    fn metric(&mut self, owner: usize, point: &GaugePoint<'_>) -> usize {
        let sought = &mut self.sought;
        sought.clear();
        sought.extend((owner as u64).to_le_bytes());
        put::block(1, point.name.as_bytes(), sought);
        put::block(3, point.unit.as_bytes(), sought);
        if let Some(metric) = self.places.get(sought.as_slice()) {
            return *metric;
        }
        let metric = self.metrics.len();
        let name_and_unit = sought[size_of::<u64>()..].to_vec();
        self.metrics.push(Gauge { name_and_unit, points: Vec::new() });
        self.places.insert(sought.clone(), metric);
        if owner == self.metrics_of.len() {
            self.metrics_of.push(Vec::new());
        }
        self.metrics_of[owner].push(metric);
        metric
    }

    /// How many points there are.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The request, if there are points.
    pub fn finish(self) -> Option<Request> {
        let (mut out, mut metrics) = (Vec::new(), Vec::new());
        for (owner, own) in self.metrics_of.iter().enumerate() {
            metrics.clear();
            own.iter().for_each(|metric| self.metrics[*metric].put(&mut metrics));
            self.owners.put(owner, &metrics, &mut out);
        }
        (self.items > 0).then(|| Request::trusted(Signal::Metrics, Bytes::from(out), self.items, true))
    }
}

impl Gauge {
    fn put(&self, out: &mut Vec<u8>) {
        put_block_header(ITEM, self.name_and_unit.len() + block_len(self.points.len()), out);
        out.extend_from_slice(&self.name_and_unit);
        put_block(GAUGE, &self.points, out);
    }
}
