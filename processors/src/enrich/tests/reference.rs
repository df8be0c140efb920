//! Enriching as the manual has it, on decoded messages.

use serde_json::{Map, Value as Json};
use tidewatch_otlp::proto::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::metric::Data,
    resource::v1::Resource,
};

pub(super) type Row = Vec<(&'static str, Value)>;

/// What is configured.
pub(super) struct Reference {
    pub(super) constants: Row,
    pub(super) override_constants: bool,
    pub(super) tables: Vec<Table>,
}

pub(super) struct Table {
    pub(super) match_: Vec<&'static str>,
    /// The texts that the attributes must have, and what the row adds.
    pub(super) rows: Vec<(Vec<&'static str>, Row)>,
    pub(super) default: Option<Row>,
    pub(super) override_: bool,
}

type Attributes = Vec<KeyValue>;

/// Attributes that something belongs to: of its scope, and of its resource.
type Outside<'a> = [&'a [KeyValue]; 2];

fn get<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a KeyValue> {
    attributes.iter().find(|entry| entry.key == key)
}

fn set(own: &mut Attributes, row: &Row, override_: bool, said: Outside<'_>) {
    for (key, value) in row {
        let entry = KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue { value: Some(value.clone()) }),
            ..KeyValue::default()
        };
        let place = own.iter().position(|other| other.key == *key);
        match place {
            Some(place) if override_ => {
                own[place] = entry;
                let mut number = 0;
                own.retain(|other| {
                    number += 1;
                    other.key != *key || number - 1 == place
                });
            }
            None if override_ || said.iter().all(|outside| get(outside, key).is_none()) => own.push(entry),
            _ => {}
        }
    }
}

/// A value as it is looked up; none of lists and the like.
fn text(entry: &KeyValue) -> Option<String> {
    match entry.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(value) => Some(value.to_string()),
        Value::DoubleValue(number) => Some((number + 0.0).to_string()),
        _ => None,
    }
}

impl Reference {
    fn tables(&self, own: &mut Attributes, outside: Outside<'_>, said: Outside<'_>, item: bool) {
        for table in &self.tables {
            let values: Vec<_> = table
                .match_
                .iter()
                .map(|key| [own.as_slice(), outside[0], outside[1]].iter().find_map(|all| get(all, key)))
                .collect();
            let row = if values.iter().any(Option::is_none) {
                table.default.as_ref().filter(|_| item)
            } else if table.match_.iter().all(|key| get(own, key).is_none()) {
                None
            } else {
                let texts: Option<Vec<String>> = values.into_iter().flatten().map(text).collect();
                let row = texts.and_then(|texts| table.rows.iter().find(|(key, _)| *key == texts));
                row.map(|(_, row)| row).or(table.default.as_ref())
            };
            if let Some(row) = row {
                set(own, row, table.override_, said);
            }
        }
    }

    fn resource(&self, resource: &mut Option<Resource>) -> Attributes {
        let mut own = resource.clone().unwrap_or_default().attributes;
        let arrived = own.clone();
        set(&mut own, &self.constants, self.override_constants, [&[], &[]]);
        self.tables(&mut own, [&[], &[]], [&[], &[]], false);
        if own != arrived {
            resource.get_or_insert_default().attributes = own;
        }
        arrived
    }

    fn scope(
        &self,
        scope: &mut Option<InstrumentationScope>,
        resource: &[KeyValue],
        said: &[KeyValue],
    ) -> Attributes {
        let mut own = scope.clone().unwrap_or_default().attributes;
        let arrived = own.clone();
        self.tables(&mut own, [&[], resource], [&[], said], false);
        if own != arrived {
            scope.get_or_insert_default().attributes = own;
        }
        arrived
    }

    pub(super) fn logs(&self, request: &mut ExportLogsServiceRequest) {
        for entry in &mut request.resource_logs {
            let said = self.resource(&mut entry.resource);
            let resource = entry.resource.clone().unwrap_or_default().attributes;
            for group in &mut entry.scope_logs {
                let said_by_scope = self.scope(&mut group.scope, &resource, &said);
                let scope = group.scope.clone().unwrap_or_default().attributes;
                for record in &mut group.log_records {
                    self.tables(&mut record.attributes, [&scope, &resource], [&said_by_scope, &said], true);
                }
            }
        }
    }

