//! The same actions on decoded messages, in the plainest way: what the work on wire bytes is held against.

use super::super::{ActionConfig, ActionKind, ConvertedType};
use prost::Message;
use regex::Regex;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tidewatch_component::Metadata;
use tidewatch_otlp::{
    Request, Signal,
    proto::{
        common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value},
        metrics::v1::metric::Data,
    },
    views::ValueView,
};

type Attributes = Vec<KeyValue>;

/// A request in which `edit` has seen the attributes of every log record, span and data point.
pub(crate) fn of_items(request: &Request, mut edit: impl FnMut(&mut Attributes)) -> Request {
    match request.signal() {
        Signal::Logs => {
            let mut logs = request.decode_logs();
            let scopes = logs.resource_logs.iter_mut().flat_map(|resource| &mut resource.scope_logs);
            scopes.flat_map(|scope| &mut scope.log_records).for_each(|log| edit(&mut log.attributes));
            Request::encode_logs(&logs)
        }
        Signal::Traces => {
            let mut traces = request.decode_traces();
            let scopes = traces.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans);
            scopes.flat_map(|scope| &mut scope.spans).for_each(|span| edit(&mut span.attributes));
            Request::encode_traces(&traces)
        }
        Signal::Metrics => {
            let mut metrics = request.decode_metrics();
            let scopes = metrics.resource_metrics.iter_mut().flat_map(|resource| &mut resource.scope_metrics);
            for data in scopes.flat_map(|scope| &mut scope.metrics).filter_map(|metric| metric.data.as_mut())
            {
                match data {
                    Data::Gauge(data) => {
                        each(&mut data.data_points, |point| &mut point.attributes, &mut edit);
                    }
                    Data::Sum(data) => each(&mut data.data_points, |point| &mut point.attributes, &mut edit),
                    Data::Histogram(data) => {
                        each(&mut data.data_points, |point| &mut point.attributes, &mut edit);
                    }
                    Data::ExponentialHistogram(data) => {
                        each(&mut data.data_points, |point| &mut point.attributes, &mut edit);
                    }
                    Data::Summary(data) => {
                        each(&mut data.data_points, |point| &mut point.attributes, &mut edit);
                    }
                }
            }
            Request::encode_metrics(&metrics)
        }
    }
}

fn each<P>(points: &mut [P], of: fn(&mut P) -> &mut Attributes, edit: &mut impl FnMut(&mut Attributes)) {
    points.iter_mut().for_each(|point| edit(of(point)));
}

/// A request in which `edit` has seen the attributes of every resource.
pub(crate) fn of_resources(request: &Request, mut edit: impl FnMut(&mut Attributes)) -> Request {
    match request.signal() {
        Signal::Logs => {
            let mut logs = request.decode_logs();
            logs.resource_logs
                .iter_mut()
                .for_each(|one| edit(&mut one.resource.get_or_insert_default().attributes));
            Request::encode_logs(&logs)
        }
        Signal::Traces => {
            let mut traces = request.decode_traces();
            traces
                .resource_spans
                .iter_mut()
                .for_each(|one| edit(&mut one.resource.get_or_insert_default().attributes));
            Request::encode_traces(&traces)
        }
        Signal::Metrics => {
            let mut metrics = request.decode_metrics();
            metrics
                .resource_metrics
                .iter_mut()
                .for_each(|one| edit(&mut one.resource.get_or_insert_default().attributes));
            Request::encode_metrics(&metrics)
        }
    }
}

/// Gives entries without a value an empty one, which means the same.
pub(crate) fn fill(attributes: &mut Attributes) {
    for attribute in attributes {
        attribute.value.get_or_insert_default();
    }
}

/// Does what the actions say.
pub(crate) fn act(attributes: &mut Attributes, actions: &[ActionConfig], metadata: &Metadata) {
    fill(attributes);
    for action in actions {
        let key = &action.key;
        let pattern = action.pattern.as_ref().map(|text| Regex::new(text).unwrap());
        let matches = |other: &str| {
            let by_pattern = || pattern.as_ref().is_some_and(|pattern| pattern.is_match(other));
            other == key && !key.is_empty() || by_pattern()
        };
        match action.action {
            ActionKind::Insert | ActionKind::Update | ActionKind::Upsert => {
                let there = get(attributes, key).is_some();
                let wanted = match action.action {
                    ActionKind::Insert => !there,
                    ActionKind::Update => there,
                    _ => true,
                };
                if let Some(value) = source(attributes, action, metadata).filter(|_| wanted) {
                    set(attributes, key, value);
                }
            }
            ActionKind::Delete => attributes.retain(|attribute| !matches(&attribute.key)),
            ActionKind::Hash => {
                for attribute in attributes.iter_mut().filter(|attribute| matches(&attribute.key)) {
                    attribute.value = Some(text(hash(attribute.value.clone().unwrap_or_default())));
                }
            }
            ActionKind::Extract => {
                let pattern = pattern.unwrap();
                let Some(Value::StringValue(from)) = get(attributes, key).and_then(|value| value.value)
                else {
                    continue;
                };
                let Some(found) = pattern.captures(&from) else { continue };
                for name in pattern.capture_names().flatten() {
                    let part = found.name(name).map(|part| part.as_str().to_owned());
                    set(attributes, name, text(part.unwrap_or_default()));
                }
            }
            ActionKind::Convert => {
                let value =
                    get(attributes, key).and_then(|value| convert(value, action.converted_type.unwrap()));
                if let Some(value) = value {
                    set(attributes, key, AnyValue { value: Some(value) });
                }
            }
        }
    }
}

fn get(attributes: &Attributes, key: &str) -> Option<AnyValue> {
    attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .map(|found| found.value.clone().unwrap_or_default())
}

fn set(attributes: &mut Attributes, key: &str, value: AnyValue) {
    let new = KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() };
    let Some(first) = attributes.iter().position(|attribute| attribute.key == key) else {
        return attributes.push(new);
    };
    attributes[first] = new;
    for other in (first + 1..attributes.len()).rev() {
        if attributes[other].key == key {
            attributes.remove(other);
        }
    }
}

fn source(attributes: &Attributes, action: &ActionConfig, metadata: &Metadata) -> Option<AnyValue> {
    let own = match (&action.value, &action.from_attribute, &action.from_context) {
        (Some(value), ..) => Some(any(value)),
        (_, Some(attribute), _) => get(attributes, attribute),
        (.., Some(context)) => {
            metadata.get(context.trim_start_matches("metadata.")).map(|values| text(values.join(";")))
        }
        _ => None,
    };
    own.or_else(|| action.default_value.as_ref().map(any))
}

fn hash(value: AnyValue) -> String {
    let bytes = match value.value {
        Some(Value::StringValue(text)) => text.into_bytes(),
        Some(Value::BoolValue(value)) => vec![u8::from(value)],
        Some(Value::IntValue(number)) => number.to_le_bytes().to_vec(),
        Some(Value::DoubleValue(number)) => number.to_le_bytes().to_vec(),
        _ => Vec::new(),
    };
    if bytes.is_empty() { String::new() } else { hex::encode(Sha256::digest(bytes)) }
}

fn convert(value: AnyValue, to: ConvertedType) -> Option<Value> {
    let encoded = value.encode_to_vec();
    Some(match (to, value.value) {
        (ConvertedType::String, Some(Value::StringValue(_))) => return None,
        (ConvertedType::String, _) => Value::StringValue(ValueView::of_any_value(&encoded).to_string()),
        (ConvertedType::Int, Some(Value::DoubleValue(number))) => Value::IntValue(number as i64),
        (ConvertedType::Int, Some(Value::BoolValue(value))) => Value::IntValue(value.into()),
        (ConvertedType::Int, Some(Value::StringValue(text))) => Value::IntValue(text.parse().ok()?),
        (ConvertedType::Double, Some(Value::IntValue(number))) => Value::DoubleValue(number as f64),
        (ConvertedType::Double, Some(Value::BoolValue(value))) => Value::DoubleValue(value.into()),
        (ConvertedType::Double, Some(Value::StringValue(text))) => Value::DoubleValue(text.parse().ok()?),
        _ => return None,
    })
}

fn text(text: String) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text)) }
}

fn any(json: &Json) -> AnyValue {
    let value = match json {
        Json::Null => None,
        Json::Bool(value) => Some(Value::BoolValue(*value)),
        Json::Number(number) if number.is_i64() => Some(Value::IntValue(number.as_i64().unwrap())),
        Json::Number(number) => Some(Value::DoubleValue(number.as_f64().unwrap())),
        Json::String(text) => Some(Value::StringValue(text.clone())),
        Json::Array(values) => {
            Some(Value::ArrayValue(ArrayValue { values: values.iter().map(any).collect() }))
        }
        Json::Object(map) => {
            let pair = |(key, value): (&String, &Json)| KeyValue {
                key: key.clone(),
                value: Some(any(value)),
                key_strindex: 0,
            };
            Some(Value::KvlistValue(KeyValueList { values: map.iter().map(pair).collect() }))
        }
    };
    AnyValue { value }
}