    pub(super) fn traces(&self, request: &mut ExportTraceServiceRequest) {
        for entry in &mut request.resource_spans {
            let said = self.resource(&mut entry.resource);
            let resource = entry.resource.clone().unwrap_or_default().attributes;
            for group in &mut entry.scope_spans {
                let said_by_scope = self.scope(&mut group.scope, &resource, &said);
                let scope = group.scope.clone().unwrap_or_default().attributes;
                for span in &mut group.spans {
                    self.tables(&mut span.attributes, [&scope, &resource], [&said_by_scope, &said], true);
                }
            }
        }
    }

    pub(super) fn metrics(&self, request: &mut ExportMetricsServiceRequest) {
        for entry in &mut request.resource_metrics {
            let said = self.resource(&mut entry.resource);
            let resource = entry.resource.clone().unwrap_or_default().attributes;
            for group in &mut entry.scope_metrics {
                let said_by_scope = self.scope(&mut group.scope, &resource, &said);
                let scope = group.scope.clone().unwrap_or_default().attributes;
                for own in group.metrics.iter_mut().flat_map(|metric| points(metric.data.as_mut())) {
                    self.tables(own, [&scope, &resource], [&said_by_scope, &said], true);
                }
            }
        }
    }

    /// The keys of the configuration that say the same.
    pub(super) fn config(&self) -> Json {
        let row = |row: &Row| {
            row.iter().map(|(key, value)| ((*key).to_owned(), json(value))).collect::<Map<_, _>>()
        };
        let tables = self.tables.iter().map(|table| {
            let rows: Vec<_> = table
                .rows
                .iter()
                .map(|(key, added)| {
                    let key = table.match_.iter().zip(key);
                    let key = key.map(|(attribute, value)| (format!("of {attribute}"), Json::from(*value)));
                    Json::Object(key.chain(row(added)).collect())
                })
                .collect();
            let mut names: Vec<_> = table.rows.iter().flat_map(|(_, added)| added).map(|(name, _)| *name).collect();
            names.sort_unstable();
            names.dedup();
            let mut config = serde_json::json!({
                "from": {"inline": rows},
                "match": table.match_.iter().map(|name| ((*name).to_owned(), Json::from(format!("of {name}")))).collect::<Map<_, _>>(),
                "add": names.into_iter().map(|name| (name.to_owned(), Json::from(name))).collect::<Map<_, _>>(),
                "override": table.override_,
            });
            if let Some(default) = &table.default {
                config["default"] = row(default).into();
            }
            config
        });
        serde_json::json!({
            "tables": tables.collect::<Vec<_>>(),
            "attributes": row(&self.constants),
            "override": self.override_constants,
        })
    }
}

pub(super) fn points(data: Option<&mut Data>) -> Vec<&mut Attributes> {
    match data {
        Some(Data::Gauge(gauge)) => gauge.data_points.iter_mut().map(|point| &mut point.attributes).collect(),
        Some(Data::Sum(sum)) => sum.data_points.iter_mut().map(|point| &mut point.attributes).collect(),
        Some(Data::Histogram(data)) => {
            data.data_points.iter_mut().map(|point| &mut point.attributes).collect()
        }
        Some(Data::ExponentialHistogram(data)) => {
            data.data_points.iter_mut().map(|point| &mut point.attributes).collect()
        }
        Some(Data::Summary(data)) => data.data_points.iter_mut().map(|point| &mut point.attributes).collect(),
        None => Vec::new(),
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::StringValue(text) => text.as_str().into(),
        Value::IntValue(number) => (*number).into(),
        Value::BoolValue(value) => (*value).into(),
        Value::DoubleValue(number) => (*number).into(),
        other => panic!("not used here: {other:?}"),
    }
}
